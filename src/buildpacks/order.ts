import type { ModuleFacts } from './module.ts'
import { isComposite, moduleName } from './module.ts'

/** What is wrong with the orders of a package, in words; empty where all is well. */
export interface OrderFaults {
  /** Entries of an order that no module of the package is, with the module whose order it is. */
  readonly unresolved: readonly { readonly entry: string; readonly of: string; readonly near: readonly string[] }[]
  /** Modules that no order names, at any depth. */
  readonly unused: readonly string[]
}

/**
 * Checks that the modules of a package and its orders belong together (SPEC-package.md section 1, "Checks"): every entry of
 * every composite's order is a module of the package, and every dependency that is a buildpack is named by an
 * order that the main module leads to.
 */
export function checkOrders(main: ModuleFacts, dependencies: readonly ModuleFacts[]): OrderFaults {
  const modules = new Map([main, ...dependencies].map((module) => [moduleName(module), module]))
  const unresolved = [...modules.values()].flatMap((module) =>
    entriesOf(module)
      .filter((entry) => !modules.has(entry))
      .map((entry) => ({ entry, of: moduleName(module), near: nearest(entry, [...modules.keys()]) })),
  )
  const reached = reachable(main, modules)
  // What order extensions run in, a builder says: none of a buildpack's own names them.
  const isExtra = ({ kind }: ModuleFacts): boolean => kind === 'extension' && isComposite(main)
  const unused = [...modules].flatMap(([name, module]) => (reached.has(name) || isExtra(module) ? [] : [name]))
  return { unresolved, unused }
}

function reachable(main: ModuleFacts, modules: ReadonlyMap<string, ModuleFacts>): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [moduleName(main)]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue
    reached.add(name)
    const module = modules.get(name)
    if (module !== undefined) waiting.push(...entriesOf(module))
  }
  return reached
}

function entriesOf(module: ModuleFacts): string[] {
  return [...new Set(module.order.flat().map(moduleName))]
}

/** The same id in another version, or the same last part of the id. */
function nearest(entry: string, names: readonly string[]): string[] {
  const [id = ''] = entry.split('@')
  const last = id.split('/').pop()
  return names.filter((name) => name.startsWith(`${id}@`) || name.split('@')[0]?.split('/').pop() === last)
}
