import type { ModuleFacts } from './module.ts'
import { moduleName } from './module.ts'

/** One of the modules that were added, and what is wrong with it. */
export interface Misplaced {
  readonly index: number
  readonly message: string
  /** Of a composite that leads to itself, the member of its own order that does. */
  readonly member?: string
}

/**
 * What cannot lie beside the other modules of an image, in a package as on a builder.
 *
 * @param there those that the image has already
 */
export function misplaced(added: readonly ModuleFacts[], there: readonly ModuleFacts[] = []): readonly Misplaced[] {
  return [...sharedFolders(added, there), ...circles(added, there)]
}

/** Where a module lies; ids of buildpacks have `_` for `/` there. */
function folderOf({ kind, id, version }: ModuleFacts): string {
  return `/cnb/${kind}s/${id.replaceAll('/', '_')}/${version}`
}

/** Modules whose ids differ by `/` and `_` alone, which would lie in one folder: one hides parts of the other there. */
function sharedFolders(added: readonly ModuleFacts[], there: readonly ModuleFacts[]): readonly Misplaced[] {
  const owners = new Map(there.map((facts) => [folderOf(facts), moduleName(facts)]))
  return added.flatMap((facts, index) => {
    const [folder, name] = [folderOf(facts), moduleName(facts)]
    const owner = owners.get(folder) ?? name
    owners.set(folder, owner)
    return owner === name ? [] : [{ index, message: `${name} would lie in ${folder}, as ${owner} does: give one of them another id or version` }]
  })
}

/** Composites with themselves among their members' members: a lifecycle that reads such an order comes to no end. */
function circles(added: readonly ModuleFacts[], there: readonly ModuleFacts[]): readonly Misplaced[] {
  const buildpacks = [...there, ...added].filter(({ kind }) => kind === 'buildpack')
  // Of two of the same name the last one is taken.
  const members = new Map(buildpacks.map((facts) => [moduleName(facts), [...new Set(facts.order.flat().map(moduleName))]]))
  return added.flatMap((facts, index) => {
    const circle = facts.kind === 'buildpack' ? wayBack(moduleName(facts), members) : undefined
    return circle === undefined ? [] : [{ index, message: `${moduleName(facts)} is a member of itself: ${circle.join(' > ')}`, ...(circle[1] === undefined ? {} : { member: circle[1] }) }]
  })
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
