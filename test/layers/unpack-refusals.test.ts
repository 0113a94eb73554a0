import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { writeFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { PackagerError } from '../../src/errors.ts'
import { unpack } from '../../src/layers/unpack.ts'
import type { TarMember } from '../support/archives/tar-bytes.ts'
import { longMember, memberBytes, paxMember, putChecksum, tarBytes } from '../support/archives/tar-bytes.ts'
import { unpackBytes } from '../support/archives/unpacking.ts'
import { emptyTree } from '../support/tree/tree.ts'

async function failure(bytes: Buffer, ...rest: [Parameters<typeof unpackBytes>[1]?, AbortSignal?]): Promise<PackagerError> {
  const error: unknown = await unpackBytes(bytes, ...rest).then(
    () => new Error('it was taken'),
    (cause: unknown) => cause,
  )
  if (error instanceof PackagerError) return error
  throw error
}

/** A name with so many parts. */
function nested(parts: number): string {
  return `${'d/'.repeat(parts - 1)}f`
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

describe('what a folder could not hold is refused with the names of archive and entry', () => {
  const file = { name: 'file' }
  const up = '/../'

  test.each<[string, readonly TarMember[], RegExp]>([
    ['a name that climbs out', [{ name: '../x' }], /a name leaves the archive by "\.\.": "\.\.\/x"/],
    ['a name that climbs out on the way', [{ name: `a${up}..${up}x` }], /leaves the archive/],
    ['a PAX name that climbs out', [paxMember({ path: 'a/../../x' }), file], /leaves the archive by "\.\.": "a\/\.\.\/\.\.\/x"/],
    ['a GNU name that climbs out', [longMember('L', '../x'), file], /leaves the archive/],
    ['an absolute name', [{ name: '/etc/passwd' }], /begins at the root of the file system: "\/etc\/passwd"/],
    ['an absolute PAX name', [paxMember({ path: '/etc/passwd' }), file], /begins at the root/],
    ['a zero byte in a PAX name', [paxMember({ path: 'a\0b' }), file], /a zero byte in it: "a\\u0000b"/],
    ['a name too long for a file system', [paxMember({ path: 'a/'.repeat(3000) }), file], /too long/],
    ['a part of a name too long for a file system', [paxMember({ path: `a/${'b'.repeat(256)}` }), file], /too long/],
    ['a file in place of the root', [{ name: './.' }], /a file in place of the root/],
    ['a symlink in place of the root', [{ name: '.', flag: '2', link: '/' }], /a symlink in place of the root/],
    ['an entry below a symlink', [{ name: 'a', flag: '2', link: '/etc' }, { name: 'a/passwd' }], /below the symlink "a": "a\/passwd"/],
    ['an entry far below a symlink', [{ name: 'a', flag: '2', link: '.' }, { name: 'a/b/c/d' }], /below the symlink "a": "a\/b\/c\/d"/],
    ['an entry below a file', [file, { name: 'file/x' }], /below the file "file": "file\/x"/],
    ['an entry below a hard link', [file, { name: 'h', flag: '1', link: 'file' }, { name: 'h/x' }], /below the hardlink "h"/],
    ['a symlink where a folder was', [{ name: 'a/b' }, { name: 'a', flag: '2', link: '/etc' }], /a symlink where entries before it need a folder: "a"/],
    ['a file twice', [file, { name: './file' }], /stands in the archive twice: "\.\/file"/],
    ['a folder that becomes a file', [{ name: 'a', flag: '5' }, { name: 'a' }], /twice: "a"/],
    ['a file that becomes a folder', [file, { name: 'file/', flag: '5' }], /twice/],
    ['a hard link out of the archive', [{ name: 'h', flag: '1', link: '../../etc/shadow' }], /a hard link to "\.\.\/\.\.\/etc\/shadow", which leaves the archive by "\.\.": "h"/],
    ['a hard link to an absolute name', [{ name: 'h', flag: '1', link: '/etc/shadow' }], /which begins at the root.*"h"/],
    ['a hard link to what comes later', [{ name: 'h', flag: '1', link: 'file' }, file], /a hard link to "file", which is no entry before it: "h"/],
    ['a hard link to itself', [{ name: 'h', flag: '1', link: 'h' }], /no entry before it/],
    ['a hard link to the root', [{ name: 'h', flag: '1', link: '.' }], /no entry before it/],
    ['a hard link to a folder', [{ name: 'd', flag: '5' }, { name: 'h', flag: '1', link: 'd' }], /a hard link to the folder "d": "h"/],
    ['a PAX hard link out of the archive', [paxMember({ linkpath: '../x' }), { name: 'h', flag: '1', link: 'file' }], /leaves the archive/],
    ['a symlink to nothing', [{ name: 's', flag: '2' }], /a symlink without a usable target: "s"/],
    ['a symlink with a zero byte', [paxMember({ linkpath: 'a\0b' }), { name: 's', flag: '2' }], /without a usable target/],
    ['a character device', [{ name: 'null', flag: '3' }], /a character device: "null"/],
    ['a block device', [{ name: 'sda', flag: '4' }], /a block device: "sda"/],
    ['a named pipe', [{ name: 'pipe', flag: '6' }], /a named pipe: "pipe"/],
    ['a GNU sparse file', [{ name: 'holes', flag: 'S', magic: 'gnu' }], /a sparse file: "holes"/],
    ['a PAX sparse file', [paxMember({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'holes' }), { name: 'GNUSparseFile.0/holes' }], /a sparse file, by its record "GNU\.sparse\.major": "holes"/],
    ['a sparse file of star', [paxMember({ 'SCHILY.realsize': '9' }), file], /a sparse file, by its record "SCHILY\.realsize"/],
    ['a type that nobody knows', [{ name: 'odd', flag: 'Z' }], /an entry of type "Z": "odd"/],
    ['a volume that goes on', [{ name: 'odd', flag: 'M' }], /goes on from another volume/],
    ['a global header with a name for all', [paxMember({ path: 'same' }, 'g'), file], /a global header that sets "path" for all entries/],
    ['a global header that makes all sparse', [paxMember({ 'GNU.sparse.major': '1' }, 'g'), file], /"GNU\.sparse\.major" for all/],
    ['two PAX headers for one entry', [paxMember({ path: 'a' }), paxMember({ path: 'b' }), file], /two extended headers of type x/],
    ['a PAX name and a GNU name for one entry', [paxMember({ path: 'a' }), longMember('L', 'b'), file], /two long names: "a"/],
    ['a PAX target and a GNU target for one link', [paxMember({ linkpath: 'a' }), longMember('K', 'b'), { name: 's', flag: '2' }], /two long targets: "s"/],
    ['a file with a slash at its end', [{ name: 'x/', content: 'y' }], /a file whose name ends in a slash: "x\/"/],
  ])('%s', async (_, members, message) => {
    const error = await failure(gzipSync(tarBytes([{ name: 'before', content: 'kept' }, ...members])))
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(message) as string })
    expect(error.message).toMatch(/^read archive "\/.*\/bp\.tgz": got /)
  })

  test('no name can write to a terminal', async () => {
    const error = await failure(tarBytes([{ name: '../\u001b[31m\nred\u009b\u007f\u202e' }]))
    expect(error.message).toContain(String.raw`"../\u001b[31m\nred\u009b\u007f\u202e"`)
  })
})

describe('what is broken', () => {
  const file = memberBytes({ name: 'file', content: 'x'.repeat(600) })
  const tar = tarBytes([{ name: 'file', content: 'x'.repeat(600) }])
  const damaged = Buffer.from(gzipSync(tar))
  damaged[damaged.length - 6] = (damaged.at(-6) ?? 0) ^ 0xff

  test.each<[string, Buffer, RegExp]>([
    ['an end in a header', Buffer.concat([file, Buffer.alloc(100, 'a')]), /an end without the zero blocks/],
    ['an end after an entry', file, /an end without the zero blocks/],
    ['an end in a content', tar.subarray(0, 700), /an end in the middle of "file"/],
    ['an end in the padding', tar.subarray(0, 512 + 700), /an end in the middle of an entry/],
    ['an end in an extended header', memberBytes(paxMember({ path: 'a' })).subarray(0, 515), /an end in the middle of an extended header/],
    ['an extended header without an entry', tarBytes([paxMember({ path: 'a' })]), /an extended header without an entry/],
    ['a checksum that is wrong', tarBytes([{ name: 'a', checksum: 1 }]), /a header whose checksum is wrong/],
    ['a checksum that is wrong later', Buffer.concat([file, tarBytes([{ name: 'a', checksum: 1 }])]), /checksum is wrong/],
    ['a size that is no number', tarBytes([{ name: 'a', size: Buffer.from('0000000001x\0') }]), /a header without a size/],
    ['a negative size', tarBytes([{ name: 'a', size: Buffer.alloc(12, 0xff) }]), /a header without a size/],
    ['a size beyond all numbers', tarBytes([{ name: 'a', size: Buffer.from([0x80, ...Buffer.alloc(11, 0xff)]) }]), /a header without a size/],
    ['a PAX size that is no number', tarBytes([paxMember({ size: '-1' }), { name: 'a' }]), /whose size is no number of bytes/],
    ['a PAX record longer than its header', tarBytes([{ ...paxMember({}), content: '99 path=a\n' }, { name: 'a' }]), /does not follow its format/],
    ['a PAX record of no length', tarBytes([{ ...paxMember({}), content: '0 path=a\n' }, { name: 'a' }]), /does not follow its format/],
    ['a PAX record of a negative length', tarBytes([{ ...paxMember({}), content: '-9 a=bcde' }, { name: 'a' }]), /does not follow its format/],
    ['a PAX record without a key', tarBytes([{ ...paxMember({}), content: '6 =ab\n' }, { name: 'a' }]), /does not follow its format/],
    ['a second archive after the end', Buffer.concat([tar, tar]), /more bytes after its end/],
    ['rubbish after the end', Buffer.concat([tar, Buffer.from('rubbish')]), /more bytes after its end/],
    ['a gzip stream cut off', gzipSync(tar).subarray(0, -9), /a gzip stream that ends too early/],
    ['a gzip stream with a wrong checksum', damaged, /a gzip stream with an error in it: incorrect data check/],
    ['rubbish after a gzip stream', Buffer.concat([gzipSync(tar), Buffer.from('rubbish')]), /a gzip stream with an error in it/],
    ['half a gzip header', Buffer.from([0x1f, 0x8b, 8]), /a gzip stream that ends too early/],
  ])('%s is told', async (_, bytes, message) => {
    expect(await failure(bytes)).toMatchObject({ code: 'UNREADABLE', message: expect.stringMatching(message) as string })
  })

  test.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'an empty file'],
    ['zip', Buffer.from('504b030414000000', 'hex'), 'a zip archive'],
    ['zstd', Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(600, 7)]), 'a zstd stream'],
    ['xz', Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(600, 7)]), 'an xz stream'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'a bzip2 stream'],
    ['gzip in gzip', gzipSync(gzipSync(tar)), 'a gzip stream within another'],
    ['a login page', Buffer.from('\n<!DOCTYPE html>\n<html><body>Please log in</body></html>'), 'a web page (HTML)'],
    ['a login page in gzip', gzipSync(`<html>${'x'.repeat(2000)}`), 'a web page (HTML)'],
    ['an error of a server', Buffer.from('{"message": "Not Found"}'), 'a JSON document'],
    ['an error of a storage', Buffer.from('<?xml version="1.0"?><Error/>'), 'an XML document'],
    ['a text', Buffer.from('hello\n'), 'a file of 6 bytes that is no archive'],
  ])('%s in disguise is called by its name', async (_, bytes, name) => {
    const error = await failure(bytes)
    expect(error.code).toBe('UNREADABLE')
    expect(error.message).toContain(`got ${name}, want a tar, plain or gzip`)
  })

  test('a tar whose first name looks like another format is a tar', async () => {
    const entries = await unpackBytes(tarBytes([{ name: 'BZh' }, { name: '<html>' }]))
    expect(entries.map(({ name }) => name)).toEqual(['BZh', '<html>'])
  })
})

describe('limits', () => {
  const zeros = tarBytes([{ name: 'zeros', content: Buffer.alloc(2_000_000) }])

  test('a size that is only claimed is refused at once', async () => {
    const claim = memberBytes({ name: 'huge', size: 0o77777777777 })
    expect(await failure(claim, { bytes: 1_000_000 })).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('a file of 8589934591 bytes: "huge"') as string })
  })

  test('a gzip bomb stops at the bytes that are allowed', async () => {
    expect((await failure(gzipSync(zeros), { bytes: 2_000_000 })).message).toContain('got more than 2000000 bytes unpacked, want at most 2000000')
    expect(await unpackBytes(gzipSync(zeros), { bytes: zeros.length })).toHaveLength(1)
  })

  test('a gzip bomb stops where it grows out of all proportion, small archives excepted', async () => {
    expect((await failure(gzipSync(zeros), { ratio: 10, ratioFromBytes: 100_000 })).message).toMatch(/got \d+ bytes that unpack to more than 100000, want at most 10 times as many/)
    expect(await unpackBytes(gzipSync(zeros), { ratio: 10, ratioFromBytes: zeros.length })).toHaveLength(1)
    expect(await unpackBytes(zeros, { ratio: 0.1, ratioFromBytes: 0 })).toHaveLength(1)
  })

  test('zeros after the end count as well', async () => {
    const bomb = gzipSync(Buffer.concat([tarBytes([{ name: 'a' }]), Buffer.alloc(5_000_000)]))
    expect((await failure(bomb, { bytes: 100_000 })).message).toContain('more than 100000 bytes')
  })

  test('entries count, and folders that only stand in names', async () => {
    const many = tarBytes(Array.from({ length: 11 }, (_, index) => ({ name: `f${index}` })))
    expect((await failure(many, { entries: 10 })).message).toContain('more than 10 files and folders')
    const deep = tarBytes([{ name: 'a/b/c/d/e/f/g/h/i/j/k' }])
    expect((await failure(deep, { entries: 10 })).message).toContain('more than 10 files and folders')
    expect(await unpackBytes(many, { entries: 11 })).toHaveLength(11)
  })

  test('folders in one another count as well: 256, in names and in links', async () => {
    expect(await unpackBytes(tarBytes([paxMember({ path: nested(256) }), { name: 'cut' }]))).toHaveLength(1)
    expect(await failure(tarBytes([paxMember({ path: nested(257) }), { name: 'cut' }]))).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('a name is 257 folders deep') as string })
    const link = tarBytes([{ name: 'f' }, paxMember({ linkpath: nested(257) }), { name: 'h', flag: '1' }])
    expect((await failure(link)).message).toContain('which is 257 folders deep')
  })

  test('an extended header is no place for megabytes', async () => {
    const long = tarBytes([paxMember({ comment: 'x'.repeat(1_100_000) }), { name: 'a' }])
    expect(await failure(long)).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('extended headers of') as string })
  })

  test('nor are a hundred of them', async () => {
    const one = memberBytes(paxMember({ comment: 'x'.repeat(1_000_000) }, 'g'))
    const bomb = gzipSync(Buffer.concat([...Array.from({ length: 70 }, () => one), tarBytes([])]))
    expect((await failure(bomb)).message).toContain('in all')
  })
})

describe('around the archive', () => {
  test('an interrupt ends the reading and takes the spool away', async () => {
    const error = await failure(tarBytes([{ name: 'a', content: 'b' }]), {}, AbortSignal.abort())
    expect(error.code).toBe('CANCELLED')
  })

  test('a spool file that is there already is somebody else\'s', async () => {
    await using tree = await emptyTree()
    const [archive, spool] = [join(tree.path, 'bp.tar'), join(tree.path, 'spool')]
    await writeFile(archive, tarBytes([{ name: 'a' }]))
    await writeFile(spool, 'theirs')
    await expect(unpack(archive, spool)).rejects.toMatchObject({ code: 'SPOOL' })
    expect(await readFile(spool, 'utf8')).toBe('theirs')
  })

  test('a named pipe is not waited for', async () => {
    await using tree = await emptyTree()
    const pipe = join(tree.path, 'bp.tgz')
    execFileSync('mkfifo', [pipe])
    await expect(unpack(pipe, join(tree.path, 'spool'))).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('no regular file') as string })
  })

  test.runIf(process.platform === 'linux')('no file stays open, whether it went well or not', async () => {
    const good = gzipSync(tarBytes([{ name: 'a', content: 'b' }]))
    const bad = gzipSync(tarBytes([{ name: '../a' }, { name: 'b', content: 'x'.repeat(3_000_000) }]))
    await unpackBytes(good)
    const before = openFiles()
    for (let round = 0; round < 20; round += 1) {
      await unpackBytes(good)
      await failure(bad)
      await failure(good.subarray(0, 30))
    }
    // The process has files of its own that come and go.
    await expect.poll(openFiles, { timeout: 10_000 }).toBeLessThanOrEqual(before)
  })

  test('a header with a name of rubbish and a right checksum is still a header', async () => {
    const bytes = tarBytes([{ name: 'a', content: 'b' }])
    bytes.fill(0xff, 0, 100)
    putChecksum(bytes)
    expect(await unpackBytes(bytes)).toMatchObject([{ name: '\u00ff'.repeat(100), content: 'b' }])
  })
})
