import type { Problem } from '../errors.ts'

/**
 * What reading a config file gives: everything wrong with it at once. `value` is there only when `problems` is empty;
 * `warnings` (unknown keys with the nearest known one, deprecated keys) never stop a run without `--strict`.
 */
export interface Checked<T> {
  readonly value: T | undefined
  /** What could be read in spite of problems: enough to look for more of them elsewhere, never to make anything of. Absent beside a value. */
  readonly draft?: T | undefined
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}
