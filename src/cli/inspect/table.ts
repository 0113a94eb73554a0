import { escapeLine } from '../../escape.ts'

/** A column of a table. Texts are as others wrote them: the table escapes them. */
export interface Column {
  readonly heading: string
  readonly cells: readonly string[]
  /** The same in fewer letters, for a terminal where the whole does not fit. */
  readonly short?: readonly string[]
  /** May be cut to this width where the table does not fit. */
  readonly least?: number
  /** May be left out where cutting it does not help. */
  readonly spare?: boolean
  readonly align?: 'right'
  /** The heading may be broken at its slashes. */
  readonly stacked?: boolean
}

/** What is longer tells nobody more; a label of megabytes would make every line as long. */
const widestCell = 200
const gap = 2

interface Sized {
  readonly heading: readonly string[]
  readonly cells: readonly string[]
  readonly width: number
  readonly column: Column
}

/**
 * The lines of a table: as wide as its cells in a pipe, on a terminal of `width` columns as wide as fits. There, in this
 * order: cells take their short form, headings are broken, columns are cut as far as they may be.
 */
export function tableLines(columns: readonly Column[], width: number | undefined): readonly string[] {
  const plain = columns.map((column) => sized(column, column.cells, [column.heading]))
  const fitted = width === undefined || total(plain) <= width ? plain : narrowed(columns, width)
  const heights = Math.max(...fitted.map(({ heading }) => heading.length))
  const rows = Math.max(0, ...fitted.map(({ cells }) => cells.length))
  const headings = Array.from({ length: heights }, (_, line) => fitted.map((one) => pad(one.heading[line - heights + one.heading.length] ?? '', one)))
  const body = Array.from({ length: rows }, (_, row) => fitted.map((one) => pad(one.cells[row] ?? '', one)))
  return [...headings, ...body].map((cells) => cells.join(' '.repeat(gap)).trimEnd())
}

/** A text that others wrote, on one line of at most so many letters. */
export function clip(text: string, most: number = widestCell): string {
  const line = escapeLine(text.length > most * 4 ? text.slice(0, most * 4) : text)
  return line.length <= most ? line : `${whole(line.slice(0, most - 1))}…`
}

function narrowed(columns: readonly Column[], width: number): readonly Sized[] {
  const short = columns.map((column) => sized(column, column.short ?? column.cells, [column.heading]))
  if (total(short) <= width) return short
  let fitted: readonly Sized[] = columns.map((column) => sized(column, column.short ?? column.cells, column.stacked === true ? stack(column.heading) : [column.heading]))
  // The last column that may be cut goes first.
  for (const one of fitted.filter(({ column }) => column.least !== undefined).reverse()) {
    const over = total(fitted) - width
    if (over <= 0) break
    const left = one.width - over
    const least = one.column.least ?? 0
    fitted = left < least && one.column.spare === true ? fitted.filter((other) => other !== one) : fitted.map((other) => (other === one ? cut(one, Math.max(left, least)) : other))
  }
  return fitted
}

/** `linux/arm64/v8` on three lines; what follows the platform, such as an os.version, on one more. */
function stack(heading: string): readonly string[] {
  return heading.split(/(?<=\/)|\s(?=\()/u)
}

function sized(column: Column, cells: readonly string[], heading: readonly string[]): Sized {
  const [shown, head] = [cells.map((cell) => clip(cell)), heading.map((line) => clip(line))]
  return { column, cells: shown, heading: head, width: widest([...shown, ...head]) }
}

function cut(one: Sized, width: number): Sized {
  return { ...one, width, cells: one.cells.map((cell) => (cell.length <= width ? cell : shorten(cell, width))), heading: one.heading.map((line) => whole(line.slice(0, width))) }
}

/** The ends of a text tell more than its middle: `example/very-lo…ckage`. */
function shorten(text: string, width: number): string {
  const tail = Math.floor((width - 1) / 2)
  return `${whole(text.slice(0, width - 1 - tail))}…${whole(text.slice(text.length - tail))}`
}

/** Without the half of a character that a cut left. */
function whole(text: string): string {
  return text.replaceAll(/\p{Cs}/gu, '')
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0)
}

function total(columns: readonly Sized[]): number {
  return columns.reduce((sum, { width }) => sum + width, gap * (columns.length - 1))
}

function pad(text: string, { width, column }: Sized): string {
  return column.align === 'right' ? text.padStart(width) : text.padEnd(width)
}
