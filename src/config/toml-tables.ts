import type { KeyPath } from './toml-value.ts'
import { formatKey } from './toml-value.ts'

/**
 * TOML's rule that a table is defined in one way: by a header, or by dotted keys. The parser lets both of these pass:
 * `[a]` with `b.c = 1` and then `[a.b]`; `[a.b]` and then `[a]` with `b.c = 1`.
 */
export class TableRules {
  readonly #definedBy = new Map<string, 'a header' | 'dotted keys'>()

  /** Why a header may not define this table; undefined where it may. */
  header(path: KeyPath): string | undefined {
    return this.#define(path, 'a header')
  }

  /** Why dotted keys may not define this table; undefined where they may. */
  dotted(path: KeyPath): string | undefined {
    return this.#define(path, 'dotted keys')
  }

  #define(path: KeyPath, way: 'a header' | 'dotted keys'): string | undefined {
    const name = JSON.stringify(path)
    const before = this.#definedBy.get(name) ?? way
    this.#definedBy.set(name, before)
    return before === way ? undefined : `${formatKey(path)} is already defined by ${before}`
  }
}
