/**
 * As `Promise.all`, but nothing runs on when it fails: whoever handles the failure removes folders that others still write to.
 *
 * @throws what the first of the promises, in their order, was rejected with
 */
export async function settled<T>(promises: Iterable<Promise<T>>): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(promises)
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

/** Lets so many at once do something, the others wait for their turn. */
export class Turns {
  readonly #lanes: Promise<unknown>[]
  #next = 0

  constructor(atOnce: number) {
    this.#lanes = Array.from({ length: atOnce }, () => Promise.resolve())
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    const lane = this.#next % this.#lanes.length
    this.#next += 1
    const done = (this.#lanes[lane] ?? Promise.resolve()).then(work)
    // The next one of the lane waits, whatever became of this one.
    this.#lanes[lane] = done.catch(() => undefined)
    return done
  }
}
