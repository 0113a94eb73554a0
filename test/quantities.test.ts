import { expect, test } from 'vitest'
import { count, formatBytes, formatDuration, formatPart, shortDigest } from '../src/quantities.ts'
import { digest } from './cli/support/screen.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [102_300, '99.9 KiB'],
  [102_400, '100 KiB'],
  [1_048_576 - 1, '1.0 MiB'],
  [12_900_000, '12.3 MiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
  [5000 * 1024 ** 4, '5000 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('a part is told in the unit of the whole', () => {
  expect(formatPart(1024, 30 * 1024 ** 2)).toBe('0.0/30.0 MiB')
  expect(formatPart(16_357_785, 31_561_636)).toBe('15.6/30.1 MiB')
  expect(formatPart(3, 9)).toBe('3/9 B')
})

test.each([
  [0, '0.0 s'],
  [1234, '1.2 s'],
  [59_949, '59.9 s'],
  [59_951, '1 min 0 s'],
  [125_400, '2 min 5 s'],
  [-5, '0.0 s'],
])('%d milliseconds are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

test('one is singular', () => {
  expect([count(0, 'layer'), count(1, 'layer'), count(2, 'layer')]).toEqual(['0 layers', '1 layer', '2 layers'])
})

test('a short digest keeps its algorithm', () => {
  expect(shortDigest(digest('c'))).toBe('sha256:cccccccccccc')
})
