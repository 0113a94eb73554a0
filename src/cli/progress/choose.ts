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

/** The reporter that fits the terminal and the flags. The live list is loaded only where it is shown. */
export async function createReporter(context: Context, options: ReporterOptions): Promise<Reporter> {
  if (options.silent) return counted(() => undefined, () => undefined)
  if (!options.live || options.loudness !== 'normal' || !isLiveTerminal(context)) return createLineReporter(context, options.loudness)
  const { createLiveReporter } = await import('./live.ts')
  return createLiveReporter(context)
}
