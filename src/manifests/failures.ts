import { PackagerError, reason } from '../errors.ts'

/** Does the work for each item, a few at a time, and waits for all of them: every failure is told, not the first alone. */
export async function gather<T, R>(items: readonly T[], concurrency: number, work: (item: T, at: number) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>()
  const failures: { readonly at: number; readonly error: unknown }[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next
      next += 1
      const item = items[at]
      if (item === undefined) continue
      await work(item, at).then(
        (result) => results.set(at, result),
        (error: unknown) => failures.push({ at, error }),
      )
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(concurrency, items.length)) }, worker))
  throwAll(failures.sort((a, b) => a.at - b.at).map(({ error }) => error))
  return [...results.entries()].sort(([a], [b]) => a - b).map(([, result]) => result)
}

/** Throws one error for all of these, or nothing. An interrupt, or what nobody foresaw, stands for itself. */
export function throwAll(errors: readonly unknown[]): void {
  const [first] = errors
  if (errors.length === 0) return
  const alone = errors.find((error) => !(error instanceof PackagerError) || error.code === 'CANCELLED')
  rethrow(alone ?? (errors.length === 1 ? first : undefined))
  const known = errors.filter((error) => error instanceof PackagerError)
  const messages = [...new Set(known.map(({ message }) => message))]
  if (messages.length === 1) rethrow(first)
  const hints = [...new Set(known.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))]
  const usage = known.find(({ code }) => code === 'USAGE')
  throw new PackagerError({
    code: (usage ?? known[0])?.code ?? 'INTERNAL',
    step: `${messages.length} failures`,
    found: `\n${messages.join('\n')}`,
    hint: hints.length === 0 ? undefined : hints.join('\n'),
    cause: first,
  })
}

/** Nobody knows what others throw; here it comes from a promise that was rejected, and goes on as it came. */
function rethrow(error: unknown): void {
  if (error === undefined) return
  throw error instanceof Error ? error : new Error(reason(error))
}
