import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NameColumn, NumberColumn } from '../../src/layers/columns.ts'

const part = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\u00ff'), maxLength: 12 })
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
/** Longer than what a column takes at once. */
const longPath = fc.tuple(path, fc.integer({ min: 8000, max: 9000 })).map(([name, size]) => name.padEnd(size, 'x'))

describe('a column of names', () => {
  test('gives each back as it was put in, whatever folders they lie in and however long they are', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 9, arbitrary: path }, longPath)), (names) => {
        const column = new NameColumn()
        for (const name of names) column.push(name)
        expect(column.length).toBe(names.length)
        expect(names.map((_, index) => column.at(index))).toEqual(names)
        expect(column.at(names.length)).toBeUndefined()
      }),
    )
  })

  test('takes ten thousand, over many pieces of memory', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `lib/folder-${index >> 7}/file-${index}.txt`)
    const column = new NameColumn()
    for (const name of names) column.push(name)
    expect(names.map((_, index) => column.at(index))).toEqual(names)
  })
})

describe('a column of numbers', () => {
  test('gives each back as it was put in, and 0 for what is not there', () => {
    const numbers = Array.from({ length: 2000 }, (_, index) => index * 1.5 + Number.MAX_SAFE_INTEGER / 4)
    const column = new NumberColumn(Float64Array)
    for (const number of numbers) column.push(number)
    expect(numbers.map((_, index) => column.at(index))).toEqual(numbers)
    expect(column.at(numbers.length)).toBe(0)
    expect(column.at(1_000_000)).toBe(0)
  })
})
