import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ByteReader } from '../../src/tar/bytes.ts'
import { encodeCarried } from '../../src/tar/carried.ts'
import { encodeHeader, fixedTime } from '../../src/tar/header.ts'
import type { Member } from '../../src/tar/members.ts'
import { MemberReader } from '../../src/tar/members.ts'
import { plainStamp } from '../../src/tar/stamp.ts'

/** A tar with one entry, and size and SHA-256 of what Go's archive/tar writes for it when it is read and only its name changes. */
interface Golden {
  readonly name: string
  readonly source: string
  readonly prefix: string
  readonly size: number
  readonly sha256: string
}

const golden = JSON.parse(readFileSync(new URL('../vectors/tar/carried.json', import.meta.url), 'utf8')) as readonly Golden[]

async function onlyMember(tar: Buffer): Promise<Member> {
  const member = await new MemberReader(new ByteReader((async function* () { yield tar })())).next()
  if (member === undefined) throw new Error('an empty tar')
  return member
}

test.each(golden)('$name is written again as Go writes it', async ({ source, prefix, size, sha256 }) => {
  const member = await onlyMember(gunzipSync(Buffer.from(source, 'base64')))
  const below = (name: Buffer): Buffer => Buffer.from(`${prefix}/${name.toString('latin1').replace(/\/$/, '')}`, 'latin1')
  const linkname = member.type === 'hardlink' ? below(member.link) : member.link
  const bytes = encodeCarried({ name: below(member.name), type: member.type, size: member.size, linkname, stamp: member.stamp() })
  expect({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }).toEqual({ size, sha256 })
})

test('an entry of our own is the same block either way', () => {
  const entry = { name: Buffer.from('/cnb/order.toml'), type: 'file', size: 3, linkname: Buffer.alloc(0) } as const
  expect(encodeCarried({ ...entry, stamp: plainStamp(0o644, fixedTime) })).toEqual(encodeHeader({ ...entry, mode: 0o644, mtime: fixedTime, windows: false }))
})

test('an owner with a number too large for USTAR is in a record, and nothing else is', () => {
  const bytes = encodeCarried({ name: Buffer.from('/workspace'), type: 'folder', size: 0, linkname: Buffer.alloc(0), stamp: plainStamp(0o755, fixedTime, 2_097_152, 5) })
  expect(bytes.length).toBe(1536)
  expect(bytes.toString('latin1', 512, 1024).replaceAll('\0', '')).toBe('15 uid=2097152\n')
  expect(bytes.toString('latin1', 1024 + 108, 1024 + 124)).toBe('0000000\x000000005\0')
})

test('numbers that are none are nobody and no time', async () => {
  const tar = gunzipSync(Buffer.from(golden[0]?.source ?? '', 'base64'))
  tar.write('nobody!\0', 108, 'latin1')
  tar.write('        ', 148, 'latin1')
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  expect((await onlyMember(tar)).stamp()).toMatchObject({ uid: 0, gid: 98, mode: 0o755 })
})
