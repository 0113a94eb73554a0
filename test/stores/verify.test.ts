import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Descriptor } from '../../src/oci/descriptor.ts'
import { verifying } from '../../src/stores/verify.ts'

function descriptorOf(bytes: Uint8Array, size = bytes.byteLength): Descriptor {
  return { mediaType: 'application/octet-stream', size, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` }
}

/** What a reader gets, and how it ends. */
async function read(chunks: readonly Uint8Array[], descriptor: Descriptor): Promise<{ bytes: number; error?: unknown }> {
  const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk))).pipe(verifying(descriptor, 'read blob'))
  let bytes = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.byteLength
    return { bytes }
  } catch (error) {
    return { bytes, error }
  }
}

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(1000)
}

const chunksOf = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 6 })

describe('a verified stream', () => {
  it('passes the bytes that were promised, however they come in pieces', async () => {
    await fc.assert(
      fc.asyncProperty(chunksOf, async (chunks) => {
        const all = Buffer.concat(chunks)
        const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk))).pipe(verifying(descriptorOf(all), 'read blob'))
        expect((await buffer(stream)).equals(all)).toBe(true)
      }),
    )
  })

  it('never gives a reader all of a wrong content', async () => {
    await fc.assert(
      fc.asyncProperty(chunksOf.filter((chunks) => chunks.length > 0), fc.uint8Array({ maxLength: 100 }), async (chunks, promised) => {
        const all = Buffer.concat(chunks)
        fc.pre(!all.equals(Buffer.from(promised)))
        const { bytes, error } = await read(chunks, descriptorOf(promised))
        expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' })
        expect(bytes).toBeLessThan(all.byteLength)
      }),
    )
  })

  it('ends at the first byte too many', async () => {
    const stream = Readable.from(endless()).pipe(verifying(descriptorOf(Buffer.alloc(2500)), 'read blob', 'registry.example/a@sha256:0'))
    await expect(buffer(stream)).rejects.toThrow('read blob "registry.example/a@sha256:0": got more than 2500 bytes, want 2500 bytes')
  })

  it('says how many bytes are missing, and which digest came instead', async () => {
    const wanted = descriptorOf(Buffer.from('abc'))
    expect((await read([Buffer.from('ab')], wanted)).error).toMatchObject({ message: `read blob "${wanted.digest}": got 2 bytes, want 3 bytes` })
    expect((await read([Buffer.from('abd')], wanted)).error).toMatchObject({ message: `read blob "${wanted.digest}": got ${descriptorOf(Buffer.from('abd')).digest}, want ${wanted.digest}` })
  })

  it('of nothing is verified as well', async () => {
    expect(await read([], descriptorOf(Buffer.alloc(0)))).toEqual({ bytes: 0 })
    expect((await read([], descriptorOf(Buffer.from('a'), 0))).error).toMatchObject({ code: 'DIGEST_MISMATCH' })
  })
})
