import { cancelled } from '../errors.ts'
import type { Sleep } from './retry.ts'

/** After so many answers without a new complaint one more request may be under way. */
const patience = 8

/**
 * How fast one registry is spoken to. Nothing holds requests back until the first 429; from then on no request starts
 * before the pause is over, and half as many run at once, slowly growing again. Requests that stream a body only
 * wait for the pause: they are few, and one that waits for a place may be what another one's bytes come from.
 */
export class Pace {
  readonly #sleep: Sleep
  readonly #closing: AbortSignal
  readonly #queue: (() => void)[] = []
  #pause: Promise<void> | undefined
  #most = Infinity
  #running = 0
  #calm = 0

  constructor(sleep: Sleep, closing: AbortSignal) {
    this.#sleep = sleep
    this.#closing = closing
  }

  /** The registry has had enough: everyone waits that long. */
  slow(delayMs: number): void {
    this.#most = Math.max(1, Math.floor(Math.min(this.#most, this.#running + 1) / 2))
    this.#calm = 0
    const pause = this.#rest(delayMs, this.#pause)
    this.#pause = pause
    void pause.then(() => this.#resume(pause))
  }

  async #rest(delayMs: number, before: Promise<void> | undefined): Promise<void> {
    // An interrupted rest is over as well: those who wait see the signal themselves.
    await Promise.allSettled([before, this.#sleep(delayMs, AbortSignal.any([this.#closing]))])
  }

  #resume(pause: Promise<void>): void {
    if (this.#pause === pause) this.#pause = undefined
  }

  async run<T>(streams: boolean, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    if (this.#pause !== undefined) await orAborted(this.#pause, signal)
    if (streams) return task()
    await this.#turn()
    try {
      if (signal.aborted) throw cancelled('wait for the registry', signal.reason)
      return await task()
    } finally {
      this.#leave()
    }
  }

  async #turn(): Promise<void> {
    while (this.#running >= this.#most) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve)
      })
    }
    this.#running += 1
  }

  #leave(): void {
    this.#running -= 1
    this.#calm += 1
    if (this.#calm % patience === 0) this.#most += 1
    for (const wake of this.#queue.splice(0)) wake()
  }
}

/** Waits for the promise, but no longer than until the signal says stop. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(cancelled('wait for the registry', signal.reason))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}
