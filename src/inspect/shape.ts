import type { Problems } from './problems.ts'

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The entries of an object whose values are texts; what is no text is left out. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(isFields(value) ? value : {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** A list of texts; what is no text is left out. */
export function textList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/**
 * Takes somebody else's JSON apart: what is absent or null is empty, and what is of another shape is empty too, with a
 * problem that says where. Nothing it is given makes it throw.
 */
export class Shape {
  readonly #label: string
  readonly #problems: Problems

  constructor(label: string, problems: Problems) {
    this.#label = label
    this.#problems = problems
  }

  /** Undefined for what is no JSON. */
  parse(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch {
      this.wrong('it is no JSON')
      return undefined
    }
  }

  fields(value: unknown, what: string): Fields {
    if (isFields(value)) return value
    if (value !== undefined && value !== null) this.wrong(`${what} is no object`)
    return {}
  }

  list(value: unknown, what: string): readonly unknown[] {
    if (Array.isArray(value)) return value
    if (value !== undefined && value !== null) this.wrong(`${what} is no list`)
    return []
  }

  /** Null for what is absent or empty. */
  text(fields: Fields, key: string, what: string): string | null {
    const value = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (typeof value === 'string') return value === '' ? null : value
    if (value !== undefined && value !== null) this.wrong(`${key} of ${what} is no text`)
    return null
  }

  wrong(found: string): void {
    this.#problems.add(`label ${this.#label}: ${found}`)
  }
}
