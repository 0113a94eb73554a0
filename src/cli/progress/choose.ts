import type { Event } from '../../events.ts'
import type { Context } from '../context.ts'
import { isLiveTerminal } from '../context.ts'
import type { Loudness } from './lines.ts'
import type { Reporter } from './reporter.ts'
import { counted, createLineReporter } from './reporter.ts'

export interface ReporterOptions {
  readonly loudness: Loudness
  /** Nothing at all is to be shown: `--json`. */
  readonly silent: boolean
  /** A live list may be drawn where the terminal can. */
  readonly live: boolean
}

/** The reporter that fits the terminal and the flags. Temporary folders are nothing to show: the process hears of them. */
export async function createReporter(context: Context, options: ReporterOptions): Promise<Reporter> {
  const reporter = await fitting(context, options)
  const report = (event: Event): void => (event.type === 'temporary' ? context.temporary?.(event.folder) : reporter.report(event))
  return { ...reporter, report }
}

/** The live list is loaded only where it is shown. */
async function fitting(context: Context, options: ReporterOptions): Promise<Reporter> {
  if (options.silent) return counted(() => undefined, () => undefined)
  if (!options.live || options.loudness !== 'normal' || !isLiveTerminal(context)) return createLineReporter(context, options.loudness)
  const { createLiveReporter } = await import('./live.ts')
  return createLiveReporter(context)
}
