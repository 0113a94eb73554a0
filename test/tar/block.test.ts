import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isZero } from '../../src/tar/block.ts'

test('zeros of any length are zeros, and one other byte anywhere is seen', () => {
  const size = fc.oneof(fc.nat(2000), fc.nat(200_000), fc.constantFrom(0, 1, 512, 65_536, 65_537, 131_072))
  fc.assert(
    fc.property(size, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.integer({ min: 1, max: 255 }), fc.nat(9), (length, share, byte, offset) => {
      const bytes = new Uint8Array(length + offset).subarray(offset)
      expect(isZero(bytes)).toBe(true)
      if (length === 0) return
      bytes[Math.floor(share * length)] = byte
      expect(isZero(bytes)).toBe(false)
    }),
  )
})
