import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GzipCompressor } from '../../src/layers/gzip.ts'
import { blockSize, memberSize } from '../../src/layers/member-size.ts'

const storedOverhead = 10 + 5 * 17 + 8

/** Bytes that look random and are the same everywhere (xorshift). */
function noise(size: number, seed = 2_463_534_242): Buffer {
  const bytes = Buffer.alloc(size)
  let state = seed
  for (let index = 0; index < size; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state & 0xff
  }
  return bytes
}

function text(size: number): Buffer {
  const words = ['build', 'detect', 'layer', 'node', '#!/bin/sh\n', 'exec "$@"', '0x', '; ', 'export PATH=', '\n']
  const picks = noise(size)
  return Buffer.from(Array.from(picks, (pick) => words[pick % words.length]).join('')).subarray(0, size)
}

/** Text, noise, a long run and a table that repeats with changes: what a tar of programs is made of. */
function mixture(): Buffer {
  const table = Buffer.from(Array.from({ length: 20_000 }, (_, index) => `${index % 97}:${(index * 7919) % 1009};`).join(''))
  return Buffer.concat([text(300_000), noise(100_000), Buffer.alloc(200_000), table, text(200_000)])
}

function member(bytes: Uint8Array, level = 1): Buffer {
  const out = Buffer.alloc(memberSize)
  return Buffer.from(out.subarray(0, new GzipCompressor(level).member(bytes, out)))
}

test.each([0, 1, 65_535, 65_536, blockSize - 1, blockSize])('%i bytes of text, of noise and of zeros come back whole at every level', (size) => {
  for (const level of [1, 6, 12]) {
    for (const bytes of [text(size), noise(size), Buffer.alloc(size)]) expect(gunzipSync(member(bytes, level)).equals(bytes)).toBe(true)
  }
})

test('any bytes at any level come back', () => {
  const compressors = Array.from({ length: 12 }, (_, index) => new GzipCompressor(index + 1))
  const out = Buffer.alloc(memberSize)
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 4000 }), fc.array(fc.constantFrom(0, 1, 255), { maxLength: 4000 }).map((values) => Uint8Array.from(values)))
  fc.assert(
    fc.property(bytes, fc.nat({ max: 11 }), (input, index) => {
      const size = compressors[index]?.member(input, out) ?? 0
      expect(gunzipSync(out.subarray(0, size)).equals(input)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('members one after another are one gzip file to zlib and to gzip', () => {
  const parts = [text(blockSize), noise(blockSize), Buffer.alloc(0), Buffer.alloc(70_000), text(12)]
  const file = Buffer.concat(parts.map((part) => member(part)))
  expect(gunzipSync(file).equals(Buffer.concat(parts))).toBe(true)
  const read = execFileSync('gzip', ['-dc'], { input: file, maxBuffer: 8 * blockSize })
  expect(read.equals(Buffer.concat(parts))).toBe(true)
})

test('a member names no file and no time, and says what is in it', () => {
  const bytes = member(text(1000))
  expect([...bytes.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
  expect(bytes.readUInt32LE(bytes.length - 4)).toBe(1000)
})

describe('what cannot be compressed is stored', () => {
  test('a full block of noise, piece by piece', () => {
    const bytes = member(noise(blockSize), 12)
    expect(bytes.length).toBe(blockSize + storedOverhead)
    expect(bytes.length).toBe(memberSize)
    expect([...bytes.subarray(10, 15)]).toEqual([0, 0xff, 0xff, 0, 0])
  })

  test('a short one as well, though nobody looks at it first', () => {
    expect(member(noise(1000)).length).toBe(1000 + 10 + 5 + 8)
    expect(member(noise(blockSize - 1)).length).toBe(blockSize - 1 + storedOverhead)
  })

  test('and nothing as one empty piece', () => {
    expect([...member(Buffer.alloc(0)).subarray(10)]).toEqual([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  test('half noise, half text is compressed', () => {
    const bytes = Buffer.concat([noise(blockSize / 2), text(blockSize / 2)])
    expect(member(bytes).length).toBeLessThan(blockSize * 0.75)
  })
})

test('a member may take the place of its block, and one compressor serves many blocks', () => {
  const compressor = new GzipCompressor(6)
  for (const bytes of [text(blockSize), noise(blockSize), noise(70_000), text(3), Buffer.alloc(0)]) {
    const shared = Buffer.from(new SharedArrayBuffer(memberSize))
    bytes.copy(shared)
    const size = compressor.member(shared.subarray(0, bytes.length), shared)
    expect(Buffer.from(shared.subarray(0, size)).equals(member(bytes, 6))).toBe(true)
  }
})

/** A layer's digest rests on these: other bytes, and a package that is made again is another package. */
test.each([
  [1, '42ed952b339392e71e42b21bbd58a4280668400c71ca588c0e006ef8a5782e65'],
  [6, 'b6dc65b84437bb5607cdf91279cd66e145b89aef71ad99f511f6d2f211f11b06'],
  [12, '56e2eb6eeddd6728e5382e7fdc4673eabf741f3a3006dab8618170008314aab3'],
])('at level %i the bytes are the ones they always were', (level, sha256) => {
  const input = mixture()
  expect(createHash('sha256').update(input).digest('hex')).toBe('1a7c6617afbd0b02419e8f5026db8e09166553b257dc7a50ef70c24b28753c9a')
  const bytes = member(input, level)
  expect(bytes.length).toBeLessThan(input.length / 2)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
})
