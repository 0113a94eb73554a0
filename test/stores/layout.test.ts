import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hexOf } from '../../src/oci/digest.ts'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { ociLayer } from '../../src/oci/media-types.ts'
import { layoutStore } from '../../src/stores/layout.ts'
import { push } from '../support/images/push.ts'
import { sampleImage, sampleIndex } from '../support/images/sample.ts'
import type { InlineFiles, Tree } from '../support/tree/tree.ts'
import { inlineTree, snapshot } from '../support/tree/tree.ts'

const layer = inlineBlob(ociLayer, Buffer.from('a layer\n'))

async function place(files: InlineFiles = {}): Promise<Tree> {
  const tree = await inlineTree(files)
  onTestFinished(() => tree.remove())
  return tree
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode
}

async function writeLayout(folder: string, graph = sampleIndex(['1.0.0'])): Promise<void> {
  const store = layoutStore(folder)
  try {
    await push(store, graph)
    await store.seal()
  } finally {
    await store.dispose()
  }
}

describe('a sealed layout', () => {
  test('names the index by its tag, so that readers see the digest that was printed', async () => {
    const tree = await place()
    const graph = sampleIndex(['1.0.0'])
    await writeLayout(join(tree.path, 'out.oci'), graph)
    expect(JSON.parse(await readFile(join(tree.path, 'out.oci/index.json'), 'utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...graph.root.descriptor, annotations: { 'org.opencontainers.image.ref.name': '1.0.0' } }],
    })
    expect(await readFile(join(tree.path, 'out.oci/oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}')
  })

  test('has one entry for each tag, in the order they were set', async () => {
    const tree = await place()
    await writeLayout(join(tree.path, 'out.oci'), sampleIndex(['2', '1', 'latest']))
    const { manifests } = JSON.parse(await readFile(join(tree.path, 'out.oci/index.json'), 'utf8'))
    expect(manifests.map((entry: { annotations: object }) => entry.annotations)).toEqual(
      ['2', '1', 'latest'].map((tag) => ({ 'org.opencontainers.image.ref.name': tag })),
    )
  })

  test('without a tag has one bare entry for the index and none for its children', async () => {
    const tree = await place()
    const graph = sampleIndex([])
    await writeLayout(join(tree.path, 'out.oci'), graph)
    const { manifests } = JSON.parse(await readFile(join(tree.path, 'out.oci/index.json'), 'utf8'))
    expect(manifests).toEqual([graph.root.descriptor])
  })

  test('is the same to the byte from run to run', async () => {
    const tree = await place()
    await writeLayout(join(tree.path, 'a.oci'), sampleIndex(['1', '2']))
    await writeLayout(join(tree.path, 'b.oci'), sampleIndex(['1', '2']))
    expect(await snapshot(join(tree.path, 'b.oci'))).toEqual(await snapshot(join(tree.path, 'a.oci')))
  })

  test('is as readable as anything else the author makes', async () => {
    const tree = await place()
    const folder = join(tree.path, 'out.oci')
    await mkdir(join(tree.path, 'usual'))
    await writeFile(join(tree.path, 'usual/file'), '')
    await writeFile(join(tree.path, 'spool'), layer.bytes, { mode: 0o600 })
    const store = layoutStore(folder)
    await store.put({ ...layer, path: join(tree.path, 'spool') })
    await store.seal()
    expect(await modeOf(folder)).toBe(await modeOf(join(tree.path, 'usual')))
    expect(await modeOf(join(folder, 'blobs/sha256', hexOf(layer.descriptor.digest)))).toBe(await modeOf(join(tree.path, 'usual/file')))
  })
})

describe('staging', () => {
  test('shows nothing at the place before it is sealed', async () => {
    const tree = await place()
    const store = layoutStore(join(tree.path, 'out.oci'))
    await store.put(layer)
    expect((await readdir(tree.path)).every((name) => name.startsWith('.out.oci.partial-'))).toBe(true)
    await store.dispose()
  })

  test('leaves nothing behind when it is not sealed, not even the folders above', async () => {
    const tree = await place()
    const store = layoutStore(join(tree.path, 'deep/er/out.oci'))
    await store.put(layer)
    await store.dispose()
    expect(await readdir(tree.path)).toEqual([])
  })

  test('stops a blob that is still on its way when it is given up', async () => {
    const tree = await place()
    const store = layoutStore(join(tree.path, 'out.oci'))
    const endless = new Readable({ read: () => undefined })
    endless.push('a')
    const started = new Promise<void>((resolve) => {
      store.put({ descriptor: layer.descriptor, open: () => endless }, { onBytes: () => resolve() }).catch(() => undefined)
    })
    await started
    await store.dispose()
    expect(endless.destroyed).toBe(true)
    expect(await readdir(tree.path)).toEqual([])
  })

  test('takes a spooled file without copying it', async () => {
    const tree = await place({ spool: 'a layer\n' })
    const store = layoutStore(join(tree.path, 'out.oci'))
    await store.put({ ...layer, path: join(tree.path, 'spool') })
    await store.seal()
    const blob = await stat(join(tree.path, 'out.oci/blobs/sha256', hexOf(layer.descriptor.digest)))
    expect(blob.ino).toBe((await stat(join(tree.path, 'spool'))).ino)
  })

  test('reads the blob instead where its file is gone or has another size', async () => {
    const tree = await place({ short: 'a' })
    for (const path of ['short', 'gone']) {
      const store = layoutStore(join(tree.path, `${path}.oci`))
      await store.put({ ...layer, path: join(tree.path, path) })
      await store.seal()
      expect(await readFile(join(tree.path, `${path}.oci/blobs/sha256`, hexOf(layer.descriptor.digest)), 'utf8')).toBe('a layer\n')
    }
  })
})

describe('a place that is taken', () => {
  test('by a layout is replaced whole', async () => {
    const tree = await place()
    const folder = join(tree.path, 'out.oci')
    await writeLayout(folder, sampleIndex(['1'], 'old'))
    await writeLayout(folder, sampleIndex(['1'], 'new'))
    await writeLayout(join(tree.path, 'fresh.oci'), sampleIndex(['1'], 'new'))
    expect(await snapshot(folder)).toEqual(await snapshot(join(tree.path, 'fresh.oci')))
    expect((await readdir(tree.path)).sort()).toEqual(['fresh.oci', 'out.oci'])
  })

  test('by a layout keeps it when the new one is given up', async () => {
    const tree = await place()
    const folder = join(tree.path, 'out.oci')
    await writeLayout(folder, sampleIndex(['1'], 'old'))
    const before = await snapshot(tree.path)
    const store = layoutStore(folder)
    await store.put(layer)
    await store.dispose()
    expect(await snapshot(tree.path)).toEqual(before)
  })

  test('by an empty folder is filled', async () => {
    const tree = await place({ 'out.oci/': '' })
    await writeLayout(join(tree.path, 'out.oci'))
    expect((await readdir(join(tree.path, 'out.oci'))).sort()).toEqual(['blobs', 'index.json', 'oci-layout'])
  })

  test('by a symlink to a layout replaces what it leads to', async () => {
    const tree = await place({ 'real/': '', out: { link: 'real' } })
    await writeLayout(join(tree.path, 'out'))
    expect((await readdir(join(tree.path, 'real'))).sort()).toEqual(['blobs', 'index.json', 'oci-layout'])
    expect((await readdir(tree.path)).sort()).toEqual(['out', 'real'])
  })

  test.each([
    ['a folder of something else', { 'out/notes.txt': 'mine' }, 'a folder that holds "notes.txt"'],
    ['a layout with something else in it', { 'out/oci-layout': '{"imageLayoutVersion":"1.0.0"}', 'out/notes.txt': 'mine' }, 'a folder that holds "notes.txt"'],
    ['a folder that only looks like a layout', { 'out/blobs/': '' }, 'a folder without an oci-layout file'],
    ['a file', { out: 'mine' }, 'a file'],
  ])('by %s is refused before anything is written', async (_what, files, found) => {
    const tree = await place(files)
    const before = await snapshot(tree.path)
    const store = layoutStore(join(tree.path, 'out'))
    await expect(store.put(layer)).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringContaining(`got ${found}, want nothing`) })
    await store.dispose()
    expect(await snapshot(tree.path)).toEqual(before)
  })

  test('by something that came while the layout was written is refused and kept', async () => {
    const tree = await place()
    const store = layoutStore(join(tree.path, 'out'))
    await store.put(layer)
    await mkdir(join(tree.path, 'out'))
    await writeFile(join(tree.path, 'out/notes.txt'), 'mine')
    await expect(store.seal()).rejects.toMatchObject({ code: 'OUTPUT' })
    await store.dispose()
    expect(Object.keys(await snapshot(tree.path))).toEqual(['out', 'out/notes.txt'])
  })
})

describe('a layout that cannot be written', () => {
  test('says where', async () => {
    const tree = await place({ file: '' })
    const store = layoutStore(join(tree.path, 'file/out.oci'))
    await expect(store.put(layer)).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringContaining('file/out.oci') })
    await store.dispose()
  })

  test('passes on the failure of a blob that cannot be read', async () => {
    const tree = await place()
    const store = layoutStore(join(tree.path, 'out.oci'))
    const broken = { descriptor: layer.descriptor, open: () => Readable.from((async function* () {
      yield Buffer.from('a')
      throw new Error('the disk is gone')
    })()) }
    await expect(store.put(broken)).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringContaining('the disk is gone') })
    await store.dispose()
    expect(await readdir(tree.path)).toEqual([])
  })

  test('does not take a manifest that is no index for one', async () => {
    const tree = await place()
    const { manifest } = sampleImage('amd64', 'x')
    const store = layoutStore(join(tree.path, 'out.oci'))
    await expect(store.put(inlineBlob('application/vnd.oci.image.index.v1+json', manifest.bytes))).rejects.toMatchObject({ code: 'UNREADABLE' })
    await store.dispose()
  })
})
