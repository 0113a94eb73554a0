import { setTimeout as wait } from 'node:timers/promises'
import { cancelled } from '../errors.ts'
import type { Report } from '../events.ts'
import { Setback } from './setback.ts'

/** Waits; rejects as soon as the signal says stop. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

export interface RetryPolicy {
  readonly maxTries: number
  readonly sleep: Sleep
  /** In [0, 1), for the jitter. */
  readonly random: () => number
}

/** What is tried, for the error and for who watches. */
export interface Attempted {
  readonly step: string
  readonly value: string
  readonly signal?: AbortSignal | undefined
  readonly report: Report
  /** Told of each wait before it begins. */
  readonly onDelay?: ((setback: Setback, delayMs: number) => void) | undefined
}

const firstDelayMs = 500
const longestDelayMs = 20_000
/** A registry that wants us to come back later than this gets an error now. */
const longestAskedMs = 5 * 60_000

export const sleepFor: Sleep = async (ms, signal) => {
  await wait(ms, undefined, signal === undefined ? {} : { signal })
}

/** Tries until it works, another try makes no sense, or there were enough. Throws a `PackagerError` that says how many. */
export async function retrying<T>(policy: RetryPolicy, attempted: Attempted, attempt: (number: number) => Promise<T>): Promise<T> {
  const { step, value, signal, report } = attempted
  for (let number = 1; ; number += 1) {
    try {
      return await attempt(number)
    } catch (error) {
      if (!(error instanceof Setback)) throw error
      const delayMs = delayBefore(error, number, policy)
      if (!error.facts.transient || number >= policy.maxTries || delayMs > longestAskedMs) throw error.toError(step, value, number)
      report({ type: 'retry', action: `${step} ${value}`, reason: error.message, attempt: number, delayMs })
      attempted.onDelay?.(error, delayMs)
      await policy.sleep(delayMs, signal).catch((cause: unknown) => {
        throw cancelled(step, cause)
      })
    }
  }
}

/** `Retry-After` where there is one; else twice as long each time, between half and all of it by chance, so that many clients spread out. */
function delayBefore({ facts }: Setback, number: number, { random }: RetryPolicy): number {
  const backoff = Math.min(longestDelayMs, firstDelayMs * 2 ** (number - 1)) * (0.5 + random() / 2)
  return Math.round(facts.retryAfterMs ?? backoff)
}

/** `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
