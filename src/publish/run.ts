import { reason } from '../errors.ts'
import { silent } from '../events.ts'
import type { Delivery } from './deliver.ts'
import { deliver } from './deliver.ts'
import type { RunOptions, RunResult } from './options.ts'
import type { RunContext } from './resources.ts'
import { openRun } from './resources.ts'
import { openCache } from './workshop.ts'

/**
 * A whole run: plans by `prepare`, makes and sends what that gives, and closes what was opened for it whatever became of it.
 *
 * @throws PackagerError
 */
export async function runDelivery(options: RunOptions, prepare: (context: RunContext) => Promise<Delivery>): Promise<RunResult> {
  const report = options.onEvent ?? silent
  const cache = await openCache(options, report)
  const run = openRun(options, cache, report)
  try {
    const result = await deliver(options, await prepare(run.context), run, cache)
    // What was made is where it should be: what its cache cannot do is no failure any more.
    await cache?.trim(Date.now()).catch((cause: unknown) => report({ type: 'warning', message: `the cache could not be tidied: ${reason(cause)}` }))
    return result
  } finally {
    await run.close()
  }
}

/** Planning alone (`--dry-run`): the cache is opened only where what was pulled before may count. */
export async function runPlanning<T>(options: RunOptions, plan: (context: RunContext) => Promise<T>): Promise<T> {
  const report = options.onEvent ?? silent
  const usesPulled = options.pullPolicy !== undefined && options.pullPolicy !== 'always'
  const run = openRun(options, usesPulled ? await openCache(options, report) : undefined, report)
  try {
    return await plan(run.context)
  } finally {
    await run.close()
  }
}
