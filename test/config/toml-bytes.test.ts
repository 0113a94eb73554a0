import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeToml } from '../../src/config/toml-bytes.ts'
import { readBuildpackToml } from '../../src/config/module-reader.ts'

function broken(...parts: readonly (string | number)[]): string {
  const bytes = Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))))
  const decoded = decodeToml(bytes, 'f.toml')
  if ('text' in decoded) return 'reads'
  const { file, line, column, message } = decoded.problem
  return `${file}:${line}:${column}: ${message}`
}

const advice = 'is not UTF-8: save the file as UTF-8'

test.each([
  ['latin1 in a string', ['id = "caf', 0xe9, '"\n'], `1:10: not TOML: byte 0xe9 ${advice}`],
  ['on a later line, after characters of several bytes', ['# \u00e9\u{1f600}\nname = "\u00fc', 0xff, '"'], `2:10: not TOML: byte 0xff ${advice}`],
  ['a character cut short by the end', ['a = "\u00e9', 0xe2, 0x82], `1:7: not TOML: byte 0xe2 ${advice}`],
  ['a character cut short that begins like the sign that replaces it', ['ab', 0xef, 0xbf, '"'], `1:3: not TOML: byte 0xef ${advice}`],
  ['half of a surrogate pair', ['a', 0xed, 0xa0, 0x80], `1:2: not TOML: byte 0xed ${advice}`],
  ['UTF-16 with its mark', [0xff, 0xfe, 'a\0'], `1:1: not TOML: byte 0xff ${advice}`],
])('%s is a problem at its place', (_, parts, wanted) => {
  expect(broken(...parts)).toBe(`f.toml:${wanted}`)
})

test('any text reads as it was written, with a byte order mark too', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(decodeToml(Buffer.from(text), 'f.toml')).toEqual({ text })
    }),
  )
  expect(readBuildpackToml(Buffer.from('\uFEFF[buildpack]\nid = "a"\nversion = "1"\n'), 'f.toml').value).toMatchObject({ id: 'a' })
})

test('any bytes read, or have a place where they do not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const decoded = decodeToml(bytes, 'f.toml')
      if ('text' in decoded) expect(Buffer.from(decoded.text)).toEqual(Buffer.from(bytes))
      else expect(decoded.problem.line).toBeLessThanOrEqual(Buffer.from(bytes).filter((byte) => byte === 0x0a).length + 1)
    }),
  )
})
