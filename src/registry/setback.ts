import type { ErrorCode } from '../errors.ts'
import { PackagerError } from '../errors.ts'

/** Why one try failed, and whether another makes sense. */
export interface SetbackFacts {
  readonly code: ErrorCode
  readonly found: string
  readonly wanted?: string | undefined
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** Of the answer, where there was one. */
  readonly status?: number | undefined
  /** The same request may do better a little later. */
  readonly transient: boolean
  /** How long the registry asks us to wait. */
  readonly retryAfterMs?: number | undefined
}

/**
 * One failed try of one request. It stays inside this room: the retry loop either tries again or turns it into
 * a {@link PackagerError} that says how many tries were made.
 */
export class Setback extends Error {
  override readonly name = 'Setback'
  readonly facts: SetbackFacts

  constructor(facts: SetbackFacts) {
    super(facts.found, { cause: facts.cause })
    this.facts = facts
  }

  toError(step: string, value: string, tries: number): PackagerError {
    const { code, found, wanted, hint, cause } = this.facts
    const counted = tries > 1 ? `${found} (${tries} tries)` : found
    return new PackagerError({ code, step, value, found: counted, wanted, hint, cause })
  }
}
