import type { KeyPath } from './toml-value.ts'
import { formatKey } from './toml-value.ts'

/**
 * Where a key, a table's or list's header or an item of a list first stands, and what lies below it: one for each path of a
 * file. A tree, since a file can hold hundreds of thousands of paths that begin alike. Offsets count UTF-16 units.
 */
export class Place {
  readonly start: number
  readonly depth: number
  /** Offsets of a value as written; -1 for what has a header of its own. */
  valueStart = -1
  valueEnd = -1
  /** How many tables `[[headers]]` have put here. */
  tables = 0
  readonly #name: string | number
  readonly #parent: Place | undefined
  #keys: Map<string, Place> | undefined
  #items: Place[] | undefined
  #definedBy: 'a header' | 'dotted keys' | undefined

  constructor(name: string | number = '', start = 0, parent?: Place) {
    this.#name = name
    this.start = start
    this.#parent = parent
    this.depth = parent === undefined ? 0 : parent.depth + 1
  }

  get path(): KeyPath {
    return this.#parent === undefined ? [] : [...this.#parent.path, this.#name]
  }

  /** A key's place, or for a number that of an item; none where the text has not named it yet. */
  below(name: string | number): Place | undefined {
    return typeof name === 'number' ? this.#items?.[name] : this.#keys?.get(name)
  }

  /** The place below of this name, which stands here unless it stood somewhere before. Items come in their order. */
  put(name: string | number, start: number): Place {
    const known = this.below(name)
    if (known !== undefined) return known
    const place = new Place(name, start, this)
    if (typeof name === 'number') (this.#items ??= []).push(place)
    else (this.#keys ??= new Map<string, Place>()).set(name, place)
    return place
  }

  /**
   * Why this table may not be defined in this way, by TOML's rule that it is in one alone. The parser lets both of these
   * pass: `[a]` with `b.c = 1` and then `[a.b]`; `[a.b]` and then `[a]` with `b.c = 1`.
   */
  define(way: 'a header' | 'dotted keys'): string | undefined {
    this.#definedBy ??= way
    return this.#definedBy === way ? undefined : `${formatKey(this.path)} is already defined by ${this.#definedBy}`
  }
}
