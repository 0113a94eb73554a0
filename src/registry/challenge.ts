/** One way in that a server offers (RFC 9110, section 11.6.1). Scheme and parameter names are lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string | undefined>>
}

/** Longer headers are cut: no honest challenge comes near, and the work stays small. */
const longest = 8192

const tokenChar = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/
const blank = /[ \t]/

/**
 * Reads `WWW-Authenticate`, several challenges in one header included. What is not grammar is skipped, one character
 * at a time and never looked at again, so that no input takes more than linear time.
 *
 * @example
 * parseChallenges('Bearer realm="https://auth.example/token",service="r",scope="repository:a:pull,push", Basic realm="x"')
 * // [{ scheme: 'bearer', parameters: { realm: 'https://auth.example/token', service: 'r', scope: 'repository:a:pull,push' } },
 * //  { scheme: 'basic', parameters: { realm: 'x' } }]
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const scanner = new Scanner(header.slice(0, longest))
  const challenges: { scheme: string; parameters: Record<string, string> }[] = []
  while (!scanner.done) {
    const word = scanner.token()
    if (word === '') {
      scanner.skip()
      continue
    }
    const value = scanner.value()
    if (value === undefined) challenges.push({ scheme: word.toLowerCase(), parameters: Object.create(null) as Record<string, string> })
    else setOnce(challenges.at(-1)?.parameters, word.toLowerCase(), value)
  }
  return challenges
}

/** The first value stands; a parameter before any scheme belongs to nothing. */
function setOnce(parameters: Record<string, string> | undefined, name: string, value: string): void {
  if (parameters !== undefined && !(name in parameters)) parameters[name] = value
}

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.#at >= this.#text.length
  }

  skip(): void {
    this.#at += 1
  }

  /** A token, or `''` where none begins. */
  token(): string {
    const start = this.#at
    while (!this.done && tokenChar.test(this.#peek())) this.#at += 1
    return this.#text.slice(start, this.#at)
  }

  /** What follows `=`; `undefined` where there is no `=`, so that the word before was a scheme. */
  value(): string | undefined {
    const back = this.#at
    this.#blanks()
    if (this.#peek() !== '=') {
      this.#at = back
      return undefined
    }
    this.#at += 1
    this.#blanks()
    return this.#peek() === '"' ? this.#quoted() : this.token()
  }

  #quoted(): string {
    this.#at += 1
    const parts: string[] = []
    while (!this.done && this.#peek() !== '"') {
      if (this.#peek() === '\\') this.#at += 1
      parts.push(this.#peek())
      this.#at += 1
    }
    this.#at += 1
    return parts.join('')
  }

  #blanks(): void {
    while (!this.done && blank.test(this.#peek())) this.#at += 1
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }
}
