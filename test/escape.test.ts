import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { escapeJson, escapeLine, escapeText } from '../src/escape.ts'

test('a colour sequence from a registry is shown, not obeyed', () => {
  expect(escapeLine('\u001b[31mdenied\u001b[0m')).toBe(String.raw`\x1b[31mdenied\x1b[0m`)
})

test('line ends and the marks that turn text around are shown', () => {
  expect(escapeLine('a\r\nb\tc\u202ed\u2028e\u009bf')).toBe(String.raw`a\r\nb\tc\u202ed\u2028e\x9bf`)
})

test('an invisible character beyond the first plane is shown with all its digits', () => {
  expect(escapeLine('a\u{e0041}b')).toBe(String.raw`a\u{e0041}b`)
})

test('letters of all scripts stay as they are', () => {
  expect(escapeLine('naïve 木 🚀 "quoted"')).toBe('naïve 木 🚀 "quoted"')
})

test('later lines of a message are indented, so that they cannot pass for lines of ours', () => {
  expect(escapeText('first\nerror: forged\n')).toBe('first\n  error: forged')
})

test('nothing that a terminal acts on is left, whatever comes in', () => {
  assert(
    property(string({ unit: 'binary' }), (text) => {
      expect(escapeLine(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    }),
  )
})

test('JSON says the same to a program and nothing to a terminal', () => {
  assert(
    property(string({ unit: 'binary' }), (text) => {
      const json = escapeJson(JSON.stringify({ text }, undefined, 2))
      expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      expect(JSON.parse(json)).toEqual({ text })
    }),
  )
})
