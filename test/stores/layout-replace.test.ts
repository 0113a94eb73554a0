import { mkdir, readFile, readdir, rename, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { encodeIndex } from '../../src/oci/manifest.ts'
import { hiddenBeside, sweepHidden } from '../../src/stores/hidden.ts'
import { replaceFolder } from '../../src/stores/layout-replace.ts'
import { layoutSource, layoutStore } from '../../src/stores/layout.ts'
import type { InlineFiles, Tree } from '../support/tree/tree.ts'
import { inlineTree, snapshot } from '../support/tree/tree.ts'

const marker = '{"imageLayoutVersion":"1.0.0"}'
const layout = { 'out/oci-layout': marker, 'out/index.json': 'old' }

async function place(files: InlineFiles): Promise<Tree & { readonly at: (name: string) => string }> {
  const tree = await inlineTree(files)
  onTestFinished(() => tree.remove())
  return { ...tree, at: (name) => join(tree.path, name) }
}

describe('replacing a layout', () => {
  test('puts the former one back where the new one cannot be moved in', async () => {
    const { path, at } = await place(layout)
    const before = await snapshot(path)
    await expect(replaceFolder(at('never-staged'), at('out'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await snapshot(path)).toEqual(before)
  })

  test('leaves nothing of the former one', async () => {
    const { path, at } = await place({ ...layout, 'staged/oci-layout': marker, 'staged/index.json': 'new' })
    await replaceFolder(at('staged'), at('out'))
    expect(await readdir(path)).toEqual(['out'])
    expect(await readFile(at('out/index.json'), 'utf8')).toBe('new')
  })

  test.each([
    ['beside the blobs', 'out/blobs/notes.txt'],
    ['of another name', 'out/notes.txt'],
    ['hidden', 'out/.git/config'],
  ])('is refused where the folder holds a file %s, and that stays', async (_, name) => {
    const { path, at } = await place({ ...layout, 'out/blobs/sha256/00': 'x', [name]: 'theirs', 'staged/oci-layout': marker })
    const before = await snapshot(path)
    await expect(replaceFolder(at('staged'), at('out'))).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringContaining('a folder that holds') as string })
    expect(await snapshot(path)).toEqual(before)
    await expect(layoutStore(at('out')).put(inlineBlob('text/plain', Buffer.from('x')))).rejects.toMatchObject({ code: 'OUTPUT' })
    expect(await snapshot(path)).toEqual(before)
  })

  test('by many runs at once fails for none, and the place has the whole of one', async () => {
    const { path, at } = await place({})
    const [writers, rounds] = [8, 20]
    const write = async (writer: number, round: number): Promise<void> => {
      const store = layoutStore(at('out'))
      const blob = inlineBlob('text/plain', Buffer.from(`${writer} ${round}`))
      await store.put(blob)
      await store.tag(encodeIndex([{ ...blob.descriptor, mediaType: 'application/vnd.oci.image.manifest.v1+json' }]), `${writer}-${round}`)
      await store.seal()
      await store.dispose()
    }
    const work = Array.from({ length: writers }, async (_, writer) => {
      for (let round = 0; round < rounds; round += 1) await write(writer, round)
    })
    await Promise.all(work)
    expect(await readdir(path)).toEqual(['out'])
    const index = JSON.parse(await readFile(at('out/index.json'), 'utf8')) as { manifests: { annotations: Record<string, string> }[] }
    const tag = index.manifests[0]?.annotations['org.opencontainers.image.ref.name'] ?? ''
    const [writer = '', round = ''] = tag.split('-')
    const { descriptor } = inlineBlob('text/plain', Buffer.from(`${writer} ${round}`))
    expect(round).toBe(String(rounds - 1))
    expect(await layoutSource(at('out')).has(descriptor)).toBe(true)
  })
})

/** As a run that is killed leaves it between the two renames of a replacement. */
async function killed(): Promise<Awaited<ReturnType<typeof place>>> {
  const ground = await place(layout)
  await rename(ground.at('out'), hiddenBeside(ground.at('out'), 'old'))
  return ground
}

describe('what a killed run left', () => {
  test('between its two renames goes back when the next one begins, and stays where that fails', async () => {
    const { path, at } = await killed()
    const store = layoutStore(at('out'))
    await store.put(inlineBlob('text/plain', Buffer.from('x')))
    expect(await readFile(at('out/index.json'), 'utf8')).toBe('old')
    await store.dispose()
    expect(await readdir(path)).toEqual(['out'])
  })

  test('is not put in the place of something newer', async () => {
    const { at } = await killed()
    await mkdir(at('out'))
    const store = layoutStore(at('out'))
    await store.put(inlineBlob('text/plain', Buffer.from('x')))
    expect(await readdir(at('out'))).toEqual([])
    await store.dispose()
  })

  test('of a layout with its name cut short, or of another output, is not taken', async () => {
    const { path, at } = await place({ '.out.old-0123456789ab/index.json': 'no marker', '.other.old-0123456789ab/oci-layout': marker, '.out.old-x/oci-layout': marker })
    const before = await snapshot(path)
    const store = layoutStore(at('out'))
    await store.put(inlineBlob('text/plain', Buffer.from('x')))
    await store.dispose()
    expect(await snapshot(path)).toEqual(before)
  })

  test('is removed after a day, and nothing else', async () => {
    const files = ['.out.partial-0123456789ab/blobs/x', '.out.old-0123456789ab/oci-layout', '.out.gone-0123456789ab/x']
    const others = ['.out.partial-0123456789ab.txt', '.out.partial-short/x', '.other.partial-0123456789ab/x', 'out/oci-layout']
    const { path, at } = await place(Object.fromEntries([...files, ...others].map((name) => [name, 'x'])))
    // When they were made is for the file system to say; what it says of the content is not what counts.
    await utimes(at('.out.partial-0123456789ab'), 0, 0)
    const before = (await readdir(path)).sort()
    await sweepHidden(at('out'))
    expect((await readdir(path)).sort()).toEqual(before)
    await sweepHidden(at('out'), Date.now() + 25 * 60 * 60 * 1000)
    expect((await readdir(path)).sort()).toEqual(others.map((name) => name.split('/')[0] ?? '').sort())
  })
})

describe('an output whose name', () => {
  test.each([100, 220, 255])('has %s bytes is written', async (length) => {
    const { path, at } = await place({})
    const name = 'x'.repeat(length)
    const store = layoutStore(at(name))
    await store.put(inlineBlob('text/plain', Buffer.from('x')))
    await store.seal()
    expect(await readdir(path)).toEqual([name])
  })

  test('is longer than the file system takes is an error that says so', async () => {
    const { path, at } = await place({})
    const put = layoutStore(at('x'.repeat(256))).put(inlineBlob('text/plain', Buffer.from('x')))
    await expect(put).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringContaining('ENAMETOOLONG') as string })
    expect(await readdir(path)).toEqual([])
  })
})
