import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { encodeIndex } from '../../src/oci/manifest.ts'
import { ociLayer } from '../../src/oci/media-types.ts'
import { archiveSource, archiveStore } from '../../src/stores/archive.ts'
import { layoutStore } from '../../src/stores/layout.ts'
import { tarBytes } from '../support/archives/tar-bytes.ts'
import { push } from '../support/images/push.ts'
import { sampleImage, sampleIndex } from '../support/images/sample.ts'
import { listTar } from '../support/read-back/tar-listing.ts'
import type { InlineFiles, Tree } from '../support/tree/tree.ts'
import { inlineTree, snapshot } from '../support/tree/tree.ts'
import { readPackageCase } from '../support/vectors/case.ts'
import { sampleArchive } from './support/sample-archive.ts'

const layer = inlineBlob(ociLayer, Buffer.from('a layer\n'))

async function place(files: InlineFiles = {}): Promise<Tree> {
  const tree = await inlineTree(files)
  onTestFinished(() => tree.remove())
  return tree
}

async function writeArchive(path: string, graph = sampleIndex(['1.0.0'])): Promise<Buffer> {
  const store = archiveStore(path)
  try {
    await push(store, graph)
    await store.seal()
  } finally {
    await store.dispose()
  }
  return readFile(path)
}

function imageGraph(tags: readonly string[], text = 'x') {
  const { blobs, manifest } = sampleImage('amd64', text)
  return { blobs, manifests: [], root: manifest, tags }
}

async function* breaking(): AsyncGenerator<Buffer> {
  yield Buffer.from('a')
  throw new Error('the disk is gone')
}

/** The bytes of a member by its name. */
function memberOf(tar: Buffer, name: string): Buffer {
  const at = tar.indexOf(`${name}\0`)
  const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8)
  return tar.subarray(at + 512, at + 512 + size)
}

describe('a sealed archive', () => {
  test.each(['cnb-file', 'cnb-file-targets'])('has the members that pack writes in %s, field by field', async (name) => {
    const tree = await place()
    const peer = readPackageCase(name).expected.peer.outputs[0] as unknown as { readonly outer: readonly { readonly name: string }[]; readonly layout: object }
    const tar = await writeArchive(join(tree.path, 'out.cnb'), imageGraph([]))
    const { entries, trailingZeroBlocks } = listTar(tar)
    expect(entries.map(({ name: member }) => member.replace(/[0-9a-f]{64}/, 'DIGEST'))).toEqual(peer.outer.map((entry) => entry.name))
    expect(entries).toMatchObject(peer.outer.map(({ name: _name, ...fields }) => fields))
    expect(trailingZeroBlocks).toBe(2)
    expect(JSON.parse(memberOf(tar, '/oci-layout').toString())).toEqual(peer.layout)
  })

  test('is what pack writes to the byte, as far as the blobs go', async () => {
    const tree = await place()
    const entry = readPackageCase('cnb-dependency').entries.find(({ path }) => path === 'dep.cnb')
    const theirs = Buffer.from(entry?.contentBase64 ?? '', 'base64')
    await writeFile(join(tree.path, 'theirs.cnb'), theirs)
    const source = await archiveSource(join(tree.path, 'theirs.cnb'), tree.path)
    const names = listTar(theirs).entries.flatMap(({ name }) => /[0-9a-f]{64}/.exec(name)?.[0] ?? [])
    const store = archiveStore(join(tree.path, 'ours.cnb'))
    for (const hex of names) {
      const blob = inlineBlob('application/octet-stream', memberOf(theirs, `/blobs/sha256/${hex}`))
      await store.put({ descriptor: blob.descriptor, open: () => source.open(blob.descriptor) })
    }
    await store.seal()
    const ours = await readFile(join(tree.path, 'ours.cnb'))
    const shared = theirs.indexOf('/index.json\0')
    expect(shared).toBeGreaterThan(names.length * 1024)
    expect(ours.subarray(0, shared).equals(theirs.subarray(0, shared))).toBe(true)
  })

  test('names one image without a platform, by its tag where it has one', async () => {
    const tree = await place()
    const graph = imageGraph([])
    const bare = await writeArchive(join(tree.path, 'bare.cnb'), graph)
    expect(JSON.parse(memberOf(bare, '/index.json').toString()).manifests).toEqual([graph.root.descriptor])
    const tagged = await writeArchive(join(tree.path, 'tagged.cnb'), { ...graph, tags: ['1.0.0'] })
    expect(JSON.parse(memberOf(tagged, '/index.json').toString()).manifests).toEqual([
      { ...graph.root.descriptor, annotations: { 'org.opencontainers.image.ref.name': '1.0.0' } },
    ])
  })

  test('names the index of several platforms, and none of its images', async () => {
    const tree = await place()
    const graph = sampleIndex(['1.0.0'])
    await writeArchive(join(tree.path, 'all.cnb'), graph)
    const source = await archiveSource(join(tree.path, 'all.cnb'), tree.path)
    expect(source.roots()).toEqual([{ ...graph.root.descriptor, annotations: { 'org.opencontainers.image.ref.name': '1.0.0' } }])
  })

  test('is the same to the byte from run to run, whatever order the blobs came in', async () => {
    const tree = await place()
    const graph = sampleIndex(['1', '2'])
    const first = await writeArchive(join(tree.path, 'a.cnb'), graph)
    const second = await writeArchive(join(tree.path, 'b.cnb'), { ...graph, blobs: [...graph.blobs].reverse() })
    expect(second.equals(first)).toBe(true)
  })

  test('is as readable as anything else the author makes', async () => {
    const tree = await place()
    await writeFile(join(tree.path, 'usual'), '')
    await writeArchive(join(tree.path, 'out.cnb'))
    expect((await stat(join(tree.path, 'out.cnb'))).mode).toBe((await stat(join(tree.path, 'usual'))).mode)
  })

  test('is all that is left', async () => {
    const tree = await place()
    await writeArchive(join(tree.path, 'deep/er/out.cnb'))
    expect(Object.keys(await snapshot(tree.path))).toEqual(['deep', 'deep/er', 'deep/er/out.cnb'])
  })
})

describe('an archive that is not sealed', () => {
  test('shows nothing at its place, and leaves nothing behind, not even the folders above', async () => {
    const tree = await place()
    const store = archiveStore(join(tree.path, 'deep/er/out.cnb'))
    await push(store, sampleIndex(['1']))
    expect((await readdir(join(tree.path, 'deep/er'))).every((name) => name.startsWith('.out.cnb.partial-'))).toBe(true)
    await store.dispose()
    expect(await readdir(tree.path)).toEqual([])
  })

  test('was never begun, and leaves nothing behind either', async () => {
    const tree = await place()
    await archiveStore(join(tree.path, 'deep/out.cnb')).dispose()
    expect(await readdir(tree.path)).toEqual([])
  })

  test('keeps the former archive', async () => {
    const tree = await place()
    await writeArchive(join(tree.path, 'out.cnb'))
    const before = await snapshot(tree.path)
    const store = archiveStore(join(tree.path, 'out.cnb'))
    await store.put(layer)
    await store.dispose()
    expect(await snapshot(tree.path)).toEqual(before)
  })

  test('because it was interrupted while it was sealed leaves nothing behind', async () => {
    const tree = await place()
    const interrupt = new AbortController()
    const store = archiveStore(join(tree.path, 'out.cnb'), { signal: interrupt.signal })
    await push(store, sampleIndex(['1']))
    const sealing = store.seal()
    interrupt.abort()
    await expect(sealing).rejects.toMatchObject({ code: 'CANCELLED' })
    await store.dispose()
    expect(await readdir(tree.path)).toEqual([])
  })

  test('because it is given up while it is sealed leaves nothing behind', async () => {
    const tree = await place()
    const store = archiveStore(join(tree.path, 'out.cnb'))
    await push(store, sampleIndex(['1']))
    const sealing = expect(store.seal()).rejects.toMatchObject({ code: 'CANCELLED' })
    await store.dispose()
    await sealing
    expect(await readdir(tree.path)).toEqual([])
  })
})

describe('a place that is taken', () => {
  test.each<[string, InlineFiles]>([
    ['an empty file', { 'out.cnb': '' }],
    ['an archive of another tool', { 'out.cnb': tarBytes(sampleArchive().members).toString('latin1') }],
  ])('by %s is replaced', async (_what, files) => {
    const tree = await place(files)
    const tar = await writeArchive(join(tree.path, 'out.cnb'))
    expect(tar.equals(await writeArchive(join(tree.path, 'fresh.cnb')))).toBe(true)
    expect((await readdir(tree.path)).sort()).toEqual(['fresh.cnb', 'out.cnb'])
  })

  test('by an archive of ours is replaced', async () => {
    const tree = await place()
    await writeArchive(join(tree.path, 'out.cnb'), sampleIndex(['1'], 'old'))
    const tar = await writeArchive(join(tree.path, 'out.cnb'), sampleIndex(['1'], 'new'))
    expect(tar.equals(await writeArchive(join(tree.path, 'fresh.cnb'), sampleIndex(['1'], 'new')))).toBe(true)
  })

  test('by a symlink to an archive replaces what it leads to', async () => {
    const tree = await place({ 'real/out.cnb': '' })
    await symlink('real/out.cnb', join(tree.path, 'out.cnb'))
    await writeArchive(join(tree.path, 'out.cnb'))
    expect(Object.keys(await snapshot(tree.path))).toEqual(['out.cnb', 'real', 'real/out.cnb'])
    expect((await snapshot(tree.path))['out.cnb']).toBe('symlink real/out.cnb')
  })

  test.each<[string, InlineFiles, string]>([
    ['a folder', { 'out.cnb/notes.txt': 'mine' }, 'a folder'],
    ['an empty folder', { 'out.cnb/': '' }, 'a folder'],
    ['a text', { 'out.cnb': 'mine' }, 'a file of another kind'],
    ['a tar of something else', { 'out.cnb': tarBytes([{ name: 'notes.txt', content: 'mine' }]).toString('latin1') }, 'a file of another kind'],
  ])('by %s is refused before anything is written', async (_what, files, found) => {
    const tree = await place(files)
    const before = await snapshot(tree.path)
    const store = archiveStore(join(tree.path, 'out.cnb'))
    await expect(store.put(layer)).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringContaining(`got ${found}, want nothing`), hint: expect.stringContaining('--output') })
    await store.dispose()
    expect(await snapshot(tree.path)).toEqual(before)
  })

  test('by something that came while the archive was written is refused and kept', async () => {
    const tree = await place()
    const store = archiveStore(join(tree.path, 'out.cnb'))
    await push(store, sampleIndex(['1']))
    await mkdir(join(tree.path, 'out.cnb'))
    await expect(store.seal()).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringContaining('got a folder') })
    await store.dispose()
    expect(Object.keys(await snapshot(tree.path))).toEqual(['out.cnb'])
  })
})

describe('an archive that cannot be written', () => {
  test('says where the author wanted it', async () => {
    const tree = await place({ file: '' })
    const store = archiveStore(join(tree.path, 'file/out.cnb'))
    await expect(store.put(layer)).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringMatching(/^write archive ".*\/file\/out\.cnb": /) })
    await store.dispose()
  })

  test('passes on the failure of a blob that cannot be read', async () => {
    const tree = await place()
    const store = archiveStore(join(tree.path, 'out.cnb'))
    await expect(store.put({ descriptor: layer.descriptor, open: () => Readable.from(breaking()) })).rejects.toMatchObject({ message: `write archive "${join(tree.path, 'out.cnb')}": the disk is gone` })
    await store.dispose()
    expect(await readdir(tree.path)).toEqual([])
  })

  test('refuses a staged blob that was changed since', async () => {
    const tree = await place({ spool: 'a layer\n' })
    const store = archiveStore(join(tree.path, 'out.cnb'))
    await store.put({ ...layer, path: join(tree.path, 'spool') })
    await writeFile(join(tree.path, 'spool'), 'a LAYER\n')
    await expect(store.seal()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    await store.dispose()
    expect(await readdir(tree.path)).toEqual(['spool'])
  })
})

test('an archive unpacked is the layout of the same content', async () => {
  const tree = await place()
  const graph = { ...sampleIndex(['1']), root: encodeIndex(sampleIndex([]).manifests.map(({ descriptor }) => descriptor)) }
  const tar = await writeArchive(join(tree.path, 'out.cnb'), graph)
  const layout = layoutStore(join(tree.path, 'out.oci'))
  await push(layout, graph)
  await layout.seal()
  for (const { name, type } of listTar(tar).entries) {
    if (type === '0') expect(memberOf(tar, name).equals(await readFile(join(tree.path, 'out.oci', name)))).toBe(true)
  }
})
