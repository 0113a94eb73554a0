import type { Problem } from '../errors.ts'
import type { Checked } from './checked.ts'
import type { TomlDocument } from './toml.ts'
import type { KeyPath } from './toml-value.ts'
import { formatKey } from './toml-value.ts'

/** Collects what is wrong with one file; every message is about a path in it. */
export class Findings {
  readonly file: string
  readonly document: TomlDocument
  readonly #problems: Problem[] = []
  readonly #warnings: Problem[] = []
  readonly #keys = new Set<string>()

  constructor(file: string, document: TomlDocument) {
    this.file = file
    this.document = document
  }

  /** One problem for each key, the first: what has the wrong type is not missing as well. */
  problem(path: KeyPath, message: string): void {
    if (path.length > 0 && this.has(path)) return
    this.#keys.add(formatKey(path))
    this.#problems.push(this.#at(path, message))
  }

  /** Whether something is already said of this key. */
  has(path: KeyPath): boolean {
    return this.#keys.has(formatKey(path))
  }

  warning(path: KeyPath, message: string): void {
    this.#warnings.push(this.#at(path, message))
  }

  /** The value, unless something is wrong with the file. Findings come in the order of the file. */
  checked<T>(value: T): Checked<T> {
    const problems = this.#problems.toSorted(inOrder)
    const warnings = this.#warnings.toSorted(inOrder)
    return problems.length === 0 ? { value, problems, warnings } : { value: undefined, draft: value, problems, warnings }
  }

  #at(path: KeyPath, message: string): Problem {
    return { file: this.file, ...this.document.locate(path), key: formatKey(path), message }
  }
}

function inOrder(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column
}
