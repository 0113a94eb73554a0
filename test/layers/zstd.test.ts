import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { isZstd, readsZstd, unzstd } from '../../src/layers/zstd.ts'
import { digestOf } from '../../src/oci/digest.ts'

/** A tar of 2048 bytes with `cnb/a` in it, as zstd 1.5 packs it: in one frame, and in two with a frame between them that is to be skipped. */
const whole = Buffer.from('28b52ffd0468e50100f2820910a0ab03b43bf1dcaaba7e5f6e45d51d324de714d3af126cb50e8a97f9bdf8dfbbfcaf0803910720701ff7fd658e3a60f2844b0486b3932b02d2789bf1', 'hex')
const parts = Buffer.from(
  '28b52ffd0468dd0100f2820910a0ab03b43bf1dcaaba7e5f6e45d51d324de714d3af126cb50e8a97f9bdf8dfbbfcaf0803910720701f33aacc51074c9e7089c070767245a16626b5' +
    '502a4d1803000000616263' +
    '28b52ffd00684500000800010040fd4008',
  'hex',
)
const tar = 'sha256:81b9eb99575025380a402d0352b0ae316c751c474c830985a917bf427fcc2f89'

async function unpacked(bytes: Buffer, pieceSize = bytes.length): Promise<Buffer> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceSize) }, (_, at) => bytes.subarray(at * pieceSize, (at + 1) * pieceSize))
  return buffer(unzstd(Readable.from(pieces)))
}

test.each([
  [whole, true],
  [parts.subarray(72), true],
  [Buffer.from('1f8b0800', 'hex'), false],
  [Buffer.from('28b52f', 'hex'), false],
])('a zstd stream is known by its first bytes (%#)', (bytes, expected) => {
  expect(isZstd(bytes)).toBe(expected)
})

// What this Node.js cannot do is no test that was left out: it has another one.
if (readsZstd) {
  describe('a zstd stream', () => {
    test.each([
      ['one frame', whole, whole.length],
      ['several frames', parts, parts.length],
      ['several frames, byte by byte', parts, 1],
      ['frames that are to be skipped, and nothing else', parts.subarray(72, 83), 11],
    ])('of %s is read to its end', async (what, bytes, pieceSize) => {
      const found = await unpacked(bytes, pieceSize)
      expect(found.length === 0 ? '' : digestOf(found)).toBe(what.endsWith('else') ? '' : tar)
    })

    test('that is cut off anywhere, or goes on with something else, is broken', async () => {
      const ends = new Set([0, 72, 83, parts.length])
      for (let length = 1; length < parts.length; length += 1) {
        if (!ends.has(length)) await expect(unpacked(parts.subarray(0, length)), `${length} bytes`).rejects.toThrow('ends too early')
      }
      await expect(unpacked(Buffer.concat([whole, Buffer.from('more')]))).rejects.toThrow('something else after it')
    })
  })
} else {
  test('a zstd stream is refused by a Node.js that has no such decompressor', async () => {
    await expect(unpacked(whole)).rejects.toThrow('a zstd stream')
  })
}
