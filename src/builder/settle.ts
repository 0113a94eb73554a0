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
