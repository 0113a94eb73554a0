import type { Context } from './context.ts'
import type { Reporter } from './progress/reporter.ts'

/** Runs the work with the reporter watching, and ends its drawing however the work ends. */
export async function follow<T>(reporter: Reporter, context: Context, work: () => Promise<T>): Promise<T> {
  const { signal } = context
  let success = false
  signal.addEventListener('abort', reporter.interrupted, { once: true })
  try {
    const value = await work()
    success = true
    return value
  } finally {
    signal.removeEventListener('abort', reporter.interrupted)
    await reporter.end(success)
  }
}
