/**
 * What went wrong, as a program reads it. `USAGE` and `CONFIG` are the author's to mend (exit code 2),
 * `CANCELLED` is an interrupt (130), everything else is 1 (SPEC.md, "Results").
 */
export type ErrorCode =
  | 'USAGE'
  | 'CONFIG'
  | 'NOT_FOUND'
  | 'UNREADABLE'
  | 'SOURCE_CHANGED'
  | 'SPOOL'
  | 'DIGEST_MISMATCH'
  | 'UNSUPPORTED'
  | 'UNAUTHORIZED'
  | 'CREDENTIALS'
  | 'REGISTRY'
  | 'NETWORK'
  | 'OUTPUT'
  | 'LIST_EXISTS'
  | 'LIST_NOT_FOUND'
  | 'LIST_LOCKED'
  | 'LIST_CORRUPT'
  | 'LIST_EMPTY'
  | 'IMAGE_NOT_FOUND'
  | 'ENTRY_NOT_FOUND'
  | 'ENTRY_AMBIGUOUS'
  | 'PLATFORM_TAKEN'
  | 'PLATFORM_MISSING'
  | 'MIXED_TYPES'
  | 'ANNOTATION_UNSUPPORTED'
  | 'CHILD_GONE'
  | 'CANCELLED'
  | 'INTERNAL'

/** One mistake in a config file. `line` and `column` count from 1; `key` is a path such as `targets[1].distros[0].name`. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly key: string
  readonly message: string
}

/** The parts of a failure. `step` is a verb phrase ("read buildpack.toml"), `value` is what the author gave, quoted in the message. */
export interface Failure {
  readonly code: ErrorCode
  readonly step: string
  readonly value?: string | undefined
  readonly found: string
  readonly wanted?: string | undefined
  readonly hint?: string | undefined
  readonly cause?: unknown
  readonly problems?: readonly Problem[] | undefined
  readonly parts?: readonly PackagerError[] | undefined
}

/**
 * The only error this package throws on purpose. Its message reads
 * `<step> "<value>": got <found>, want <wanted>` (without `wanted`: `<step> "<value>": <found>`), e.g.
 * `read target "linux/quantum": got architecture "quantum", want one of 386, amd64, ...`.
 */
export class PackagerError extends Error {
  override readonly name = 'PackagerError'
  readonly code: ErrorCode
  readonly step: string
  readonly hint: string | undefined
  readonly problems: readonly Problem[]
  /** Several mistakes that are told together, each as it would be told alone; empty where this is one. */
  readonly parts: readonly PackagerError[]

  constructor(failure: Failure) {
    super(withoutPasswords(describe(failure)), failure.cause === undefined ? undefined : { cause: failure.cause })
    this.code = failure.code
    this.step = failure.step
    this.hint = failure.hint === undefined ? undefined : withoutPasswords(failure.hint)
    this.problems = failure.problems ?? []
    this.parts = failure.parts ?? []
  }
}

function describe({ step, value, found, wanted }: Failure): string {
  const subject = value === undefined ? step : `${step} "${value}"`
  return wanted === undefined ? `${subject}: ${found}` : `${subject}: got ${found}, want ${wanted}`
}

/**
 * A password that was typed into a name (`ann:secret@host/path`) would be in every log of the job. Each word is looked at from
 * its beginning alone: from each of its letters, a word of megabytes in somebody else's manifest would take hours.
 */
function withoutPasswords(text: string): string {
  return text.replaceAll(/(?<![^\s"'/@])(:*[^\s"'/@:]+):[^\s"'/@]+@(?!sha\d+:)(?=[^\s"'@]*\/)/g, '$1:REDACTED@')
}

/** `a.toml:3:7: targets[0].os: ...`, the form an editor can jump to (SPEC.md, "Results"). */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`
  return problem.key === '' ? `${place}: ${problem.message}` : `${place}: ${problem.key}: ${problem.message}`
}

/** All of a config's mistakes as one error, so that the author mends them in one go. */
export function configError(step: string, problems: readonly Problem[], hint?: string): PackagerError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new PackagerError({ code: 'CONFIG', step, found: count, hint, problems })
}

/**
 * Runs checks of what the author gave, all of them.
 *
 * @returns what they refuse, each mistake for itself
 * @throws what is no `USAGE`
 */
export async function refusalsOf(checks: readonly (() => unknown)[]): Promise<readonly PackagerError[]> {
  const refusals: PackagerError[] = []
  for (const check of checks) {
    try {
      await check()
    } catch (cause) {
      if (!(cause instanceof PackagerError) || cause.code !== 'USAGE') throw cause
      refusals.push(...(cause.parts.length > 0 ? cause.parts : [cause]))
    }
  }
  return refusals
}

/**
 * Throws what is refused, if anything: one mistake as it is, several as one error with all of them, so that they are mended
 * in one go.
 *
 * @throws PackagerError `USAGE`
 */
export function throwTogether(step: string, refusals: readonly PackagerError[]): void {
  const parts = refusals.filter(({ message }, at) => refusals.findIndex((other) => other.message === message) === at)
  const [first, ...others] = parts
  if (first === undefined) return
  if (others.length === 0) throw first
  const found = [`${parts.length} problems`, ...parts.map(({ message }) => message)].join('\n')
  const hints = [...new Set(parts.flatMap(({ hint }) => hint ?? []))].join('; ')
  throw new PackagerError({ code: 'USAGE', step, found, hint: hints === '' ? undefined : hints, cause: first, parts })
}

/** The system's own word for a failure ("ENOSPC: no space left on device"), without a stack. */
export function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** A failure's message without its step and value, for one that tells the value itself. */
export function withoutStep(failure: PackagerError, value: string): string {
  const told = `${failure.step} "${value}": `
  return failure.message.startsWith(told) ? failure.message.slice(told.length) : failure.message
}

/** A failure that is shown where a config file names what failed: the same, with that place as its problem. */
export function locatedError(
  failure: PackagerError,
  { step, value, at, hint = failure.hint }: { readonly step: string; readonly value: string; readonly at: Omit<Problem, 'message'>; readonly hint?: string },
): PackagerError {
  const found = withoutStep(failure, value)
  return new PackagerError({ code: failure.code, step, value, found, hint, problems: [{ ...at, message: `"${value}": ${found}` }], cause: failure })
}

/** Node's error code (`ENOENT`, `ECONNRESET`), where there is one. */
export function systemCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}

/** A file beside the run, such as a layer being built, that cannot be written. */
export function spoolError(path: string, cause: unknown): PackagerError {
  const hint = 'free some disk space, or name another folder with --cache-dir or TMPDIR'
  return new PackagerError({ code: 'SPOOL', step: 'write temporary file', value: path, found: reason(cause), hint, cause })
}

/** A result that cannot be written to the place that the author named for it. */
export function outputError(step: string, place: string, cause: unknown): PackagerError {
  return new PackagerError({ code: 'OUTPUT', step, value: place, found: reason(cause), hint: outputHints.get(systemCode(cause) ?? ''), cause })
}

const outputHints: ReadonlyMap<string, string> = new Map([
  ...['ENOSPC', 'EDQUOT'].map((code) => [code, 'free some disk space'] as const),
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].map((code) => [code, 'name another place with --output'] as const),
])

/** Throws `CANCELLED` where the signal says stop. Called between steps that cannot be interrupted themselves. */
export function throwIfCancelled(signal: AbortSignal | undefined, step: string): void {
  if (signal?.aborted === true) throw cancelled(step, signal.reason)
}

/** The error of an interrupted step. */
export function cancelled(step: string, cause?: unknown): PackagerError {
  return new PackagerError({ code: 'CANCELLED', step, found: 'interrupted', cause })
}
