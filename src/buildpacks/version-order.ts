/** A version that orders by semver's rules: three numbers, then what comes before a release. */
interface Version {
  readonly numbers: readonly string[]
  readonly before: readonly string[]
}

/** As semver.org has it, but that `1` and `1.2`, which buildpacks also have, read as `1.0.0` and `1.2.0`. */
const pattern = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/

/**
 * Orders versions by semver (semver.org, 11): `1.0.0-rc.2` < `1.0.0-rc.10` < `1.0.0` < `1.10.0`. What is no version comes
 * before all that are, in the order of its text. Negative where `a` is older than `b`.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)]
  if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined) || compareTexts(a, b)
  return compareLists(left.numbers, right.numbers) || compareBefore(left.before, right.before)
}

function parse(text: string): Version | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, major = '0', minor = '0', patch = '0', before] = match
  return { numbers: [major, minor, patch], before: before === undefined ? [] : before.split('.') }
}

/** A release is newer than whatever came before it. */
function compareBefore(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Number(a.length === 0) - Number(b.length === 0)
  return compareLists(a, b)
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index]
    const order = other === undefined ? 1 : compareParts(part, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Numbers by value, however long, and before words; words by their characters. */
function compareParts(a: string, b: string): number {
  const [isNumber, isOther] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber && isOther) return Number(BigInt(a) > BigInt(b)) - Number(BigInt(a) < BigInt(b))
  return Number(isOther) - Number(isNumber) || compareTexts(a, b)
}

function compareTexts(a: string, b: string): number {
  return Number(a > b) - Number(a < b)
}
