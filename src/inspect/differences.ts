import type { Difference, InspectedModule, InspectedOrderMember, InspectedPlatform } from './inspection.ts'
import { platformNames } from './platform-names.ts'

/** One module id, and what each platform has of it. */
export interface ModuleColumn {
  readonly id: string
  readonly modules: readonly (readonly InspectedModule[])[]
}

type Value = string | null

/**
 * Answers "is each architecture the same?" (SPEC-manifest.md): modules that some platforms lack, or have in another version
 * or api; orders and declared targets of the same version that are not the same; a builder's orders; stacks. An index
 * without any buildpack has nothing that could differ.
 */
export function findDifferences(platforms: readonly InspectedPlatform[]): readonly Difference[] {
  const names = platformNames(platforms.map(({ platform }) => platform))
  const difference: Judge = (kind, id, values) => (new Set(values).size < 2 ? [] : [{ kind, id, values: byName(names, values) }])
  const orders = (key: 'order' | 'orderExtensions'): readonly Value[] => platforms.map(({ builder }) => (builder === undefined ? null : formatOrder(builder[key])))
  return [
    ...columns(platforms.map(({ buildpacks }) => buildpacks)).flatMap((column) => ofModule(column, difference)),
    ...columns(platforms.map(({ extensions }) => extensions)).flatMap((column) => ofModule(column, difference)),
    ...amongPresent('order', 'io.buildpacks.buildpack.order', orders('order'), difference),
    ...amongPresent('order', 'io.buildpacks.buildpack.order-extensions', orders('orderExtensions'), difference),
    ...amongPresent('stacks', 'stacks', platforms.map(({ kind, stacks }) => (kind === 'other' ? null : stacks.join(', '))), difference),
  ]
}

/** Makes a difference of values that are not all the same. */
type Judge = (kind: Difference['kind'], id: string, values: readonly Value[]) => readonly Difference[]

/** Where something is missing there is nothing to compare: only those that have it count. */
function amongPresent(kind: Difference['kind'], id: string, values: readonly Value[], difference: Judge): readonly Difference[] {
  return new Set(values.filter((value) => value !== null)).size < 2 ? [] : difference(kind, id, values)
}

/** A record of what is there by name, whatever the names are. */
export function byName<T>(names: readonly string[], values: readonly T[]): Readonly<Record<string, T>> {
  return Object.fromEntries(values.map((value, index) => [names[index] ?? '', value]))
}

/** The ids of all platforms, sorted, with what each platform has of them. */
export function columns(lists: readonly (readonly InspectedModule[])[]): readonly ModuleColumn[] {
  const ids = [...new Set(lists.flatMap((modules) => modules.map(({ id }) => id)))].sort()
  const byId = lists.map(groupById)
  return ids.map((id) => ({ id, modules: byId.map((known) => known.get(id) ?? []) }))
}

function groupById(modules: readonly InspectedModule[]): ReadonlyMap<string, readonly InspectedModule[]> {
  const groups = new Map<string, InspectedModule[]>()
  for (const module of modules) {
    const group = groups.get(module.id)
    if (group === undefined) groups.set(module.id, [module])
    else group.push(module)
  }
  return groups
}

function ofModule({ id, modules }: ModuleColumn, difference: Judge): readonly Difference[] {
  const versions = modules.map((list) => (list.length === 0 ? null : list.map(({ version }) => version).join(', ')))
  const api = amongPresent('api', id, modules.map((list) => (list.length === 0 ? null : apis(list))), difference)
  const kind = versions.includes(null) ? 'missing' : 'version'
  const changed = difference(kind, id, versions)
  // Of different versions the rest is expected to differ.
  if (changed.length > 0) return [...changed, ...api]
  return [
    ...api,
    ...difference('order', id, modules.map((list) => list.map(({ order }) => formatOrder(order)).join('; '))),
    ...difference('targets', id, modules.map((list) => list.map(({ targets }) => targets.join(', ')).join('; '))),
  ]
}

function apis(list: readonly InspectedModule[]): string {
  return [...new Set(list.map(({ api }) => api ?? ''))].join(', ')
}

/** `a@1 b@2? | c@3`: members of a group one after another, `?` for optional ones, groups apart. */
export function formatOrder(order: readonly (readonly InspectedOrderMember[])[]): string {
  return order.map((group) => group.map(({ id, version, optional }) => `${id}${version === '' ? '' : `@${version}`}${optional ? '?' : ''}`).join(' ')).join(' | ')
}
