import { expect, test } from 'vitest'
import { defaultLimits, limitsOf } from '../../src/layers/unpack-limits.ts'

const gibibyte = 1024 ** 3

test('without a size the limits are the default ones', () => {
  expect(limitsOf(undefined)).toEqual(defaultLimits)
})

test('a size that is named is meant, however well it compresses, with as many files as it has room for', () => {
  expect(limitsOf(20 * gibibyte)).toEqual({ ...defaultLimits, bytes: 20 * gibibyte, entries: 5 * 1024 ** 2, ratioFromBytes: 20 * gibibyte })
})

test('a small size allows no more than it says, and not fewer files than the default', () => {
  expect(limitsOf(1024)).toEqual({ ...defaultLimits, bytes: 1024, ratioFromBytes: 1024 })
})
