const escapes: ReadonlyMap<string, string> = new Map([['b', '\b'], ['t', '\t'], ['n', '\n'], ['f', '\f'], ['r', '\r'], ['"', '"'], ['\\', '\\']])

/** Thrown by a cursor where the text is not what it must be, and caught by the scanner that moves it. */
export class ScanStop extends Error {
  /** What is wrong, where the scanner knows better than the parser. */
  readonly verdict: string | undefined

  constructor(verdict?: string) {
    super(verdict ?? 'not TOML')
    this.verdict = verdict
  }
}

/** A place in a TOML text that moves forward over tokens. `at` stays on the first thing that does not fit. */
export class TomlCursor {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  next(): string | undefined {
    return this.text[this.at]
  }

  take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  expect(text: string): void {
    if (!this.take(text)) throw new ScanStop()
  }

  /** Moves over what a sticky pattern matches; false, without moving, where it does not match. */
  skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    if (!pattern.test(this.text)) return false
    this.at = pattern.lastIndex
    return true
  }

  /** Moves over a string value of any of the four kinds. */
  string(quote: string): void {
    const long = quote.repeat(3)
    if (!this.text.startsWith(long, this.at)) {
      this.line(quote)
      return
    }
    const start = this.at
    this.at += 3
    while (!this.text.startsWith(long, this.at)) {
      if (this.at >= this.text.length) this.stopAt(start)
      this.at += quote === '"' && this.next() === '\\' ? 2 : 1
    }
    this.at += 3
    // Up to two quotes may stand right before the closing three.
    for (let extra = 0; extra < 2 && this.next() === quote; extra += 1) this.at += 1
  }

  /** Moves over a string on one line; gives what is between its quotes, as written. */
  line(quote: string): string {
    const start = this.at
    this.at += 1
    for (let char = this.next(); char !== quote; char = this.next()) {
      if (char === undefined || char === '\n') this.stopAt(start)
      this.at += quote === '"' && char === '\\' ? 2 : 1
    }
    this.at += 1
    return this.text.slice(start + 1, this.at - 1)
  }

  /** Says what is wrong at an offset, where anything is. */
  refuse(offset: number, verdict: string | undefined): void {
    if (verdict !== undefined) this.stopAt(offset, verdict)
  }

  stopAt(offset: number, verdict?: string): never {
    this.at = offset
    throw new ScanStop(verdict)
  }
}

/** What a basic string's inside stands for. */
export function unescaped(raw: string): string {
  return raw.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([\s\S]))/g, (_, short?: string, long?: string, letter?: string) => {
    const code = short ?? long
    if (code === undefined) return escapes.get(letter ?? '') ?? stop()
    const point = Number.parseInt(code, 16)
    return point > 0x10_ff_ff ? stop() : String.fromCodePoint(point)
  })
}

function stop(): never {
  throw new ScanStop()
}
