import type { LabelledModule } from '../buildpacks/labels.ts'
import type { ModuleFacts } from '../buildpacks/module.ts'
import { moduleName } from '../buildpacks/module.ts'
import type { Problem } from '../errors.ts'
import type { BuilderPart } from './modules.ts'

/**
 * Modules that fit the builder one by one, but not beside the others: two whose ids differ by `/` and `_` alone would lie in one
 * folder, where one hides parts of the other; and a composite that has itself among its members' members has no end.
 *
 * @param there those that the base has
 * @returns what is wrong, at the place in builder.toml that brings it
 */
export function misplaced(parts: readonly BuilderPart[], there: readonly LabelledModule[]): readonly Problem[] {
  return [...sharedFolders(parts, there), ...circles(parts, there)]
}

/** Where a module lies; ids of buildpacks have `_` for `/` there. */
function folderOf({ kind, id, version }: ModuleFacts): string {
  return `/cnb/${kind}s/${id.replaceAll('/', '_')}/${version}`
}

function sharedFolders(parts: readonly BuilderPart[], there: readonly LabelledModule[]): readonly Problem[] {
  const owners = new Map(there.map(({ facts }) => [folderOf(facts), moduleName(facts)]))
  const problems: Problem[] = []
  for (const { facts, at } of parts) {
    const [folder, name] = [folderOf(facts), moduleName(facts)]
    const owner = owners.get(folder) ?? name
    owners.set(folder, owner)
    if (owner !== name) problems.push({ ...at, message: `${name} would lie in ${folder}, as ${owner} does: give one of them another id or version` })
  }
  return problems
}

function circles(parts: readonly BuilderPart[], there: readonly LabelledModule[]): readonly Problem[] {
  const buildpacks = [...there.map(({ facts }) => facts), ...parts.map(({ facts }) => facts)].filter(({ kind }) => kind === 'buildpack')
  // Of two of the same name the last one is taken.
  const members = new Map(buildpacks.map((facts) => [moduleName(facts), [...new Set(facts.order.flat().map(moduleName))]]))
  const problems: Problem[] = []
  for (const { facts, at } of parts) {
    const circle = facts.kind === 'buildpack' ? wayBack(moduleName(facts), members) : undefined
    if (circle !== undefined) problems.push({ ...at, message: `${moduleName(facts)} is a member of itself: ${circle.join(' > ')}` })
  }
  return problems
}

/** The shortest way from a module over members of members to itself. */
function wayBack(start: string, members: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const seen = new Set<string>()
  const ways: (readonly string[])[] = [[start]]
  for (const way of ways) {
    for (const next of members.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return [...way, next]
      if (!seen.has(next)) ways.push([...way, next])
      seen.add(next)
    }
  }
  return undefined
}
