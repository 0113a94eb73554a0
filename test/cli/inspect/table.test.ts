import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Column } from '../../../src/cli/inspect/table.ts'
import { clip, tableLines } from '../../../src/cli/inspect/table.ts'

const columns: readonly Column[] = [
  { heading: 'ID', cells: ['acme/a-very-long-name-of-a-module', 'b'], least: 16 },
  { heading: 'SIZE', cells: ['1 B', '20 B'], align: 'right' },
  { heading: 'HOMEPAGE', cells: ['https://example.com/a/long/address', ''], least: 16, spare: true },
  { heading: 'linux/arm64/v8', cells: ['yes', '-'], stacked: true },
]

test('in a pipe a table is as wide as its cells', () => {
  expect(tableLines(columns, undefined)).toEqual([
    'ID                                 SIZE  HOMEPAGE                            linux/arm64/v8',
    'acme/a-very-long-name-of-a-module   1 B  https://example.com/a/long/address  yes',
    'b                                  20 B                                      -',
  ])
})

test('on a terminal headings are broken first, then the homepage is cut', () => {
  expect(tableLines(columns, 80)).toEqual([
    '                                                                          linux/',
    '                                                                          arm64/',
    'ID                                 SIZE  HOMEPAGE                         v8',
    'acme/a-very-long-name-of-a-module   1 B  https://example…/a/long/address  yes',
    'b                                  20 B                                   -',
  ])
})

test('on a narrow one the homepage goes, and ids lose their middle', () => {
  expect(tableLines(columns, 36)).toEqual([
    '                              linux/',
    '                              arm64/',
    'ID                      SIZE  v8',
    'acme/a-very…f-a-module   1 B  yes',
    'b                       20 B  -',
  ])
})

test('a short form stands in where the long one does not fit', () => {
  const digest: Column = { heading: 'DIGEST', cells: ['sha256:0123456789'], short: ['sha256:01'] }
  expect(tableLines([digest], 12)).toEqual(['DIGEST', 'sha256:01'])
  expect(tableLines([digest], 20)).toEqual(['DIGEST', 'sha256:0123456789'])
})

test('no line is wider than the terminal where columns may be cut', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 60 })
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 5 }), fc.integer({ min: 40, max: 120 }), (rows, width) => {
      const lines = tableLines([{ heading: 'A', cells: rows.map(([cell]) => cell), least: 8 }, { heading: 'B', cells: rows.map(([, cell]) => cell), least: 8, spare: true }], width)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
    }),
  )
})

test('a text of megabytes takes no more of a line than others may', () => {
  expect(clip('x'.repeat(5_000_000))).toBe(`${'x'.repeat(199)}…`)
  expect(clip('\u001b'.repeat(1000)).length).toBeLessThanOrEqual(200)
})
