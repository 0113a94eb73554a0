import type { Event, Report } from '../../events.ts'
import type { Context } from '../context.ts'
import { hasColor } from '../context.ts'
import { createPaint } from '../paint.ts'
import { eventText } from './lines.ts'
import type { Loudness } from './lines.ts'
import { INITIAL, advanced } from './state.ts'
import { NOTHING, tallied } from './tally.ts'
import type { Tally } from './tally.ts'

/** Who shows a run's events on stderr. */
export interface Reporter {
  readonly report: Report
  /** What was sent so far. */
  readonly tally: () => Tally
  /** Says that the interrupt was heard. The run goes on until it has cleaned up. */
  readonly interrupted: () => void
  /** Ends all drawing. What is written to stderr afterwards stays. */
  readonly end: (success: boolean) => Promise<void>
}

/** What an interrupted run says at once. */
export const INTERRUPTED = 'interrupted, cleaning up; once more to stop at once'

/** One line for each finished step, no control characters: for pipes, build logs, `-v` and `--no-progress`. */
export function createLineReporter(context: Context, loudness: Loudness): Reporter {
  const paint = createPaint(hasColor(context))
  let state = INITIAL
  let told: Loudness = loudness
  const report = (event: Event): void => {
    const now = context.now()
    const text = eventText(event, state, now, told, paint)
    state = advanced(state, event, now)
    if (text !== undefined) context.stderr.write(`${text}\n`)
  }
  return counted(report, () => {
    // What still ends while all is being cleaned up is no progress any more.
    told = 'quiet'
    context.stderr.write(`${INTERRUPTED}\n`)
  })
}

/** A reporter that shows events in one way and counts what was sent. */
export function counted(show: Report, interrupted: () => void): Reporter {
  let tally = NOTHING
  return {
    report: (event) => {
      tally = tallied(tally, event)
      show(event)
    },
    tally: () => tally,
    interrupted,
    end: async () => undefined,
  }
}
