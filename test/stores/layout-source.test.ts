import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { hexOf } from '../../src/oci/digest.ts'
import { encodeIndex } from '../../src/oci/manifest.ts'
import { layoutSource, layoutStore } from '../../src/stores/layout.ts'
import { push } from '../support/images/push.ts'
import { sampleIndex } from '../support/images/sample.ts'
import { emptyTree } from '../support/tree/tree.ts'

interface Written {
  readonly folder: string
  readonly graph: ReturnType<typeof sampleIndex>
  blobFile(index: number): string
}

async function written(tags: readonly string[] = ['1.0.0']): Promise<Written> {
  const tree = await emptyTree()
  onTestFinished(() => tree.remove())
  const folder = join(tree.path, 'in.oci')
  const graph = sampleIndex(tags)
  const store = layoutStore(folder)
  await push(store, graph)
  await store.seal()
  return { folder, graph, blobFile: (index) => join(folder, 'blobs/sha256', hexOf(graph.blobs[index]?.descriptor.digest ?? 'sha256:')) }
}

const layerOf = ({ graph }: Written) => graph.blobs[0]?.descriptor ?? graph.root.descriptor

test('an empty name is the one entry of a layout, tagged or not', async () => {
  for (const tags of [['1.0.0'], []]) {
    const { folder, graph } = await written(tags)
    expect(await layoutSource(folder).resolve('')).toMatchObject(graph.root.descriptor)
  }
})

test('an empty name is nothing where there are several entries', async () => {
  const { folder } = await written(['1', '2'])
  await expect(layoutSource(folder).resolve('')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'the layout has 1, 2' })
})

test('a child of the index resolves with its platform', async () => {
  const { folder, graph } = await written()
  const digest = graph.manifests[1]?.descriptor.digest ?? ''
  expect(await layoutSource(folder).resolve(digest)).toMatchObject({ digest, platform: { os: 'linux', architecture: 'arm64' } })
})

test('a digest that only a layer has is not an image', async () => {
  const made = await written()
  await expect(layoutSource(made.folder).resolve(layerOf(made).digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('an unknown tag is answered with the tags there are', async () => {
  const { folder } = await written()
  await expect(layoutSource(folder).resolve('2')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'the layout has 1.0.0' })
})

test('indexes that name each other end the search', async () => {
  const { folder } = await written()
  const nested = encodeIndex([])
  const entry = { ...nested.descriptor }
  await writeFile(join(folder, 'blobs/sha256', hexOf(nested.descriptor.digest)), nested.bytes)
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry, entry] }))
  await expect(layoutSource(folder).resolve(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a changed blob fails to be read, and one of another size is not there', async () => {
  const made = await written()
  const source = layoutSource(made.folder)
  const bytes = await readFile(made.blobFile(0))
  bytes[0] = (bytes[0] ?? 0) ^ 1
  await writeFile(made.blobFile(0), bytes)
  await expect(source.open(layerOf(made)).then((stream) => buffer(stream))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  await writeFile(made.blobFile(0), Buffer.concat([bytes, bytes]))
  expect(await source.has(layerOf(made))).toBe(false)
  await expect(source.open(layerOf(made)).then((stream) => buffer(stream))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  await writeFile(made.blobFile(0), bytes.subarray(1))
  await expect(source.open(layerOf(made)).then((stream) => buffer(stream))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
})

test('a blob that is a symlink out of the layout is refused', async () => {
  const made = await written()
  await rename(made.blobFile(0), join(made.folder, '../outside'))
  await symlink('../../../outside', made.blobFile(0))
  await expect(layoutSource(made.folder).open(layerOf(made))).rejects.toMatchObject({ code: 'UNREADABLE' })
  await expect(layoutSource(made.folder).has(layerOf(made))).rejects.toMatchObject({ code: 'UNREADABLE' })
})

test('a blob that is a symlink inside the layout is read', async () => {
  const made = await written()
  await mkdir(join(made.folder, 'shared'))
  await rename(made.blobFile(0), join(made.folder, 'shared/layer'))
  await symlink('../../shared/layer', made.blobFile(0))
  expect(await buffer(await layoutSource(made.folder).open(layerOf(made)))).toHaveLength(layerOf(made).size)
})

test('a digest that would lead out of the blobs folder is refused', async () => {
  const { folder } = await written()
  const digest = 'sha256:../../../../etc/passwd' as const
  await expect(layoutSource(folder).open({ mediaType: 'x', size: 1, digest })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})

test.each([
  ['is missing', undefined, 'NOT_FOUND'],
  ['is not JSON', '{', 'UNREADABLE'],
  ['has no list', '{"schemaVersion":2}', 'UNREADABLE'],
  ['names something without a digest', '{"manifests":[{"mediaType":"x","size":1}]}', 'UNREADABLE'],
  ['names nothing at all', '{"manifests":[null]}', 'UNREADABLE'],
])('an index.json that %s is an error that names the folder', async (_what, text, code) => {
  const tree = await emptyTree()
  onTestFinished(() => tree.remove())
  if (text !== undefined) await writeFile(join(tree.path, 'index.json'), text)
  await expect(layoutSource(tree.path).resolve('1')).rejects.toMatchObject({ code, message: expect.stringContaining(tree.path) })
})

test('an index.json that is a pipe or a device is refused and not waited for', async () => {
  const { folder } = await written()
  const path = join(folder, 'index.json')
  await rm(path)
  execFileSync('mkfifo', [path])
  await expect(layoutSource(folder).resolve('1')).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('no regular file') })
  await rm(path)
  await symlink('/dev/zero', path)
  await expect(layoutSource(folder).resolve('1')).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('no regular file') })
})

test('an index.json without end is refused unread', async () => {
  const { folder } = await written()
  await truncate(join(folder, 'index.json'), 1024 ** 3)
  await expect(layoutSource(folder).resolve('1')).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('got 1073741824 bytes') })
})

test('a blob that is a pipe is not there, and refused to a reader', async () => {
  const made = await written()
  await rm(made.blobFile(0))
  execFileSync('mkfifo', [made.blobFile(0)])
  expect(await layoutSource(made.folder).has(layerOf(made))).toBe(false)
  await expect(layoutSource(made.folder).open(layerOf(made))).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('no regular file') })
})
