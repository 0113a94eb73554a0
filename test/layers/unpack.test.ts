import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { TarMember } from '../support/archives/tar-bytes.ts'
import { longMember, memberBytes, paxMember, tarBytes } from '../support/archives/tar-bytes.ts'
import { unpackBytes } from '../support/archives/unpacking.ts'

const names = async (members: readonly TarMember[]): Promise<string[]> => (await unpackBytes(tarBytes(members))).map(({ name }) => name)

const ordinary: readonly TarMember[] = [
  { name: './', flag: '5', mode: 0o755 },
  { name: './z', content: 'last by name' },
  { name: './bin/', flag: '5', mode: 0o755 },
  { name: './bin/build', content: '#!/bin/sh\n', mode: 0o755 },
  { name: './bin/again', flag: '1', link: './bin/build', mode: 0o755 },
  { name: './bin/link', flag: '2', link: '../../outside' },
]

describe('an archive', () => {
  const expected = [
    { name: 'z', type: 'file', executable: false, content: 'last by name' },
    { name: 'bin', type: 'folder', executable: true },
    { name: 'bin/build', type: 'file', executable: true, content: '#!/bin/sh\n' },
    { name: 'bin/again', type: 'hardlink', executable: true, link: 'bin/build' },
    { name: 'bin/link', type: 'symlink', executable: false, link: '../../outside' },
  ]

  test('gives its entries in its own order, names cleaned, without the root', async () => {
    expect(await unpackBytes(tarBytes(ordinary))).toEqual(expected)
  })

  test('may be gzip, in one member or in several, with zeros after them', async () => {
    const tar = tarBytes(ordinary)
    expect(await unpackBytes(gzipSync(tar))).toEqual(expected)
    expect(await unpackBytes(Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700)), Buffer.alloc(777)]))).toEqual(expected)
  })

  test('may lack entries for folders: they stay away', async () => {
    expect(await names([{ name: 'a/b/c' }, { name: 'a/d' }, { name: 'a', flag: '5' }])).toEqual(['a/b/c', 'a/d', 'a'])
  })

  test('may have a folder twice, which is one', async () => {
    expect(await names([{ name: 'a/', flag: '5' }, { name: 'a/b' }, { name: './a', flag: '5' }])).toEqual(['a', 'a/b'])
  })

  test('may end after one zero block, and may go on with zeros up to a record of a tape', async () => {
    const files = memberBytes({ name: 'a' })
    for (const zeros of [512, 1024, 10_240, 777]) expect(await unpackBytes(Buffer.concat([files, Buffer.alloc(zeros)]))).toHaveLength(1)
  })

  test('may be empty', async () => {
    expect(await unpackBytes(Buffer.alloc(10_240))).toEqual([])
  })

  test('keeps large contents apart', async () => {
    const contents = [3_000_000, 0, 1, 512, 513].map((size, index) => Buffer.alloc(size, String(index)))
    const entries = await unpackBytes(gzipSync(tarBytes(contents.map((content, index) => ({ name: `f${index}`, content })))))
    expect(entries.map(({ content }) => content)).toEqual(contents.map((content) => content.toString()))
  })
})

describe('headers of every kind', () => {
  const deep = `${'d'.repeat(90)}/${'e'.repeat(90)}`

  test.each<[string, readonly TarMember[], string]>([
    ['USTAR with a prefix', [{ name: 'e'.repeat(90), prefix: 'd'.repeat(90) }], deep],
    ['a full name field without a zero', [{ name: 'n'.repeat(100) }], 'n'.repeat(100)],
    ['PAX path', [paxMember({ path: deep }), { name: 'cut' }], deep],
    ['the last of several PAX paths', [{ ...paxMember({}), content: '10 path=a\n10 path=b\n' }, { name: 'cut' }], 'b'],
    ['an empty PAX path, which takes it back', [paxMember({ path: '' }), { name: 'own' }], 'own'],
    ['PAX records of others', [paxMember({ 'SCHILY.xattr.user.x': 'y=z\n', mtime: '1.5', comment: '' }), { name: 'own' }], 'own'],
    ['GNU long names', [longMember('L', deep), { name: 'cut', magic: 'gnu' }], deep],
    ['a global header with a comment, as git writes it', [paxMember({ comment: 'a'.repeat(40) }, 'g'), { name: 'own' }], 'own'],
    ['GNU, whose prefix is none', [{ name: 'own', prefix: 'atime', magic: 'gnu' }], 'own'],
    ['no magic at all, whose prefix is none', [{ name: 'own', prefix: 'junk', magic: 'none' }], 'own'],
    ['a zero byte for a file', [{ name: 'own', flag: '\0' }], 'own'],
    ['contiguous files', [{ name: 'own', flag: '7' }], 'own'],
  ])('%s', async (_, members, expected) => {
    expect(await unpackBytes(tarBytes(members))).toMatchObject([{ name: expected, type: 'file' }])
  })

  test('names and links that are no UTF-8 stay the bytes they are, whichever header says them', async () => {
    const odd = Buffer.from([0x62, 0xff, 0xfe, 0xe9, 0x0a])
    const long = Buffer.concat([odd, Buffer.alloc(150, 0xe4)])
    const entries = await unpackBytes(
      tarBytes([
        { name: odd },
        { name: 's1', flag: '2', link: odd },
        paxMember({ path: long }),
        { name: 'x' },
        paxMember({ linkpath: long }),
        { name: 's2', flag: '2' },
        longMember('L', Buffer.concat([long, odd])),
        { name: 'x' },
        longMember('K', long),
        { name: 'h', flag: '1' },
      ]),
    )
    const [short, full] = [odd.toString('latin1'), long.toString('latin1')]
    expect(entries.map(({ name, link }) => link ?? name)).toEqual([short, short, full, full, full + short, full])
  })

  test('a slash at the end makes a folder of a file of old', async () => {
    expect(await unpackBytes(tarBytes([{ name: 'old/', magic: 'none' }]))).toMatchObject([{ name: 'old', type: 'folder' }])
  })

  test('sizes: PAX over the header, octal with spaces, GNU in bytes; what folders and links say is nothing', async () => {
    const entries = await unpackBytes(
      tarBytes([
        paxMember({ size: '3' }),
        { name: 'a', content: 'pax', size: 0 },
        { name: 'b', content: 'abc', size: Buffer.from('        3 \0') },
        { name: 'c', content: 'xyz', size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]) },
        { name: 'd', flag: '5', size: 4096 },
        { name: 'e', flag: '2', link: 'a', size: 10 },
        { name: 'f', flag: '1', link: 'a', size: 3 },
      ]),
    )
    expect(entries.map(({ name, content }) => [name, content ?? ''])).toEqual([['a', 'pax'], ['b', 'abc'], ['c', 'xyz'], ['d', ''], ['e', ''], ['f', '']])
  })

  test('a checksum may count bytes as signed numbers, as some old programs did', async () => {
    const name = Buffer.from([0xe9, 0xe9])
    const honest = memberBytes({ name }).subarray(0, 512)
    const sum = Number.parseInt(honest.toString('latin1', 148, 154), 8)
    expect(await unpackBytes(tarBytes([{ name, checksum: sum - 2 * 256 }]))).toHaveLength(1)
  })
})

describe('a hard link', () => {
  test('to a hard link leads to the first name of the file', async () => {
    const entries = await unpackBytes(tarBytes([{ name: 'a', mode: 0o755 }, { name: 'b', flag: '1', link: 'a' }, { name: 'c', flag: '1', link: './b' }]))
    expect(entries.slice(1)).toEqual([
      { name: 'b', type: 'hardlink', executable: true, link: 'a' },
      { name: 'c', type: 'hardlink', executable: true, link: 'a' },
    ])
  })

  test('to a symlink is a symlink of its own, as from a folder', async () => {
    const entries = await unpackBytes(tarBytes([{ name: 'a', flag: '2', link: 'nowhere' }, { name: 'b', flag: '1', link: 'a' }]))
    expect(entries[1]).toEqual({ name: 'b', type: 'symlink', executable: false, link: 'nowhere' })
  })
})
