import type { OrderMember } from '../buildpacks/module.ts'
import type { GroupMember } from '../config/buildpack.ts'
import type { BuilderConfig } from '../config/builder.ts'
import type { Problem } from '../errors.ts'

type Groups = readonly (readonly OrderMember[])[]

/** The lists of builder.toml that name modules, with every version filled in. */
export interface ResolvedOrders {
  readonly order: Groups
  readonly orderExtensions: Groups
  readonly system: { readonly pre: readonly OrderMember[]; readonly post: readonly OrderMember[] }
}

/** By id, the versions that a builder has. */
export type Versions = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Finds what the orders and the system's lists name among the modules of a builder (SPEC-builder.md section 3, 7). A member
 * without a version means the only one there is.
 *
 * @returns with all that cannot be found, each at its place
 */
export function resolveOrders(config: BuilderConfig, buildpacks: Versions, extensions: Versions): { readonly orders: ResolvedOrders; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const find = (members: readonly GroupMember[], path: string, known: Versions): readonly OrderMember[] =>
    members.map((member, index) => {
      const { version = member.version, fault } = findVersion(member, known)
      if (fault !== undefined) problems.push({ file: config.file, line: member.line, column: member.column, key: `${path}[${index}]`, message: fault })
      return { id: member.id, version, optional: member.optional, extra: member.extra }
    })
  const groups = (key: 'order' | 'order-extensions', list: BuilderConfig['order'], known: Versions): Groups => list.map((group, at) => find(group, `${key}[${at}].group`, known))
  const orders = {
    order: groups('order', config.order, buildpacks),
    orderExtensions: groups('order-extensions', config.orderExtensions, extensions),
    system: { pre: find(config.system.pre, 'system.pre.buildpacks', buildpacks), post: find(config.system.post, 'system.post.buildpacks', buildpacks) },
  }
  return { orders, problems }
}

function findVersion({ id, version }: GroupMember, known: Versions): { readonly version?: string; readonly fault?: string } {
  const versions = [...(known.get(id) ?? [])]
  const [only] = versions
  if (only === undefined) return { fault: `${id} is not on the builder${has([...known.keys()])}` }
  if (version !== '') return versions.includes(version) ? { version } : { fault: `${id}@${version} is not on the builder, which has ${versions.map((one) => `${id}@${one}`).join(', ')}` }
  return versions.length === 1 ? { version: only } : { fault: `the builder has several versions of ${id}: write version, one of ${versions.join(', ')}` }
}

function has(ids: readonly string[]): string {
  return ids.length === 0 ? ', which has none' : `, which has ${ids.join(', ')}`
}
