import { parse } from '@iarna/toml'
import type { Problem } from '../errors.ts'
import { maskToml } from './toml-mask.ts'
import type { Place } from './toml-place.ts'
import type { TomlScan } from './toml-scan.ts'
import { scanToml } from './toml-scan.ts'
import type { KeyPath, TomlTable } from './toml-value.ts'
import { formatKey } from './toml-value.ts'

/** Both count from 1; columns in UTF-16 units, as editors do. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A TOML text that parses: what it says, and where it says it. */
export interface TomlDocument {
  readonly table: TomlTable
  /** Where the key stands, a table's header for a table; of an absent key, where the nearest of its parents stands. */
  locate(path: KeyPath): Position
  /** A value as written, such as `1.0` for `version = 1.0`; none for what has a header of its own. */
  written(path: KeyPath): string | undefined
}

export type ParsedToml = { readonly document: TomlDocument } | { readonly problem: Problem }

/**
 * Reads TOML 1.0. A byte order mark is left out; line ends may be CRLF. What is not TOML is one problem with the place
 * where the parser saw it: `{ line: 3, column: 12, key: '', message: 'not TOML: unterminated string' }`.
 */
export function parseToml(source: string, file: string): ParsedToml {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const scan = scanToml(text)
  const position = positionsIn(text)
  // Beyond the place where the scanner stopped no key is known, hence none masked: the parser sees that line and no more.
  const line = text.indexOf('\n', scan.end)
  const masked = maskToml(scan.end === text.length || line === -1 ? text : text.slice(0, line), scan)
  const broken = (place: Position, message: string): ParsedToml => ({ problem: { file, ...place, key: '', message: `not TOML: ${message}` } })
  if (scan.verdict !== undefined) return broken(position(scan.end), scan.verdict)
  let tree: object
  try {
    tree = parse(masked.text)
  } catch (error) {
    const { offset, message } = explain(error, masked.text, scan)
    return broken(position(offset), message)
  }
  if (scan.end < text.length) return broken(position(scan.end), 'unexpected text')
  return { document: documentOf(masked.unmask(tree), text, scan, position) }
}

function documentOf(table: TomlTable, text: string, scan: TomlScan, position: (offset: number) => Position): TomlDocument {
  const locate = (path: KeyPath): Position => {
    let place = scan.top
    for (const name of path) {
      const next = place.below(name)
      if (next === undefined) break
      place = next
    }
    return position(place.start)
  }
  const written = (path: KeyPath): string | undefined => {
    const place = path.reduce<Place | undefined>((above, name) => above?.below(name), scan.top)
    return place === undefined || place.valueStart === -1 ? undefined : text.slice(place.valueStart, place.valueEnd)
  }
  return { table, locate, written }
}

/** How many characters lie between two places whose lines are known beforehand. */
const stride = 1024

/** Line ends before a place, and the offset right after the last of them. */
interface Mark {
  readonly lines: number
  readonly lineStart: number
}

/** A file can be nothing but line ends, so no list of all of them is made, and none before a place is asked for. */
function positionsIn(text: string): (offset: number) => Position {
  let marks: readonly Mark[] | undefined
  return (offset) => {
    marks ??= marksOf(text)
    const index = Math.floor(offset / stride)
    const { lines, lineStart } = onward(text, marks[index] ?? firstMark, index * stride, offset)
    return { line: lines + 1, column: offset - lineStart + 1 }
  }
}

const firstMark: Mark = { lines: 0, lineStart: 0 }

function marksOf(text: string): Mark[] {
  const marks: Mark[] = []
  for (let at = 0, mark = firstMark; at <= text.length; at += stride) {
    marks.push(mark)
    mark = onward(text, mark, at, at + stride)
  }
  return marks
}

function onward(text: string, { lines, lineStart }: Mark, from: number, to: number): Mark {
  for (let at = from; at < Math.min(to, text.length); at += 1) {
    if (text[at] !== '\n') continue
    lines += 1
    lineStart = at + 1
  }
  return { lines, lineStart }
}

/** The parser's error in words for an author, without the parser's drawing of the line below it. */
function explain(error: unknown, text: string, scan: TomlScan): { readonly offset: number; readonly message: string } {
  const raw = error instanceof Error ? error.message : String(error)
  const at = errorOffset(error, text) ?? scan.end
  const said = (raw.split(/ at row \d+, col \d+, pos \d+:/)[0] ?? raw).trim()
  if (said.startsWith("Can't redefine existing key")) return redefined(at, text, scan)
  const character = /^Unknown character "(\d+)"$|^Unknown escape character: (\d+)$/.exec(said)
  const code = character?.[1] ?? character?.[2]
  if (code === undefined) return { offset: at, message: said.charAt(0).toLowerCase() + said.slice(1) }
  // The parser's mark for the end of the text is one more than the last code point.
  if (Number(code) > 0x10_ff_ff) return { offset: at, message: 'unexpected end of the file' }
  const sign = String.fromCodePoint(Number(code))
  if (character?.[2] !== undefined) return { offset: at, message: `unknown escape "\\${sign}" in a string` }
  const template = text.startsWith('{{', at) ? ' (a template line: fill the template in first)' : ''
  return { offset: at, message: `unexpected character "${sign}"${template}` }
}

function redefined(at: number, text: string, scan: TomlScan): { readonly offset: number; readonly message: string } {
  const again = scan.statements.findLast(({ start }) => start < at)
  if (again === undefined) return { offset: at, message: 'a key is defined twice' }
  const first = again.place.start
  const where = first === again.start ? 'is already defined in another way' : `is defined twice, first on line ${positionsIn(text)(first).line}`
  return { offset: again.start, message: `${formatKey(again.place.path)} ${where}` }
}

/** The parser counts the characters it has read, the one at fault among them. */
function errorOffset(error: unknown, text: string): number | undefined {
  if (!(error instanceof Error) || !('pos' in error) || typeof error.pos !== 'number') return undefined
  return Math.min(Math.max(error.pos - 1, 0), text.length)
}
