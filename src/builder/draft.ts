import { misplaced } from '../buildpacks/misplaced.ts'
import { moduleName } from '../buildpacks/module.ts'
import { programWarnings, secretWarnings } from '../buildpacks/programs.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, locatedError } from '../errors.ts'
import type { Warning } from '../events.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'
import type { BaseFacts } from './base-facts.ts'
import { readBase } from './base-facts.ts'
import type { PlatformImage } from './base.ts'
import type { ListedContent, ModuleContents } from './content.ts'
import type { GatheredBuilder } from './gather.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { BuilderPart } from './modules.ts'
import { modulesFor } from './modules.ts'
import type { Versions } from './order.ts'
import { resolveOrders } from './order.ts'
import type { PlannedModule, TargetDraft } from './model.ts'
import { settled } from './settle.ts'
import { extensionsFault, validateModules } from './validate.ts'

/** What the drafts of all targets are made from. */
export interface DraftSources {
  readonly gathered: GatheredBuilder
  /** Of `--label`. */
  readonly labels: Readonly<Record<string, string>>
  readonly groups: readonly (readonly string[])[]
  readonly contents: ModuleContents
}

export interface CheckedDraft {
  readonly draft: TargetDraft
  readonly problems: readonly Problem[]
  readonly warnings: readonly Warning[]
}

/**
 * One target's builder with all that is wrong with it (SPEC-builder.md section 3, from 3 on).
 *
 * @throws PackagerError `UNSUPPORTED` for a base that is none, and what opening packages and listing files throws
 */
export async function makeDraft(target: Target, image: PlatformImage, lifecycle: Lifecycle, { gathered, labels: own, groups, contents }: DraftSources): Promise<CheckedDraft> {
  const { config } = gathered
  const labels = { ...image.labels, ...own }
  const base = baseOf(image, labels, gathered)
  const distro = base.distro === undefined ? {} : { distro: base.distro }
  const found = await modulesFor({ ...target, ...distro }, gathered.modules)
  const groupOf = ({ facts }: BuilderPart): number | undefined => {
    const group = groups.findIndex((names) => names.includes(moduleName(facts)))
    return group === -1 ? undefined : group
  }
  const listed = await settled(found.parts.map((part) => contents.of(part, groupOf(part) !== undefined)))
  const modules = await settled(found.parts.map(async (part, at): Promise<PlannedModule[]> => {
    const content = listed[at]
    if (content === undefined) return []
    const group = groupOf(part)
    return [{ facts: part.facts, info: part.info, content, group, onBase: await onBase(part, content, group, image, base, contents) }]
  }))
  const names = [...base.modules.map(({ facts }) => facts), ...found.parts.map(({ facts }) => facts)]
  const programs = new Map(found.parts.map((part, at) => [part, listed[at]?.programs ?? []]))
  const { orders, problems: unresolved } = resolveOrders(config, versionsOf(names, 'buildpack'), versionsOf(names, 'extension'))
  const platformOf = (part: BuilderPart): ReturnType<typeof inferred> => (part.from.kind === 'local' ? inferred(programs.get(part) ?? []) : undefined)
  const around = { target, base, lifecycle: lifecycle.facts, names: new Set(names.filter(({ kind }) => kind === 'buildpack').map(moduleName)), platformOf }
  const problems = [
    ...misplacedParts(found.parts, base),
    ...stackFault(image, base, gathered),
    ...extensionFaults(lifecycle, gathered),
    ...found.problems,
    ...validateModules(found.parts, around),
    ...unresolved,
  ]
  const warnings = [
    ...found.warnings,
    ...found.parts.flatMap(({ facts }, at) => secretWarnings(facts, listed[at]?.secrets, '.bpignore')),
    ...missingPrograms(found.parts, listed, target),
    ...(await twiceWarnings(modules.flat(), contents, target)),
    ...oldRunImage(image, base, gathered),
    ...claimedModules(image, base, found.parts),
  ]
  return { draft: { target, image, labels, base, lifecycle, modules: modules.flat(), orders }, problems, warnings }
}

/** What is wrong with it is shown where builder.toml names it. */
function baseOf(image: PlatformImage, labels: Readonly<Record<string, string>>, { config: { file, buildImageAt } }: GatheredBuilder): BaseFacts {
  try {
    return readBase(image, labels, image.shown)
  } catch (cause) {
    if (!(cause instanceof PackagerError)) throw cause
    throw locatedError(cause, { step: 'read build image', value: image.shown, at: { file, ...buildImageAt, key: 'build.image' } })
  }
}

/** In a layer with others it always is another layer; one that the base only says it has is none. */
async function onBase(
  { facts }: BuilderPart,
  content: ListedContent,
  group: number | undefined,
  { layers }: PlatformImage,
  base: BaseFacts,
  contents: ModuleContents,
): Promise<PlannedModule['onBase']> {
  const there = base.modules.find((module) => module.facts.kind === facts.kind && moduleName(module.facts) === moduleName(facts))
  if (there === undefined) return 'none'
  const isThere = group === undefined && layers.some(({ diffID }) => diffID === there.diffID)
  return isThere && (await contents.diffID(content)) === there.diffID ? 'same' : 'other'
}

function misplacedParts(parts: readonly BuilderPart[], base: BaseFacts): readonly Problem[] {
  const [added, there] = [parts.map(({ facts }) => facts), base.modules.map(({ facts }) => facts)]
  return misplaced(added, there).flatMap(({ index, message }) => {
    const part = parts[index]
    return part === undefined ? [] : [{ ...part.at, message }]
  })
}

function versionsOf(modules: readonly { readonly kind: string; readonly id: string; readonly version: string }[], kind: string): Versions {
  const versions = new Map<string, Set<string>>()
  for (const module of modules) if (module.kind === kind) versions.set(module.id, (versions.get(module.id) ?? new Set<string>()).add(module.version))
  return versions
}

/** A buildpack that says nothing of platforms is what its program is for: pack takes that for amd64. */
function inferred(programs: readonly string[]): { readonly os: string; readonly arch: string } | undefined {
  if (programs.length === 0) return undefined
  return programs.includes('bin/build') ? { os: 'linux', arch: 'amd64' } : { os: 'windows', arch: 'amd64' }
}

function stackFault(image: PlatformImage, { stackId }: BaseFacts, { config }: GatheredBuilder): readonly Problem[] {
  if (config.stackId === undefined || config.stackId === stackId) return []
  const has = stackId === '' ? 'has no label io.buildpacks.stack.id' : `has the stack "${stackId}"`
  return [{ file: config.file, ...config.buildImageAt, key: 'build.image', message: `${image.shown} ${has}, want "${config.stackId}" as stack.id says` }]
}

function extensionFaults({ facts }: Lifecycle, { config }: GatheredBuilder): readonly Problem[] {
  const key = config.extensions.length > 0 ? 'extensions' : config.orderExtensions.length > 0 ? 'order-extensions' : undefined
  const fault = key === undefined ? undefined : extensionsFault(facts)
  return key === undefined || fault === undefined ? [] : [{ file: config.file, line: config.extensions[0]?.line ?? 1, column: config.extensions[0]?.column ?? 1, key, message: fault }]
}

function missingPrograms(parts: readonly BuilderPart[], listed: readonly ListedContent[], target: Target): readonly Warning[] {
  return parts.flatMap(({ facts, from }, at) => {
    const layer = listed[at]?.layer
    if (from.kind === 'image' || layer?.kind !== 'made') return []
    const entries = layer.input.parts[0]?.entries ?? []
    return programWarnings({ facts, root: from.root }, target, entries).map(({ message, hint }) => ({
      message: `${moduleName(facts)} for ${message}`,
      ...(hint === undefined ? {} : { hint }),
    }))
  })
}

/** The same module from two places: the last one counts, which is said where it is not the same. */
async function twiceWarnings(modules: readonly PlannedModule[], contents: ModuleContents, target: Target): Promise<readonly Warning[]> {
  const warnings: Warning[] = []
  for (const [at, module] of modules.entries()) {
    const later = modules.slice(at + 1).find(({ facts }) => facts.kind === module.facts.kind && moduleName(facts) === moduleName(module.facts))
    if (later === undefined || (await contents.diffID(later.content)) === (await contents.diffID(module.content))) continue
    warnings.push({
      message: `${formatTarget(target)}: ${moduleName(module.facts)} is listed twice with different content: the last one is taken`,
      hint: 'remove one of them, or give it another version',
    })
  }
  return warnings
}

/** They may be there, as in an image that was squashed, or not: nobody can tell without reading all of it. */
function claimedModules({ shown, layers }: PlatformImage, { modules }: BaseFacts, parts: readonly BuilderPart[]): readonly Warning[] {
  const there = new Set(layers.map(({ diffID }) => diffID))
  const added = new Set(parts.map(({ facts }) => moduleName(facts)))
  const claimed = modules.filter(({ diffID, facts }) => !there.has(diffID) && !added.has(moduleName(facts))).map(({ facts }) => moduleName(facts))
  return claimed.length === 0
    ? []
    : [
        {
          message: `${shown} says that it has ${claimed.join(', ')} in layers that it does not have`,
          hint: 'add these modules to builder.toml, or build that image anew',
        },
      ]
}

/** As pack does: the old label decides stack.toml, and only run.toml has what builder.toml says. */
function oldRunImage(image: PlatformImage, { stackRunImage }: BaseFacts, { config }: GatheredBuilder): readonly Warning[] {
  const [first] = config.runImages
  if (stackRunImage === undefined || first === undefined || stackRunImage.image === first.image) return []
  return [{ message: `${image.shown} is a builder: stack.toml keeps its run image ${stackRunImage.image}, run.toml has ${first.image}`, hint: 'platforms before API 0.12 read stack.toml' }]
}
