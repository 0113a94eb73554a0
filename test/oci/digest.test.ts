import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf, hexOf, isDigest } from '../../src/oci/digest.ts'

test('the digest of no bytes and of "abc" are the ones of FIPS 180-4', () => {
  expect(digestOf(new Uint8Array())).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(digestOf(Buffer.from('abc'))).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('whatever digestOf gives is a digest, and hexOf its 64 digits', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const digest = digestOf(bytes)
      expect(isDigest(digest)).toBe(true)
      expect(`sha256:${hexOf(digest)}`).toBe(digest)
      expect(hexOf(digest)).toMatch(/^[0-9a-f]{64}$/)
    }),
  )
})

const hex = 'a'.repeat(64)

test.each(['', 'sha256:', hex, `sha256:${hex}a`, `sha256:${hex.slice(1)}`, `sha256:${'A'.repeat(64)}`, `sha512:${hex}${hex}`, `sha256:${hex}\n`, ` sha256:${hex}`, `sha256:../${'a'.repeat(61)}`, `SHA256:${hex}`])(
  '%j is no digest',
  (text) => {
    expect(isDigest(text)).toBe(false)
  },
)
