import type { ModuleFacts } from '../buildpacks/module.ts'
import { isComposite, moduleName } from '../buildpacks/module.ts'
import type { LifecycleFacts } from '../config/lifecycle.ts'
import { compareApis } from '../config/lifecycle.ts'
import type { Problem } from '../errors.ts'
import { formatDistro } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'
import type { BaseFacts } from './base-facts.ts'
import type { BuilderPart } from './modules.ts'

/** What the modules of one target's builder have to fit. */
export interface Surroundings {
  readonly target: Target
  readonly base: BaseFacts
  readonly lifecycle: LifecycleFacts
  /** Every `id@version` that will be on the builder. */
  readonly names: ReadonlySet<string>
  /** What a module without targets and stacks is for, by its programs; undefined where they do not tell. */
  readonly platformOf: (part: BuilderPart) => { readonly os: string; readonly arch: string } | undefined
}

/** Since when platforms know extensions as builders have them. */
const extensionsSince = '0.13'

/** Checks each module for one target (SPEC-builder.md section 3, 6): all that is wrong, at the place in builder.toml that brings it. */
export function validateModules(parts: readonly BuilderPart[], around: Surroundings): readonly Problem[] {
  return parts.flatMap((part) => faultsOf(part, around).map((message) => ({ ...part.at, message })))
}

/**
 * Extensions need a lifecycle whose newest platform API knows them.
 *
 * @returns what is wrong, for a message
 */
export function extensionsFault({ version, apis }: LifecycleFacts): string | undefined {
  const newest = [...(apis.platform.supported ?? [])].sort(compareApis).at(-1)
  if (newest === undefined || compareApis(newest, extensionsSince) >= 0) return undefined
  return `needs a lifecycle with platform API ${extensionsSince} or newer: lifecycle ${version} has ${newest}`
}

function faultsOf(part: BuilderPart, around: Surroundings): readonly string[] {
  const { facts } = part
  const api = apiFault(facts, around.lifecycle)
  if (facts.kind === 'extension') return api
  if (isComposite(facts)) return [...api, ...membersMissing(facts, around.names)]
  return [...api, ...stackFaults(facts, around.base), ...targetFaults(part, around)]
}

function apiFault(facts: ModuleFacts, { version, apis }: LifecycleFacts): readonly string[] {
  const taken = [...(apis.buildpack.deprecated ?? []), ...(apis.buildpack.supported ?? [])]
  if (taken.includes(facts.api)) return []
  return [`${moduleName(facts)} is made for buildpack API ${facts.api}, lifecycle ${version} takes ${taken.length === 0 ? 'none that it names' : taken.join(', ')}`]
}

function membersMissing(facts: ModuleFacts, names: ReadonlySet<string>): readonly string[] {
  const missing = [...new Set(facts.order.flat().map(moduleName))].filter((name) => !names.has(name))
  return missing.map((name) => `${name}, a member of ${moduleName(facts)}, is not on the builder: add it to [[buildpacks]]`)
}

function stackFaults(facts: ModuleFacts, { stackId, mixins = [] }: BaseFacts): readonly string[] {
  if (facts.stacks.length === 0) return []
  const stack = facts.stacks.find(({ id }) => id === stackId || id === '*')
  if (stack === undefined) {
    return [
      `${moduleName(facts)} does not support the build image's stack ${stackId === '' ? '(it has none)' : `"${stackId}"`}, but ${facts.stacks.map(({ id }) => `"${id}"`).join(', ')}`,
    ]
  }
  const missing = stack.mixins.filter((mixin) => !mixin.startsWith('run:') && !mixins.includes(mixin)).sort()
  return missing.length === 0 ? [] : [`${moduleName(facts)} requires mixins that the build image does not have: ${missing.join(', ')}`]
}

function targetFaults(part: BuilderPart, { target, base, platformOf }: Surroundings): readonly string[] {
  const { facts } = part
  const inferred = facts.targets.length === 0 && facts.stacks.length === 0 ? platformOf(part) : undefined
  const targets = inferred === undefined ? facts.targets : [{ ...inferred, distros: [] }]
  if (targets.length === 0) return []
  const { distro } = base
  const fits = targets.some(({ os, arch, distros }) => {
    const isPlatform = os === target.os && (arch === '' || arch === target.arch)
    return isPlatform && (distros.length === 0 || distro === undefined || distros.some((one) => one.name === distro.name && (one.version ?? distro.version) === distro.version))
  })
  if (fits) return []
  const has = targets.map(({ os, arch, distros }) => `${[os, arch].filter((word) => word !== '').join('/')}${distros.length === 0 ? '' : `:${distros.map(formatDistro).join(';')}`}`)
  const wanted = `${target.os}/${target.arch}${distro === undefined ? '' : `, ${formatDistro(distro)}`}`
  const reason = inferred === undefined ? '' : ' (it declares no targets, and such programs run there alone)'
  return [`${moduleName(facts)} is for ${has.join(', ')}${reason}, the builder's image is ${wanted}`]
}
