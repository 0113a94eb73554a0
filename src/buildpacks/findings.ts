import type { Checked } from '../config/checked.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, configError, formatProblem } from '../errors.ts'
import type { Report, Warning } from '../events.ts'

/** Collects what the readers of all config files find, so that the author sees all of it at once. */
export class Findings {
  readonly #report: Report
  readonly #files: readonly string[]
  readonly #problems: Problem[] = []
  readonly #warnings: Warning[] = []

  /** @param files whose problems come before those of others */
  constructor(report: Report, files: readonly string[]) {
    this.#report = report
    this.#files = files
  }

  take<T>(checked: Checked<T>): T | undefined {
    this.add(checked.problems)
    for (const warning of checked.warnings) this.warn({ message: formatProblem(warning) })
    return checked.value
  }

  /** One problem for each key of a file, the first: what has the wrong type is not missing as well. */
  add(problems: readonly Problem[]): void {
    for (const problem of problems) {
      const isKnown = problem.key !== '' && this.#problems.some(({ file, key }) => file === problem.file && key === problem.key)
      if (!isKnown) this.#problems.push(problem)
    }
  }

  warn(warning: Warning): void {
    this.#warnings.push(warning)
  }

  get warnings(): readonly Warning[] {
    return this.#warnings
  }

  get failed(): boolean {
    return this.#problems.length > 0
  }

  /** The warnings are told with the problems: a misspelt key is often why another one is missing. */
  fail(): never {
    for (const warning of this.#warnings) this.#report({ type: 'warning', ...warning })
    throw configError('read the config files', inOrder(this.#problems, this.#files))
  }

  /** A failure on the way of gathering. Where problems are known it is one more of them, or comes of them. */
  failWith(cause: unknown): never {
    if (!this.failed || !(cause instanceof PackagerError) || cause.code === 'CANCELLED') throw cause
    this.add(cause.problems)
    return this.fail()
  }
}

/** Files in the order they were read, problems in the order of their file. */
function inOrder(problems: readonly Problem[], first: readonly string[]): readonly Problem[] {
  const files = [...new Set([...first, ...problems.map(({ file }) => file)])]
  return problems.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column)
}
