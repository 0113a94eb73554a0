import type { TomlScan } from './toml-scan.ts'
import type { TomlTable, TomlValue } from './toml-value.ts'

/** A text of the same length and lines with nothing in it that the parser mistakes, and the way back. */
export interface MaskedToml {
  readonly text: string
  /** The parser's tree with the file's own keys and dates in it. */
  unmask(tree: object): TomlTable
}

/** Begins a string that stands for a date. A character that no text holds (Unicode keeps it out of exchange). */
const dateMark = '\uFFFE'

/**
 * Hides three things from `@iarna/toml` (version 3):
 * - keys that every JavaScript object inherits. The parser looks a table's name up without asking whether it is the
 *   table's own, so `[constructor]` would write into `Object` itself;
 * - dates, of which it rejects some that are valid, such as every date right before a comma;
 * - zeros with an exponent, which it rejects.
 * A key becomes another of the same length that the text has nowhere, a date a string, `0e1` a `0.0`: lines and columns
 * stay.
 */
export function maskToml(text: string, scan: TomlScan): MaskedToml {
  const names = new Map<string, string>()
  const cuts: { readonly start: number; readonly end: number; readonly by: string }[] = []
  for (const { name, start, end } of scan.inherited) {
    const quoted = end - start > 1 && /["']/.test(text.charAt(start)) ? 1 : 0
    const mask = maskFor(name, end - start - 2 * quoted, text, names)
    cuts.push({ start: start + quoted, end: end - quoted, by: mask })
  }
  const dates = scan.dates.map(([start, end]) => ({ start, end, by: `"${dateMark}${String(start).padStart(end - start - 3, '0')}"` }))
  const written = new Map(scan.dates.map(([start, end], index) => [dates[index]?.by.slice(1, -1) ?? '', text.slice(start, end)]))
  const zeros = scan.zeros.map(([start, end]) => ({ start, end, by: plainZero(text.slice(start, end)) }))
  return { text: cut(text, [...cuts, ...dates, ...zeros]), unmask: (tree) => unmaskTable(tree, names, written) }
}

function plainZero(written: string): string {
  return written.replace(/0[eE].*/, (zero) => '0.'.padEnd(zero.length, '0'))
}

function maskFor(name: string, length: number, text: string, names: Map<string, string>): string {
  for (let number = 0; ; number += 1) {
    const mask = String(number).padStart(length, 'x')
    const taken = names.get(mask)
    if (taken === name) return mask
    if (taken !== undefined || text.includes(mask)) continue
    names.set(mask, name)
    return mask
  }
}

function cut(text: string, cuts: readonly { readonly start: number; readonly end: number; readonly by: string }[]): string {
  let result = ''
  let from = 0
  for (const { start, end, by } of cuts.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(from, start) + by
    from = end
  }
  return result + text.slice(from)
}

function unmaskTable(tree: object, names: ReadonlyMap<string, string>, dates: ReadonlyMap<string, string>): TomlTable {
  const table = new Map<string, TomlValue>()
  for (const [key, value] of Object.entries(tree)) table.set(names.get(key) ?? key, unmaskValue(value, names, dates))
  return table
}

function unmaskValue(value: unknown, names: ReadonlyMap<string, string>, dates: ReadonlyMap<string, string>): TomlValue {
  if (typeof value === 'string') {
    const date = dates.get(value)
    return date === undefined ? value : { date }
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value
  if (value instanceof Date) return { date: value.toISOString() }
  if (Array.isArray(value)) return value.map((item: unknown) => unmaskValue(item, names, dates))
  return unmaskTable(value ?? {}, names, dates)
}
