import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BlockPool, BlockWriter } from '../../src/layers/blocks.ts'
import type { TarPart } from '../../src/layers/tar.ts'
import { tarSize, writeTar } from '../../src/layers/tar.ts'
import { defaultLimits } from '../../src/layers/unpack-limits.ts'
import { unpack } from '../../src/layers/unpack.ts'
import type { FixedEntry, FixedFields } from '../support/archives/fixed-tar.ts'
import { fixedTar } from '../support/archives/fixed-tar.ts'
import { listTar } from '../support/read-back/tar-listing.ts'
import { emptyTree } from '../support/tree/tree.ts'
import type { ListedEntry } from '../support/vectors/case.ts'

function entry(name: string, rest: Partial<FixedEntry> = {}): FixedEntry {
  return { name, type: 'file', mode: 0o640, content: Buffer.from('x'), link: '', ...rest }
}

const entries = [
  entry('bin/', { type: 'dir', mode: 0o750, content: Buffer.alloc(0) }),
  entry('bin/tool', { mode: 0o4755 }),
  entry('bin/second', { type: 'hardlink', link: 'bin/tool', content: Buffer.alloc(0) }),
  entry('link', { type: 'symlink', mode: 0o777, link: 'bin/tool', content: Buffer.alloc(0) }),
]

const fields: FixedFields = { format: 'gnu', mtime: 1_600_000_000, uid: 7, gid: 8, uname: 'who', gname: 'them' }

/** The archive's entries, carried over below `/to`. */
async function carried(archive: Buffer, keep: TarPart['keep'], stamps = true): Promise<readonly ListedEntry[]> {
  await using tree = await emptyTree()
  const path = join(tree.path, 'a.tar')
  await writeFile(path, archive)
  const unpacked = await unpack(path, join(tree.path, 'spool'), undefined, { ...defaultLimits, stamps })
  const input = { parts: [{ folders: [], base: '/to', entries: unpacked.entries, ...(keep === undefined ? {} : { keep }) }], windows: false }
  const pieces: Buffer[] = []
  const pool = new BlockPool(2)
  await writeTar(input, new BlockWriter(pool, (block, length) => {
    pieces.push(Buffer.from(block.subarray(0, length)))
    pool.give(block)
  }))
  const tar = Buffer.concat(pieces)
  expect(tarSize(input)).toBe(tar.length)
  return listTar(tar).entries
}

test('entries that keep everything have their owner, mode, time and dialect under a new name', async () => {
  const found = await carried(fixedTar(entries, fields), 'all')
  expect(found.map(({ name, mode, linkname }) => [name, mode, linkname])).toEqual([
    ['/to/bin', '0750', ''],
    ['/to/bin/tool', '4755', ''],
    ['/to/bin/second', '0640', '/to/bin/tool'],
    ['/to/link', '0777', 'bin/tool'],
  ])
  for (const { uid, gid, uname, gname, mtime, format } of found) expect([uid, gid, uname, gname, mtime, format]).toEqual([7, 8, 'who', 'them', '2020-09-13T12:26:40Z', 'gnu'])
})

test('entries that keep their dialect have nobody\'s owner and the fixed time', async () => {
  const found = await carried(fixedTar(entries, fields), 'dialect')
  expect(found.map(({ mode }) => mode)).toEqual(['0755', '0755', '0755', '0755'])
  for (const { uid, gid, uname, gname, mtime, format } of found) expect([uid, gid, uname, gname, mtime, format]).toEqual([0, 0, '', '', '1980-01-01T00:00:01Z', 'gnu'])
})

test.each([
  ['whose stamps nobody asked for', 'all', false],
  ['that is to keep nothing', undefined, true],
] as const)('an archive %s gives plain entries', async (_, keep, stamps) => {
  const found = await carried(fixedTar(entries, fields), keep, stamps)
  for (const { uid, uname, mtime, format } of found) expect([uid, uname, mtime, format]).toEqual([0, '', '1980-01-01T00:00:01Z', 'ustar'])
})

test('a time with a fraction stays in PAX, and in no record where the time is replaced', async () => {
  const archive = fixedTar([entry('a')], { format: 'pax', mtime: '1600000000.25' })
  expect(await carried(archive, 'all')).toMatchObject([{ format: 'pax', pax: [['mtime', '1600000000.25']], mtime: '2020-09-13T12:26:40Z' }])
  expect(await carried(archive, 'dialect')).toMatchObject([{ format: 'ustar', pax: [], mtime: '1980-01-01T00:00:01Z' }])
})
