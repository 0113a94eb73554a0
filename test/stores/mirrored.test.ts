import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { PackagerError, cancelled } from '../../src/errors.ts'
import type { Event } from '../../src/events.ts'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { ociLayerGzip, ociManifest } from '../../src/oci/media-types.ts'
import type { MirrorPlace } from '../../src/stores/mirrored.ts'
import { mirroredSource } from '../../src/stores/mirrored.ts'
import type { Source } from '../../src/stores/store.ts'
import { verifying } from '../../src/stores/verify.ts'
import { MemoryStore } from '../support/memory-store.ts'

const content = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251))
const layer = inlineBlob(ociLayerGzip, content)
const manifest = inlineBlob(ociManifest, Buffer.from('{"a":"manifest"}'))

let events: Event[]
let unreachable: Set<string>
/** Who was asked, in order. */
let asked: string[]
let whole: MemoryStore

beforeEach(async () => {
  events = []
  unreachable = new Set()
  asked = []
  whole = new MemoryStore()
  await whole.put(layer)
  await whole.tag(manifest, '1')
})

function place(name: string, source: Source, takes: MirrorPlace['takes'] = () => true): MirrorPlace {
  const open = (): Promise<Source> => {
    asked.push(name)
    return Promise.resolve(source)
  }
  return { name, takes, open }
}

function failing(error: Error): Source {
  const fail = async (): Promise<never> => {
    throw error
  }
  return { resolve: fail, has: fail, open: fail }
}

const network = new PackagerError({ code: 'NETWORK', step: 'look for manifest', found: 'nobody there' })

/** Has everything, but what it sends of a blob is these pieces, and then an end or an error; checked as a registry's bytes are. */
function sending(pieces: readonly Buffer[], error?: Error): Source {
  async function* bytes(): AsyncGenerator<Buffer> {
    for (const piece of pieces) {
      yield piece
      // What an error finds unread is dropped: let it be read.
      for (let turn = 0; turn < 5; turn += 1) await setImmediate()
    }
    if (error !== undefined) throw error
  }
  return {
    resolve: (name) => whole.resolve(name),
    has: () => Promise.resolve(true),
    open: (descriptor) => {
      const checked = verifying(descriptor, 'read blob')
      const source = Readable.from(bytes(), { objectMode: false })
      source.on('error', (cause) => checked.destroy(cause))
      return Promise.resolve(source.pipe(checked))
    },
  }
}

function from(...places: readonly MirrorPlace[]): Source {
  return mirroredSource({ places, unreachable, report: (event) => events.push(event) })
}

const read = async (source: Source): Promise<Buffer> => buffer(await source.open(layer.descriptor))

describe('an image', () => {
  test('comes from the first mirror that has it, and its content from the same one', async () => {
    const source = from(place('empty', new MemoryStore()), place('mirror', whole), place('itself', failing(network)))
    expect(await source.resolve('1')).toEqual(manifest.descriptor)
    expect((await read(source)).equals(content)).toBe(true)
    expect(asked).toEqual(['empty', 'mirror', 'mirror'])
    expect(events).toEqual([{ type: 'detail', message: expect.stringMatching(/^the mirror empty is passed over: .*nothing$/) as string }])
  })

  test('comes from the registry itself where no mirror has it', async () => {
    expect(await from(place('empty', new MemoryStore()), place('itself', whole)).resolve('1')).toEqual(manifest.descriptor)
  })

  test('that nobody has is an error that says what the mirrors said', async () => {
    const source = from(place('mirror', failing(network)), place('itself', new MemoryStore()))
    await expect(source.resolve('1')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'pull image: resolve "1": nothing',
      hint: 'asked before it: look for manifest: nobody there',
    })
  })

  test('is looked up at a mirror only by what that mirror is for', async () => {
    const source = from(place('digests', whole, (kind) => kind === 'digest'), place('tags', whole, (kind) => kind === 'tag'), place('itself', whole))
    await source.resolve('1')
    expect(asked).toEqual(['tags'])
    await source.resolve(manifest.descriptor.digest)
    expect(asked).toEqual(['tags', 'digests'])
  })

  test('whose tag a mirror for tags has comes from there with all that it holds, and one by its digest does not', async () => {
    const places = [place('tags', whole, (kind) => kind === 'tag'), place('itself', failing(network))]
    const source = from(...places)
    await source.resolve('1')
    expect((await read(source)).equals(content)).toBe(true)
    expect(await source.has(layer.descriptor)).toBe(true)
    expect(asked).toEqual(['tags', 'tags', 'tags'])
    await expect(from(...places).resolve(manifest.descriptor.digest)).rejects.toThrow('nobody there')
    expect(asked.slice(3)).toEqual(['itself'])
  })

  test('is not looked for at a mirror again that could not be reached', async () => {
    const places = [place('mirror', failing(network)), place('itself', whole)]
    await from(...places).resolve('1')
    await from(...places).resolve('1')
    expect(asked).toEqual(['mirror', 'itself', 'itself'])
  })

  test('is looked for nowhere else when the run is interrupted', async () => {
    const source = from(place('mirror', failing(cancelled('look for manifest'))), place('itself', whole))
    await expect(source.resolve('1')).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(asked).toEqual(['mirror'])
  })

  test('is there where any place has it', async () => {
    expect(await from(place('down', failing(network)), place('itself', whole)).has(layer.descriptor)).toBe(true)
    expect(await from(place('mirror', whole), place('itself', new MemoryStore())).has(layer.descriptor)).toBe(true)
    expect(await from(place('mirror', new MemoryStore()), place('itself', new MemoryStore())).has(layer.descriptor)).toBe(false)
    await expect(from(place('mirror', new MemoryStore()), place('itself', failing(network))).has(layer.descriptor)).rejects.toBe(network)
  })
})

describe('a blob', () => {
  test('that a mirror lacks comes from the next place', async () => {
    expect((await read(from(place('mirror', new MemoryStore()), place('itself', whole)))).equals(content)).toBe(true)
  })

  test.each([0, 1, 2499, 4999])('that breaks off after %i bytes goes on at the next place', async (bytes) => {
    const source = from(place('mirror', sending([content.subarray(0, bytes)], network)), place('itself', sending([content.subarray(0, 2000), content.subarray(2000)])))
    expect((await read(source)).equals(content)).toBe(true)
    expect(asked).toEqual(['mirror', 'itself'])
  })

  test('of other bytes comes from the next place where none of them was handed out, with a warning', async () => {
    const source = from(place('mirror', sending([Buffer.alloc(content.length)])), place('itself', whole))
    expect((await read(source)).equals(content)).toBe(true)
    expect(events).toEqual([{ type: 'warning', message: expect.stringMatching(/^the mirror mirror is passed over: read blob/) as string }])
  })

  test('of which other bytes were handed out is an error, whatever the next place has', async () => {
    const source = from(place('mirror', sending([Buffer.alloc(100), content.subarray(100)])), place('itself', whole))
    await expect(read(source)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', message: expect.stringContaining('other bytes than a mirror had sent') as string })
  })

  test('that breaks off everywhere is an error', async () => {
    const source = from(place('mirror', sending([content.subarray(0, 10)], network)), place('itself', sending([content.subarray(0, 20)], network)))
    await expect(read(source)).rejects.toBe(network)
  })
})
