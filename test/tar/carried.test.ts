import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader } from '../../src/tar/bytes.ts'
import { encodeCarried } from '../../src/tar/carried.ts'
import { encodeHeader, fixedTime } from '../../src/tar/header.ts'
import type { Member } from '../../src/tar/members.ts'
import { MemberReader } from '../../src/tar/members.ts'
import type { Stamp } from '../../src/tar/stamp.ts'
import { plainStamp } from '../../src/tar/stamp.ts'
import { putChecksum } from '../support/archives/tar-bytes.ts'

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

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => Buffer.from(value.replaceAll('\0', ''))).filter((value) => value.length > 0)
const path = fc.array(text.map((part) => part.toString('utf8').replaceAll('/', '_')), { minLength: 1, maxLength: 12 }).map((parts) => Buffer.from(`/${parts.join('/')}`))
const moment = fc.record({ seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 36 }), nanos: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 })) })
const stamps: fc.Arbitrary<Stamp> = fc.record({
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 33 }),
  gid: fc.integer({ min: 0, max: 2 ** 22 }),
  uname: text,
  gname: text,
  mtime: moment,
  atime: fc.option(moment, { nil: undefined }),
  ctime: fc.option(moment, { nil: undefined }),
  dialect: fc.constantFrom('ustar', 'pax', 'gnu', undefined),
  records: fc.constant(new Map<string, Buffer>()),
})

test('whatever is carried over reads back with its name, owner and second', async () => {
  await fc.assert(
    fc.asyncProperty(path, fc.option(path, { nil: undefined }), stamps, async (name, link, stamp) => {
      const header = encodeCarried({ name, type: link === undefined ? 'file' : 'symlink', size: 0, linkname: link ?? Buffer.alloc(0), stamp })
      expect(header.length % 512).toBe(0)
      const member = await onlyMember(Buffer.concat([header, Buffer.alloc(1024)]))
      const found = member.stamp()
      expect(member.name).toEqual(name)
      expect(member.link).toEqual(link ?? Buffer.alloc(0))
      expect({ mode: found.mode, uid: found.uid, gid: found.gid, uname: found.uname, gname: found.gname }).toEqual({ mode: stamp.mode, uid: stamp.uid, gid: stamp.gid, uname: stamp.uname, gname: stamp.gname })
      const isRounded = stamp.dialect === undefined && stamp.mtime.nanos >= 500_000_000
      expect(found.mtime.seconds).toBe(stamp.mtime.seconds + (isRounded ? 1 : 0))
      if (stamp.dialect === 'pax') expect(found.mtime.nanos).toBe(stamp.mtime.nanos)
    }),
    { numRuns: 500 },
  )
})

test('a header of any bytes has a stamp, and can be written again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 257, maxLength: 257 }), fc.constantFrom('ustar\u000000', 'ustar  \0', ''), async (noise, magic) => {
      const tar = Buffer.alloc(1536)
      Buffer.from(noise).copy(tar, 257)
      tar.write(magic, 257, 'latin1')
      tar.write('name', 0, 'latin1')
      Buffer.from(noise).copy(tar, 108, 0, 16)
      tar.fill(0, 124, 136)
      tar.write('0', 156, 'latin1')
      Buffer.from(noise).copy(tar, 136, 20, 32)
      putChecksum(tar)
      const member = await onlyMember(tar)
      expect(encodeCarried({ name: member.name, type: member.type, size: member.size, linkname: member.link, stamp: member.stamp() }).length).toBeGreaterThan(0)
    }),
    { numRuns: 500 },
  )
})
