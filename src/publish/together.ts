import { setTimeout as sleep } from 'node:timers/promises'
import { reason } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Digest } from '../oci/digest.ts'
import type { Store } from '../stores/store.ts'
import { resolveOrNothing } from './append.ts'

/** How often an index that somebody else keeps changing is read again. */
export const tries = 5
/** Two that met once are apart the next time. */
const spreadMs = 100
/** However slow the registry. */
const longestSpreadMs = 1000
/** Between writing a tag and looking at it again. */
const shortestLookMs = 250
const longestLookMs = 3000
/** How often a tag is looked at that still stands for what it stood for before, each time after twice as long. */
const looks = 4

/** A tag that was written on the ground of what it stood for before. */
export interface WrittenTag {
  readonly store: Store
  readonly tag: string
  /** As messages name it. */
  readonly name: string
  readonly digest: Digest
  /** All that this run has seen it stand for; undefined: nothing. */
  readonly earlier: ReadonlySet<Digest | undefined>
  /** From the last look at what it stood for to having written it. */
  readonly exposedMs: number
  readonly report: Report
  readonly signal: AbortSignal
}

/**
 * Whether the tag still stands for what was written; where it does not, somebody else wrote it at the same time and has not
 * seen this. It is looked at after three times as long as this run was exposed: another one that looked before it wrote has
 * written by then, unless its way to the registry is a longer one. No registry offers more: the distribution specification has
 * no write under a condition (its pull request 251).
 *
 * A registry that shows what the tag stood for before is behind, as those that are eventually consistent are: to write that
 * again would undo what others have written since, so it is only looked at again, and in the end told.
 */
export async function stillStands(written: WrittenTag): Promise<boolean> {
  const { digest, earlier, name, exposedMs, report, signal } = written
  let waitMs = Math.min(Math.max(exposedMs * 3, shortestLookMs), longestLookMs)
  for (let look = 1; look <= looks; look += 1) {
    await pause(waitMs, signal)
    if (signal.aborted) return true
    const now = await lookAt(written)
    if (now === 'unknown' || now === digest) return true
    if (!earlier.has(now)) return now === undefined
    waitMs = Math.min(waitMs * 2, longestLookMs)
  }
  report({ type: 'warning', message: `${name} was written, and the registry still shows what it stood for before`, hint: oneLost })
  return true
}

const oneLost = 'if another job changed it in the same moment, one of the two changes may be lost'

async function lookAt({ store, tag, name, report, signal }: WrittenTag): Promise<Digest | 'unknown' | undefined> {
  try {
    return (await resolveOrNothing(store, tag, signal))?.digest
  } catch (cause) {
    report({ type: 'warning', message: `${name} was written, and could not be read again: ${reason(cause)}`, hint: oneLost })
    return 'unknown'
  }
}

/** Before the next try, the longer the more there were, and the longer one takes. */
export async function stepBack(number: number, exposedMs: number, signal: AbortSignal): Promise<void> {
  await pause(Math.random() * Math.min(Math.max(exposedMs, spreadMs), longestSpreadMs) * 2 ** number, signal)
}

/** An interrupt ends the waiting, and whoever waited sees it. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** What is told of a try that has to be made again. */
export function metText(name: string, isWritten: boolean): string {
  return isWritten ? `${name} was set by somebody else in the same moment: changing what they made of it` : `${name} was changed by somebody else meanwhile: reading it again`
}
