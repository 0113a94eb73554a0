import { execFileSync } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { PackagerError } from '../../src/errors.ts'
import type { ArchiveSource } from '../../src/stores/archive.ts'
import { archiveSource } from '../../src/stores/archive.ts'
import type { TarMember } from '../support/archives/tar-bytes.ts'
import { longMember, memberBytes, paxMember, tarBytes } from '../support/archives/tar-bytes.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { indexMember, marker, sampleArchive } from './support/sample-archive.ts'

const { members } = sampleArchive()
const whole = tarBytes(members)

async function folder(): Promise<Tree> {
  const tree = await emptyTree()
  onTestFinished(() => tree.remove())
  return tree
}

async function read(bytes: Uint8Array | string, limit?: number): Promise<ArchiveSource> {
  const tree = await folder()
  await writeFile(join(tree.path, 'in.cnb'), bytes)
  try {
    return await archiveSource(join(tree.path, 'in.cnb'), tree.path, { limit })
  } finally {
    expect((await readdir(tree.path)).filter((name) => !/^(in\.cnb|archive-[0-9a-f]{12}\.tar)$/.test(name))).toEqual([])
  }
}

/** The sample with these members before its own. */
function after(...first: readonly TarMember[]): Buffer {
  return tarBytes([...first, ...members])
}

describe('what is no archive is refused for what it is', () => {
  test.each<[string, Uint8Array | string, RegExp]>([
    ['an empty file', '', /got an empty file/],
    ['a zip', Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(600)]), /got a zip archive/],
    ['an HTML page', '\n<!DOCTYPE html><html><body>Sign in</body></html>', /HTML/],
    ['a long HTML page', `<html>${'<p>Sign in</p>'.repeat(100)}</html>`, /HTML/],
    ['a JSON error', '{"errors":[{"code":"DENIED"}]}', /JSON/],
    ['a zstd stream', Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(600)]), /zstd/],
    ['an xz stream', Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(600)]), /xz/],
    ['a bzip2 stream', Buffer.concat([Buffer.from('BZh9'), Buffer.alloc(600)]), /bzip2/],
    ['a text', 'hello', /no archive/],
    ['a long text', 'hello '.repeat(500), /want a tar/],
    ['an empty tar', Buffer.alloc(10_240), /empty tar/],
    ['a zip in gzip', gzipSync(Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(600)])), /zip archive/],
    ['a tar in gzip in gzip', gzipSync(gzipSync(whole)), /gzip/],
  ])('%s', async (_what, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringMatching(message) })
  })

  test('a file that is not there', async () => {
    await expect(archiveSource('/nowhere/in.cnb', '/nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('/nowhere/in.cnb') })
  })

  test('a folder', async () => {
    const tree = await folder()
    await expect(archiveSource(tree.path, tree.path)).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringContaining('a folder') })
  })

  test('a named pipe, without waiting for somebody to write', async () => {
    const tree = await folder()
    execFileSync('mkfifo', [join(tree.path, 'pipe')])
    await expect(archiveSource(join(tree.path, 'pipe'), tree.path)).rejects.toMatchObject({ code: 'UNREADABLE' })
  })

  test('an archive of the Docker engine, with what to do', async () => {
    const docker = tarBytes([{ name: 'a/layer.tar', flag: '2', link: '../b/layer.tar' }, { name: 'manifest.json', content: '[]' }, { name: 'repositories', content: '{}' }])
    await expect(read(docker)).rejects.toMatchObject({ code: 'UNREADABLE', hint: expect.stringContaining('skopeo copy docker-archive:') })
  })

  test('but not one that is a layout as well', async () => {
    expect((await read(after({ name: 'manifest.json', content: '[]' }, { name: 'repositories', content: '{}' }))).roots()).toHaveLength(1)
  })
})

describe('an archive is refused that', () => {
  const hex = 'a'.repeat(64)
  test.each<[string, Buffer, RegExp]>([
    ['has a name that leaves it', after({ name: '../index.json', content: 'x' }), /"\.\.\/index\.json"/],
    ['has a name that leaves it later', after({ name: 'blobs/../../x', content: 'x' }), /leaves/],
    ['has such a name in a record', after(paxMember({ path: 'a/../../b' }), { name: 'b', content: 'x' }), /leaves/],
    ['has a symlink for a blob', after({ name: `blobs/sha256/${hex}`, flag: '2', link: '/etc/passwd' }), /a symlink: "blobs/],
    ['has a hard link for index.json', after({ name: 'index.json', flag: '1', link: 'x' }), /a hard link: "index\.json"/],
    ['has a device', after({ name: 'null', flag: '3' }), /a character device: "null"/],
    ['has a pipe', after({ name: 'pipe', flag: '6' }), /a named pipe: "pipe"/],
    ['has two names for an entry', after(longMember('L', 'index.json'), paxMember({ path: 'x' }), { name: 'y' }), /two long names/],
    ['has a name for all entries', after(paxMember({ path: 'x' }, 'g')), /global header/],
    ['has a sparse file', after({ name: 'x', flag: 'S' }), /a sparse file/],
    ['has a sparse file of another kind', after(paxMember({ 'GNU.sparse.major': '1' }), { name: 'x' }), /a sparse file/],
    ['has an entry of no known type', after({ name: 'x', flag: 'Q' }), /type "Q"/],
    ['has index.json twice', after({ name: './index.json', content: '{}' }), /twice: "index\.json"/],
    ['has a blob twice', tarBytes([...members, { ...members.at(-1), name: `/${String(members.at(-1)?.name)}` }]), /twice/],
    ['has an extended header of 2 MiB', after({ name: 'x', flag: 'x', content: Buffer.alloc(2 * 1024 * 1024) }), /extended header/],
    ['has an index.json of more than 4 MiB', tarBytes([marker, indexMember(' '.repeat(4 * 1024 * 1024 + 1))]), /index\.json in .*at most 4194304/],
    ['is of another layout version', tarBytes([{ ...marker, content: '{"imageLayoutVersion":"2.0.0"}' }, ...members.slice(1)]), /oci-layout/],
    ['has something else for oci-layout', tarBytes([{ ...marker, content: 'x' }, ...members.slice(1)]), /oci-layout/],
  ])('%s', async (_what, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(message) })
  })

  test.each<[string, Buffer, RegExp]>([
    ['lacks index.json', tarBytes(members.filter(({ name }) => name !== 'index.json')), /without index\.json/],
    ['lacks oci-layout', tarBytes(members.slice(1)), /without oci-layout/],
    ['holds no layout', tarBytes([{ name: 'buildpack.toml', content: 'x' }]), /without index\.json/],
    ['is cut short in a blob', whole.subarray(0, whole.length - 1500), /an end in the middle/],
    ['is cut short in a header', whole.subarray(0, 1300), /an end without the zero blocks/],
    ['is cut short in its first header', whole.subarray(0, 300), /no archive/],
    ['lacks its end', whole.subarray(0, whole.length - 1024), /an end without the zero blocks/],
    ['has another after its end', Buffer.concat([whole, whole]), /more bytes after its end/],
    ['is cut short as gzip', gzipSync(whole).subarray(0, 200), /gzip/],
    ['has a damaged header', Buffer.concat([whole.subarray(0, 1024), Buffer.alloc(512, 'x'), whole.subarray(1536)]), /checksum/],
    ['has a broken extended header', after({ name: 'x', flag: 'x', content: '99 path=a\n' }), /extended header/],
    ['has a record whose size is no number', after(paxMember({ size: '-1' }), { name: 'x' }), /size/],
    ['has an index.json that is no JSON', tarBytes([marker, indexMember('nonsense')]), /index\.json in/],
    ['has an index.json that is no index', tarBytes([marker, indexMember('{}')]), /without a list of manifests/],
    ['lists what is no descriptor', tarBytes([marker, indexMember('{"manifests":[{}]}')]), /manifest entry 0/],
    ['lists a digest that could be a path', tarBytes([marker, indexMember('{"manifests":[{"mediaType":"a","size":1,"digest":"sha256:../../etc/passwd"}]}')]), /manifest entry 0/],
    ['lists a platform that is none', tarBytes([marker, indexMember(`{"manifests":[{"mediaType":"a","size":1,"digest":"sha256:${hex}","platform":{"os":1}}]}`)]), /platform/],
    ['nests its index.json ever deeper', tarBytes([marker, indexMember(`{"manifests":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)]), /manifest entry 0/],
  ])('%s', async (_what, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringMatching(message) })
  })

  test('comes to more than the limit once it is decompressed, and leaves nothing of it', async () => {
    const tree = await folder()
    await writeFile(join(tree.path, 'in.cnb'), gzipSync(Buffer.concat([whole, Buffer.alloc(4 * 1024 * 1024)])))
    const error: unknown = await archiveSource(join(tree.path, 'in.cnb'), tree.path, { limit: 1024 * 1024 }).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(PackagerError)
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('1048576') })
    expect(await readdir(tree.path)).toEqual(['in.cnb'])
  })

  test('has more entries than any layout', async () => {
    const one = memberBytes({ name: 'x' })
    await expect(read(Buffer.concat(Array.from({ length: 65_600 }, () => one)))).rejects.toMatchObject({ message: expect.stringContaining('more than 65536 entries') })
  })

  test('shows a name that would write to the terminal as JSON shows it', async () => {
    await expect(read(after({ name: '../\u001b[2J', content: 'x' }))).rejects.toMatchObject({ message: expect.stringContaining('\\u001b[2J') })
  })
})
