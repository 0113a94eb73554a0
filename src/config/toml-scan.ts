import { ScanStop, TomlCursor, unescaped } from './toml-cursor.ts'
import { isCalendarDate } from './toml-date.ts'
import { Place } from './toml-place.ts'

/** One key as it stands in the text: its name, and the offsets of the token itself, quotes included. */
export interface KeyToken {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** What the text says and where. Offsets count UTF-16 units from the start of the text. */
export interface TomlScan {
  /** The top of the file, above all that it names. */
  readonly top: Place
  /** Every statement's key and every header, in the order written. */
  readonly statements: readonly Statement[]
  /** Keys that every JavaScript object has too. */
  readonly inherited: readonly KeyToken[]
  readonly dates: readonly (readonly [start: number, end: number])[]
  /** Zeros with an exponent, such as `0e1`. */
  readonly zeros: readonly (readonly [start: number, end: number])[]
  /** Where reading stopped: the end of the text, or the first thing that is not TOML. */
  readonly end: number
  /** Why it stopped, for what the parser would let pass. */
  readonly verdict: string | undefined
}

export interface Statement {
  readonly place: Place
  readonly start: number
}

const deepest = 200
const bareKey = /[A-Za-z0-9_-]+/y
const blank = /[ \t]*/y
const trivia = /(?:[ \t\n]+|#[^\n]*)*/y
const lineEnd = /[ \t]*(?:#[^\n]*)?(?=\n|$)/y
const scalar = /[A-Za-z0-9_.:+-]+/y
const date = /(?:\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?)?|\d\d:\d\d:\d\d(?:\.\d+)?)(?=[\s,\]}#]|$)/y

/**
 * Finds where everything of a TOML text stands. It knows the outline of the grammar only (TOML 1.0: headers, dotted and
 * quoted keys, strings of the four kinds, lists, inline tables, comments) and judges no values: the parser does that,
 * and gives no positions. The text has no carriage returns and no byte order mark.
 */
export function scanToml(text: string): TomlScan {
  return new Scanner(text).scan()
}

class Scanner {
  readonly #cursor: TomlCursor
  readonly #top = new Place()
  #context = this.#top
  readonly #statements: Statement[] = []
  readonly #inherited: KeyToken[] = []
  readonly #dates: (readonly [number, number])[] = []
  readonly #zeros: (readonly [number, number])[] = []

  constructor(text: string) {
    this.#cursor = new TomlCursor(text)
  }

  scan(): TomlScan {
    const cursor = this.#cursor
    let verdict: string | undefined
    try {
      cursor.skip(trivia)
      while (cursor.at < cursor.text.length) this.#statement()
    } catch (stop) {
      if (!(stop instanceof ScanStop)) throw stop
      verdict = stop.verdict
    }
    return { top: this.#top, statements: this.#statements, inherited: this.#inherited, dates: this.#dates, zeros: this.#zeros, end: cursor.at, verdict }
  }

  #statement(): void {
    if (this.#cursor.next() === '[') this.#header()
    else this.#assignment(this.#context)
    if (!this.#cursor.skip(lineEnd)) throw new ScanStop()
    this.#cursor.skip(trivia)
  }

  #header(): void {
    const start = this.#cursor.at
    const isList = this.#cursor.take('[[')
    if (!isList) this.#cursor.expect('[')
    const names = this.#dottedKey().map((token) => token.name)
    this.#cursor.expect(isList ? ']]' : ']')
    let place = this.#top
    for (const name of names.slice(0, -1)) place = lastOf(this.#put(place, name, start))
    place = this.#put(place, names.at(-1) ?? '', start)
    if (!isList) this.#cursor.refuse(start, place.define('a header'))
    else {
      const list = place
      place = this.#put(list, list.tables, start)
      list.tables += 1
    }
    this.#context = place
    this.#statements.push({ place, start })
  }

  #assignment(context: Place): void {
    const start = this.#cursor.at
    let place = context
    for (const token of this.#dottedKey()) {
      if (place !== context) this.#cursor.refuse(token.start, place.define('dotted keys'))
      place = this.#put(place, token.name, token.start)
    }
    this.#statements.push({ place, start })
    this.#cursor.expect('=')
    this.#cursor.skip(blank)
    this.#value(place)
  }

  #dottedKey(): readonly KeyToken[] {
    const tokens: KeyToken[] = []
    do {
      this.#cursor.skip(blank)
      tokens.push(this.#key())
      this.#cursor.skip(blank)
    } while (this.#cursor.take('.'))
    return tokens
  }

  #key(): KeyToken {
    const start = this.#cursor.at
    const quote = this.#cursor.next()
    let name: string
    if (quote === '"') name = unescaped(this.#cursor.line(quote))
    else if (quote === "'") name = this.#cursor.line(quote)
    else if (this.#cursor.skip(bareKey)) name = this.#cursor.text.slice(start, this.#cursor.at)
    else throw new ScanStop()
    const token = { name, start, end: this.#cursor.at }
    if (name in Object.prototype) this.#inherited.push(token)
    return token
  }

  #value(place: Place): void {
    const start = this.#cursor.at
    const first = this.#cursor.next()
    if (first === '"' || first === "'") this.#cursor.string(first)
    else if (first === '[') this.#list(place)
    else if (first === '{') this.#inlineTable(place)
    else if (this.#cursor.skip(date)) this.#date(start)
    else this.#scalar(start)
    place.valueStart = start
    place.valueEnd = this.#cursor.at
  }

  #date(start: number): void {
    const text = this.#cursor.text.slice(start, this.#cursor.at)
    if (!isCalendarDate(text)) this.#cursor.stopAt(start, `${text} is no date of the calendar`)
    this.#dates.push([start, this.#cursor.at])
  }

  /** Digits before a dash or a colon are meant for a date: those in its form are read already. */
  #scalar(start: number): void {
    if (!this.#cursor.skip(scalar)) throw new ScanStop()
    const text = this.#cursor.text.slice(start, this.#cursor.at)
    if (/^\d+[-:]/.test(text)) this.#cursor.stopAt(start, `${text} is no date: write it as 2006-01-02T15:04:05Z, or as a string`)
    if (/^[+-]?0[eE][+-]?\d+(?:_\d+)*$/.test(text)) this.#zeros.push([start, this.#cursor.at])
  }

  #list(place: Place): void {
    this.#cursor.expect('[')
    this.#cursor.skip(trivia)
    for (let index = 0; !this.#cursor.take(']'); index += 1) {
      this.#value(this.#put(place, index, this.#cursor.at))
      this.#cursor.skip(trivia)
      if (!this.#cursor.take(',') && this.#cursor.next() !== ']') throw new ScanStop()
      this.#cursor.skip(trivia)
    }
  }

  #inlineTable(place: Place): void {
    this.#cursor.expect('{')
    this.#cursor.skip(blank)
    if (this.#cursor.take('}')) return
    do {
      this.#cursor.skip(blank)
      this.#assignment(place)
      this.#cursor.skip(blank)
    } while (this.#cursor.take(','))
    this.#cursor.expect('}')
  }

  #put(place: Place, name: string | number, start: number): Place {
    if (place.depth >= deepest) throw new ScanStop('tables and lists lie too deep in one another')
    return place.put(name, start)
  }
}

/** A header below a list of tables speaks of the list's last table. */
function lastOf(place: Place): Place {
  return place.below(place.tables - 1) ?? place
}
