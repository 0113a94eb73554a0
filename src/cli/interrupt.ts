import { setMaxListeners } from 'node:events'
import { rmSync } from 'node:fs'
import { EXIT } from './fault.ts'

/** How long tidying up may still take after the second signal: longer than it takes, shorter than anybody minds. */
const graceMs = 500

/** What signals do to a run. */
export interface Interrupts {
  /** Aborted by the first one. */
  readonly signal: AbortSignal
  /** Told of each temporary folder as it is made. */
  readonly temporary: (folder: string) => void
  /** A signal has come. */
  readonly interrupt: () => void
}

/**
 * The first signal asks the run to stop and tidy up. The second ends it: after a moment, since npm and terminals send one
 * Ctrl-C twice, and not without removing the temporary folders, which a run that hangs does no more. A third one does not
 * wait for the moment to be over.
 */
export function createInterrupts(exit: (code: number) => void, patienceMs: number = graceMs): Interrupts {
  const controller = new AbortController()
  // Every request and file in flight listens to it; Node would warn of a leak from the eleventh on.
  setMaxListeners(0, controller.signal)
  const folders = new Set<string>()
  const end = (): void => {
    for (const folder of folders) removeNow(folder)
    exit(EXIT.interrupted)
  }
  let signals = 0
  const interrupt = (): void => {
    signals += 1
    if (signals === 1) controller.abort()
    else if (signals === 2) setTimeout(end, patienceMs)
    else end()
  }
  return { signal: controller.signal, temporary: (folder) => folders.add(folder), interrupt }
}

/** What is still being written into it may make the first try fail. */
function removeNow(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 10 })
  } catch {
    // Nobody waits any more to hear of it.
  }
}
