/** Longer words are no slips of the hand, and comparing them takes time. */
const longest = 60

/**
 * The candidate an author most likely meant by `word`, or none. Near is: the same but for case, `-` and `_`; a few
 * typing slips (one per three letters, a swap of neighbours counts once); the same letters in another order; or a longer
 * or shorter form with a common beginning. `nearest('manfest', ['manifest'])` is `manifest`, `nearest('distributions', ['distros'])` is `distros`.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > longest) return undefined
  let best: { readonly candidate: string; readonly distance: number } | undefined
  for (const candidate of candidates) {
    const distance = distanceBetween(plainForm(word), plainForm(candidate))
    if (distance === undefined || (best !== undefined && best.distance <= distance)) continue
    best = { candidate, distance }
  }
  return best?.candidate
}

function distanceBetween(word: string, candidate: string): number | undefined {
  if (word === '') return undefined
  const slips = slipsBetween(word, candidate)
  if (slips <= Math.max(1, Math.floor(Math.min(word.length, candidate.length) / 3))) return slips
  if (lettersOf(word) === lettersOf(candidate)) return slips
  const shared = sharedBeginning(word, candidate)
  return shared >= 4 && shared >= Math.min(word.length, candidate.length) - 2 ? slips : undefined
}

function plainForm(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, '')
}

function lettersOf(word: string): string {
  return word.split('').toSorted().join('')
}

function sharedBeginning(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}

/** Edits that turn `a` into `b`: one letter in, out or changed, or two neighbours swapped. */
function slipsBetween(a: string, b: string): number {
  const width = b.length + 1
  const cost = new Map<number, number>()
  const at = (i: number, j: number): number => (i === 0 || j === 0 ? i + j : (cost.get(i * width + j) ?? 0))
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + change)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, at(i - 2, j - 2) + 1)
      cost.set(i * width + j, least)
    }
  }
  return at(a.length, b.length)
}
