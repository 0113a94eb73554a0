import type { Distro } from '../config/buildpack.ts'
import { PackagerError } from '../errors.ts'
import type { TargetFault } from './known.ts'
import { checkTarget, isArchitecture } from './known.ts'
import type { Target } from './target.ts'

/** The form of a `--target` value, for people (SPEC-package.md section 2). */
const targetGrammar = 'os/arch[/variant][:distro[@version][;distro[@version]]...]'

/** A `--target` value as read: what is wrong with it beside what could be read of it. */
export interface ReadTarget {
  readonly text: string
  /** One for each distribution. */
  readonly targets: readonly Target[]
  readonly faults: readonly Pick<TargetFault, 'found' | 'wanted'>[]
}

/**
 * Reads one target in the grammar above, known names only. A target with several distributions is several:
 * `linux/amd64:ubuntu@22.04;debian@12` gives `linux/amd64:ubuntu@22.04` and `linux/amd64:debian@12`.
 */
export function parseTarget(text: string): readonly Target[] {
  const { targets, faults } = readTarget(text)
  const [fault] = faults
  if (fault === undefined) return targets
  const found = faults.map((each) => each.found).join(', ')
  const wanted = faults.map((each) => each.wanted).join(', ')
  throw new PackagerError({ code: 'USAGE', step: 'read target', value: text, found, wanted, hint: grammarHint })
}

export const grammarHint = `a target is ${targetGrammar}, such as linux/arm64/v8 or linux/amd64:ubuntu@22.04`

/** As `parseTarget`, for callers that gather what is wrong. */
export function readTarget(text: string): ReadTarget {
  if (text === '') return { text, targets: [], faults: [{ found: 'an empty target', wanted: 'os/arch' }] }
  if (isArchitecture(text)) return { text, targets: [], faults: [{ found: 'an architecture without its os', wanted: `os/arch, such as linux/${text}` }] }
  const colon = text.indexOf(':')
  const [os = '', arch = '', variant, ...more] = (colon === -1 ? text : text.slice(0, colon)).split('/')
  const distros = colon === -1 ? [] : text.slice(colon + 1).split(';').map(readDistro)
  const platform = { os, arch, ...(variant === undefined ? {} : { variant }) }
  const targets = distros.length === 0 ? [platform] : distros.map((distro) => withDistro(platform, distro))
  const faults = targets.flatMap((target) => checkTarget(target))
  if (more.length > 0) faults.push({ key: 'variant', found: `"${more.join('/')}" after the variant`, wanted: 'at most os/arch/variant' })
  if (variant === '') faults.push({ key: 'variant', found: 'an empty variant', wanted: 'one, or no slash after the architecture' })
  return { text, targets, faults: faults.filter((fault, index) => faults.findIndex((other) => other.found === fault.found) === index) }
}

function withDistro(platform: Target, distro: Distro): Target {
  return { ...platform, distro }
}

/** The version is all after the first `@`: a second one in it is found by the check of names. */
function readDistro(text: string): Distro {
  const at = text.indexOf('@')
  return at === -1 ? { name: text } : { name: text.slice(0, at), version: text.slice(at + 1) }
}

/** The text form that `parseTarget` reads back. */
export function formatTarget({ os, arch, variant, distro }: Target): string {
  const platform = [os, arch, variant ?? ''].filter((part) => part !== '').join('/')
  return distro === undefined ? platform : `${platform}:${formatDistro(distro)}`
}

/** `ubuntu@22.04`; without a version `ubuntu`. */
export function formatDistro({ name, version = '' }: Distro): string {
  return version === '' ? name : `${name}@${version}`
}
