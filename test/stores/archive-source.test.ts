import { execFileSync } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { encodeIndex } from '../../src/oci/manifest.ts'
import { ociIndex, ociLayer, ociManifest } from '../../src/oci/media-types.ts'
import type { ArchiveSource } from '../../src/stores/archive.ts'
import { archiveSource } from '../../src/stores/archive.ts'
import type { TarMember } from '../support/archives/tar-bytes.ts'
import { longMember, paxMember, tarBytes } from '../support/archives/tar-bytes.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { readPackageCase } from '../support/vectors/case.ts'
import { blobMember, indexMember, marker, sampleArchive } from './support/sample-archive.ts'

interface Place {
  readonly tree: Tree
  readonly path: string
}

/** A file of these bytes beside an empty spool folder. */
async function place(bytes: Uint8Array | string): Promise<Place> {
  const tree = await emptyTree()
  onTestFinished(() => tree.remove())
  await mkdir(join(tree.path, 'spool'))
  await writeFile(join(tree.path, 'in.cnb'), bytes)
  return { tree, path: join(tree.path, 'in.cnb') }
}

async function read(bytes: Uint8Array | string, limit?: number): Promise<ArchiveSource> {
  const { tree, path } = await place(bytes)
  return archiveSource(path, join(tree.path, 'spool'), { limit })
}

const sample = sampleArchive()
const [layer, config] = sample.blobs
if (layer === undefined || config === undefined) throw new Error('the sample has a layer and a config')

async function expectWhole(source: ArchiveSource): Promise<void> {
  expect(source.roots()).toMatchObject([sample.manifest.descriptor])
  expect(await source.resolve('')).toMatchObject(sample.manifest.descriptor)
  for (const { descriptor, bytes } of sample.blobs) {
    expect(await source.has(descriptor)).toBe(true)
    expect(await buffer(await source.open(descriptor))).toEqual(Buffer.from(bytes))
  }
}

/** The members with one of them, by its place from the end where negative, made different. */
function altered(at: number, change: Partial<TarMember>): Buffer {
  const members = [...sample.members]
  const index = at < 0 ? members.length + at : at
  members[index] = { name: '', ...members[index], ...change }
  return tarBytes(members)
}

describe('an archive', () => {
  test('of pack is read, with its Docker types', async () => {
    const entry = readPackageCase('cnb-dependency').entries.find(({ path }) => path === 'dep.cnb')
    const source = await read(Buffer.from(entry?.contentBase64 ?? '', 'base64'))
    const [root, ...others] = source.roots()
    if (root === undefined) throw new Error('no image')
    expect(others).toEqual([])
    expect(root.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json')
    const manifest = JSON.parse((await buffer(await source.open(root))).toString())
    for (const descriptor of [manifest.config, ...manifest.layers]) expect((await buffer(await source.open(descriptor))).length).toBe(descriptor.size)
  })

  test.each<[string, Buffer]>([
    ['with relative names', tarBytes(sample.members)],
    ['with names from its root', tarBytes(sample.members.map((member) => ({ ...member, name: `/${String(member.name)}` })))],
    ['with names from the current folder', tarBytes([{ name: './', flag: '5' }, ...sample.members.map((member) => ({ ...member, name: `./${String(member.name)}` }))])],
    ['with folders', tarBytes([{ name: 'blobs/', flag: '5' }, { name: 'blobs/sha256/', flag: '5', size: 512 }, ...sample.members])],
    ['with files that a layout does not have', tarBytes([{ name: 'README', content: 'x' }, { name: 'blobs/sha512/00', content: 'x' }, { name: '._index.json', content: '' }, ...sample.members])],
    ['with records for its entries', tarBytes(sample.members.flatMap((member) => [paxMember({ mtime: '1.5', path: String(member.name) }), { ...member, name: 'cut' }]))],
    ['with a size in a record', tarBytes([...sample.members.slice(0, -1), paxMember({ size: String(sample.manifest.bytes.length) }), { ...blobMember(sample.manifest), size: 0 }])],
    ['with a comment for all entries', tarBytes([paxMember({ comment: 'x' }, 'g'), ...sample.members])],
    ['with GNU long names', tarBytes(sample.members.flatMap((member) => [longMember('L', String(member.name)), { ...member, name: 'cut' }]))],
    ['with a prefix', altered(-1, { name: String(sample.members.at(-1)?.name).slice('blobs/'.length), prefix: 'blobs' })],
    ['padded to a record', Buffer.concat([tarBytes(sample.members), Buffer.alloc(8192)])],
    ['compressed with gzip', gzipSync(tarBytes(sample.members))],
    ['compressed in two parts', Buffer.concat([gzipSync(tarBytes(sample.members).subarray(0, 700)), gzipSync(tarBytes(sample.members).subarray(700))])],
  ])('%s is read', async (_what, bytes) => {
    await expectWhole(await read(bytes))
  })

  test.each(['gnu', 'pax', 'ustar', 'v7'])('that GNU tar wrote as %s is read', async (format) => {
    const { tree } = await place('')
    const folder = join(tree.path, 'layout')
    await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
    for (const { name, content = '' } of sample.members) await writeFile(join(folder, String(name)), content)
    execFileSync('tar', ['--create', `--format=${format}`, `--file=${join(tree.path, 'out.tar')}`, `--directory=${folder}`, '.'])
    await expectWhole(await archiveSource(join(tree.path, 'out.tar'), join(tree.path, 'spool')))
  })

  test('finds an image by its tag, by its digest, and below an index', async () => {
    const index = encodeIndex([{ ...sample.manifest.descriptor, platform: { os: 'linux', architecture: 'amd64' } }])
    const root = { ...index.descriptor, annotations: { 'org.opencontainers.image.ref.name': '1.0' } }
    const named = { name: 'index.json', content: Buffer.from(encodeIndex([root]).bytes) }
    const source = await read(tarBytes([marker, named, ...[...sample.blobs, index].map(blobMember)]))
    expect(await source.resolve('1.0')).toEqual(root)
    expect(await source.resolve(index.descriptor.digest)).toEqual(root)
    expect(await source.resolve(sample.manifest.descriptor.digest)).toMatchObject({ platform: { os: 'linux', architecture: 'amd64' } })
    await expect(source.resolve('2.0')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'the layout has 1.0' })
  })

  test('leaves nothing in the spool folder where it is plain, and one file where it is compressed', async () => {
    const plain = await place(tarBytes(sample.members))
    await archiveSource(plain.path, join(plain.tree.path, 'spool'))
    expect(await readdir(join(plain.tree.path, 'spool'))).toEqual([])
    const packed = await place(gzipSync(tarBytes(sample.members)))
    await archiveSource(packed.path, join(packed.tree.path, 'spool'))
    expect(await readdir(join(packed.tree.path, 'spool'))).toHaveLength(1)
  })
})

describe('a blob', () => {
  test('with other bytes than its digest is refused when it is read', async () => {
    const wrong = Buffer.from(sample.manifest.bytes).fill('x', 0, 1)
    const source = await read(altered(-1, { content: wrong }))
    await expect(source.open(sample.manifest.descriptor).then((stream) => buffer(stream))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('with another size than its descriptor is not there, and refused when it is read', async () => {
    const source = await read(altered(-1, { content: 'short' }))
    expect(await source.has(sample.manifest.descriptor)).toBe(false)
    await expect(source.open(sample.manifest.descriptor).then((stream) => buffer(stream))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('that is missing is refused by its digest', async () => {
    const source = await read(tarBytes(sample.members.slice(0, -1)))
    const message = expect.stringContaining(sample.manifest.descriptor.digest)
    await expect(source.open(sample.manifest.descriptor)).rejects.toMatchObject({ code: 'NOT_FOUND', message })
  })

  test('that was cut off after the archive was opened is refused when it is read', async () => {
    const bytes = tarBytes(sample.members)
    const { tree, path } = await place(bytes)
    const source = await archiveSource(path, tree.path)
    await writeFile(path, bytes.subarray(0, bytes.length - 1500))
    await expect(source.open(sample.manifest.descriptor).then((stream) => buffer(stream))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('that is a manifest of more than 4 MiB is refused before it is read', async () => {
    const large = inlineBlob(ociManifest, Buffer.alloc(4 * 1024 * 1024 + 1, ' '))
    const source = await read(tarBytes([marker, indexMember([large]), blobMember(large)]))
    await expect(source.open(large.descriptor)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('at most 4194304') })
  })

  test('that is empty is read', async () => {
    const empty = inlineBlob(ociLayer, Buffer.alloc(0))
    const source = await read(tarBytes([...sample.members, blobMember(empty)]))
    expect(await buffer(await source.open(empty.descriptor))).toHaveLength(0)
  })

  test('is not read once it is told to stop', async () => {
    const source = await read(tarBytes(sample.members))
    await expect(source.open(layer.descriptor, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('that calls itself an index and is none is refused when something is looked for in it', async () => {
    const liar = inlineBlob(ociIndex, Buffer.from('{"manifests":"none"}'))
    const source = await read(tarBytes([marker, indexMember([liar]), blobMember(liar)]))
    await expect(source.resolve(sample.manifest.descriptor.digest)).rejects.toMatchObject({ code: 'UNREADABLE' })
  })
})
