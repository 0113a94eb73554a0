import { PackagerError, formatProblem, reason } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { escapeJson, escapeLine, escapeText } from '../escape.ts'
import type { Paint } from './paint.ts'

/** Exit codes of SPEC.md, "Results". */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Anything that fails while an interrupt is being obeyed counts as the interrupt. */
export function exitCodeOf(error: unknown, interrupted: boolean): ExitCode {
  if (interrupted) return EXIT.interrupted
  if (!(error instanceof PackagerError)) return EXIT.failed
  if (error.code === 'CANCELLED') return EXIT.interrupted
  return error.code === 'USAGE' || error.code === 'CONFIG' ? EXIT.usage : EXIT.failed
}

/** A failure as `--json` writes it to stderr. `causes` and `stack` come with `-v`. */
export interface FaultJson {
  readonly error: {
    readonly code: string
    readonly message: string
    /** Null where there is no next step. */
    readonly hint: string | null
    readonly problems: readonly Problem[]
    readonly causes?: readonly string[]
    readonly stack?: string
  }
}

export function faultJson(error: unknown, verbose: boolean): FaultJson {
  const details = verbose ? verboseDetails(error) : {}
  if (!(error instanceof PackagerError)) {
    return { error: { code: 'INTERNAL', message: reason(error), hint: BUG_HINT, problems: [], ...details } }
  }
  const { code, message, hint, problems } = error
  return { error: { code, message, hint: hint ?? null, problems, ...details } }
}

/** {@link faultJson} on one line that is safe for a terminal: messages quote what registries and command lines say. */
export function faultLine(error: unknown, verbose: boolean): string {
  return `${escapeJson(JSON.stringify(faultJson(error, verbose)))}\n`
}

/**
 * A failure for people: the message, each problem of a config file on a line that an editor can jump to, then the hint.
 * Several mistakes are told one after the other; a hint that they share stands after the last of them.
 * With `-v` also what it was caused by, and the stack of an error that nobody foresaw.
 */
export function faultText(error: unknown, verbose: boolean, paint: Paint): string {
  const parts = error instanceof PackagerError && error.parts.length > 0 ? error.parts : [error]
  const hints = parts.map(hintOf)
  const lines = parts.flatMap((part, at) => {
    const hint = hints[at] === hints[at + 1] ? undefined : hints[at]
    return [...partLines(part, verbose, paint), ...(hint === undefined ? [] : [`${paint.cyan('hint:')} ${escapeText(hint)}`])]
  })
  return `${lines.join('\n')}\n`
}

function partLines(error: unknown, verbose: boolean, paint: Paint): readonly string[] {
  const lines = [`${paint.red('error:')} ${summary(error)}`]
  if (error instanceof PackagerError) lines.push(...error.problems.map((problem) => problemLine(problem, error.message)))
  if (verbose) lines.push(...causes(error).map((cause) => `caused by: ${escapeText(cause)}`))
  if (verbose && !isForeseen(error) && error instanceof Error && error.stack !== undefined) lines.push(escapeText(error.stack))
  return lines
}

function hintOf(error: unknown): string | undefined {
  if (!isForeseen(error)) return BUG_HINT
  return error instanceof PackagerError ? error.hint : undefined
}

/** What the message says already is not said again: then the place alone is new. */
function problemLine({ message, ...place }: Problem, said: string): string {
  const line = formatProblem({ ...place, message })
  return escapeLine(message !== '' && said.endsWith(message) ? line.slice(0, -`: ${message}`.length) : line)
}

const BUG_HINT = 'this is a bug in bp-package; please report it with the command line and the output of -v'

function summary(error: unknown): string {
  return error instanceof PackagerError ? escapeText(error.message) : `unexpected: ${escapeText(reason(error))}`
}

function isForeseen(error: unknown): boolean {
  return error instanceof PackagerError && error.code !== 'INTERNAL'
}

function verboseDetails(error: unknown): { causes: readonly string[]; stack?: string } {
  const stack = error instanceof Error && !isForeseen(error) ? error.stack : undefined
  return { causes: causes(error), ...(stack === undefined ? {} : { stack }) }
}

/** The chain of causes, nearest first. Node's `fetch failed` says nothing without it. */
function causes(error: unknown): string[] {
  const chain: string[] = []
  const seen = new Set<unknown>([error])
  let cause = error instanceof Error ? error.cause : undefined
  while (cause !== undefined && !seen.has(cause)) {
    seen.add(cause)
    chain.push(reason(cause))
    if (cause instanceof AggregateError) chain.push(...cause.errors.map(reason))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return chain
}
