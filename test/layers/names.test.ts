import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOfText, pathOfBytes, textOfBytes } from '../../src/layers/names.ts'

test('every text comes back from its bytes, one character for each of them', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(textOfBytes(bytesOfText(text))).toBe(text)
      expect(bytesOfText(text).length).toBe(Buffer.byteLength(text))
    }),
  )
})

test('every name of bytes is a path of these bytes, and their order is the order of the names', () => {
  const bytes = fc.uint8Array().map((array) => Buffer.from(array))
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const [left, right] = [a.toString('latin1'), b.toString('latin1')]
      expect(Buffer.from(pathOfBytes(left))).toEqual(a)
      expect(left < right ? -1 : left > right ? 1 : 0).toBe(Buffer.compare(a, b))
    }),
  )
})

test('bytes that are no UTF-8 show as replacement characters', () => {
  expect(textOfBytes('b\u00ff\u00fe')).toBe('b\ufffd\ufffd')
})
