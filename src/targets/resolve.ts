import type { TargetDeclaration } from '../config/buildpack.ts'
import { PackagerError } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { Problem } from '../errors.ts'
import { platformKey } from '../oci/platform.ts'
import { declaredPath, declaredTargets, mostTargets, readDeclared } from './declared.ts'
import { formatTarget, grammarHint, readTarget } from './grammar.ts'
import { checkTarget } from './known.ts'
import { platformOf } from './platform.ts'
import type { Target } from './target.ts'

/** Everything that can name a target. */
export interface TargetSources {
  /** `--target` values, each may be a list separated by commas. */
  readonly flags: readonly string[]
  /** Of buildpack.toml or extension.toml. */
  readonly moduleTargets: readonly TargetDeclaration[]
  readonly moduleFile: string
  /** Of package.toml. */
  readonly packageTargets: readonly TargetDeclaration[]
  readonly packageFile?: string
  readonly isComposite: boolean
  readonly platformOs: 'linux' | 'windows' | undefined
  /** In Go's words. */
  readonly hostArch: string
}

export interface ResolvedTargets {
  /** At least one, none twice, each with at most one distribution. */
  readonly targets: readonly Target[]
  readonly origin: 'flags' | 'package.toml' | 'buildpack.toml' | 'host'
  readonly warnings: readonly Warning[]
}

/**
 * The targets to build (SPEC-package.md section 2), from the first of these that names any: the flags; package.toml for a
 * composite, the module's own file for the others; else one target of the host's architecture. One per distribution,
 * equal ones once, in the order they are named. `origin` says `buildpack.toml` for an extension's file too.
 *
 * Throws `USAGE` for flags and `CONFIG`, with places, for files; whichever it is, with all that is wrong.
 */
export function resolveTargets(sources: TargetSources): ResolvedTargets {
  const { origin, named } = namedTargets(sources)
  const targets = named.length > 0 ? withoutRepeats(named) : [hostTarget(sources)]
  return { targets, origin, warnings: [...sourceWarnings(sources, origin, targets), ...twinWarnings(targets)] }
}

/** What is wrong with the `[[targets]]` that would be built: what `resolveTargets` throws, for callers that gather it with more. */
export function targetProblems(sources: Pick<TargetSources, 'flags' | 'isComposite' | 'moduleTargets' | 'moduleFile' | 'packageTargets' | 'packageFile'>): readonly Problem[] {
  const { flags, isComposite, moduleTargets, moduleFile, packageTargets, packageFile = 'package.toml' } = sources
  if (flags.length > 0) return []
  return isComposite ? readDeclared(packageTargets, packageFile).problems : readDeclared(moduleTargets, moduleFile).problems
}

function namedTargets(sources: TargetSources): { readonly origin: ResolvedTargets['origin']; readonly named: readonly Target[] } {
  const { flags, moduleTargets, moduleFile, packageTargets, packageFile = 'package.toml', isComposite } = sources
  if (flags.length > 0) return { origin: 'flags', named: flagTargets(flags).map((target) => withDeclaredPath(target, sources)) }
  if (isComposite && packageTargets.length > 0) return { origin: 'package.toml', named: declaredTargets(packageTargets, packageFile) }
  if (!isComposite && moduleTargets.length > 0) return { origin: 'buildpack.toml', named: declaredTargets(moduleTargets, moduleFile) }
  return { origin: 'host', named: [] }
}

/**
 * What `--target` values name, one for each distribution.
 *
 * @throws PackagerError `USAGE` with all that is wrong with any of them
 */
export function flagTargets(flags: readonly string[]): readonly Target[] {
  const read = flags.flatMap((flag) => flag.split(',')).map((text) => readTarget(text.trim()))
  const wrong = read.filter(({ faults }) => faults.length > 0)
  const targets = read.flatMap((each) => each.targets)
  if (targets.length > mostTargets) {
    throw new PackagerError({
      code: 'USAGE',
      step: 'read --target',
      found: `${targets.length} targets`,
      wanted: `at most ${mostTargets}, each distribution counted`,
    })
  }
  if (wrong.length === 0) return targets
  const found = wrong.map(({ text, faults }) => faults.map((fault) => `"${text}": ${fault.found}, want ${fault.wanted}`).join('; ')).join('; ')
  throw new PackagerError({ code: 'USAGE', step: 'read --target', found, hint: grammarHint })
}

/** A flag chooses among the declared targets: the folder that one of them names is the folder of the flag's target too. */
function withDeclaredPath(target: Target, { moduleTargets, moduleFile }: TargetSources): Target {
  const declaredFor = ({ os, arch, variant = '' }: TargetDeclaration) => os === target.os && arch === target.arch && variant === (target.variant ?? '')
  const fits = moduleTargets.filter(declaredFor)
  const exact = fits.find(({ distros }) => distros.some((each) => each.name === target.distro?.name && each.version === target.distro.version))
  const declaration = exact ?? fits.find(({ distros }) => distros.length === 0)
  return declaration === undefined ? target : { ...target, ...declaredPath(declaration, moduleTargets.indexOf(declaration), moduleFile) }
}

function withoutRepeats(targets: readonly Target[]): readonly Target[] {
  const named = new Map<string, Target>()
  for (const target of targets) if (!named.has(formatTarget(target))) named.set(formatTarget(target), target)
  return [...named.values()]
}

function hostTarget({ platformOs = 'linux', hostArch }: TargetSources): Target {
  const target = { os: platformOs, arch: hostArch }
  const [fault] = checkTarget(target)
  if (fault === undefined) return target
  const hint = 'name one with --target, or declare [[targets]]'
  throw new PackagerError({ code: 'USAGE', step: 'choose a target for this host', found: fault.found, wanted: fault.wanted, hint })
}

function sourceWarnings(sources: TargetSources, origin: ResolvedTargets['origin'], targets: readonly Target[]): readonly Warning[] {
  const { isComposite, packageTargets, platformOs, moduleFile, packageFile = 'package.toml' } = sources
  const file = isComposite ? packageFile : moduleFile
  const warnings: Warning[] = []
  if (!isComposite && packageTargets.length > 0) {
    const message = `[[targets]] of ${packageFile} are not used: only a composite takes its targets from there`
    warnings.push({ message, hint: `move them to ${moduleFile}` })
  }
  if (platformOs !== undefined && origin === 'host') {
    warnings.push({ message: `platform.os of ${packageFile} is deprecated`, hint: `declare [[targets]] in ${file} in its place` })
  }
  if (platformOs !== undefined && origin !== 'host') {
    const others = targets.filter(({ os }) => os !== platformOs).map(formatTarget)
    const clash = others.length === 0 ? '' : `, and says "${platformOs}" where the target is ${others.join(', ')}`
    const by = origin === 'flags' ? '--target' : '[[targets]]'
    warnings.push({ message: `platform.os of ${packageFile} is not used: ${by} names the os${clash}`, hint: 'remove [platform]' })
  }
  if (origin === 'host') {
    const hint = `declare [[targets]] with os and arch in ${file}, or name one with --target`
    warnings.push({ message: `nothing names a target: building ${targets.map(formatTarget).join(', ')}, this host's architecture`, hint })
  }
  return warnings
}

/** Two images that an index cannot tell apart: distributions without a version, or with the same one. */
function twinWarnings(targets: readonly Target[]): readonly Warning[] {
  const first = new Map<string, Target>()
  return targets.flatMap((target) => {
    const key = platformKey(platformOf(target))
    const twin = first.get(key)
    if (twin === undefined) first.set(key, target)
    if (twin === undefined) return []
    const pair = `${formatTarget(twin)} and ${formatTarget(target)}`
    const message = `${pair} have the same platform in the index: it holds a distribution's version, not its name`
    return [{ message, hint: 'give their distributions different versions' }]
  })
}
