import { columns } from './differences.ts'
import type { ModuleColumn } from './differences.ts'
import type { InspectedModule } from './inspection.ts'

/** A line of a table of modules: a module as most platforms have it, and for each platform the version there, or null. */
export interface ModuleRow {
  readonly module: InspectedModule
  readonly versions: readonly (string | null)[]
}

/** The modules of all platforms by id. One that a platform has in several versions has a line for each. */
export function moduleRows(modules: readonly (readonly InspectedModule[])[]): readonly ModuleRow[] {
  return columns(modules).flatMap(rowsOf)
}

function rowsOf(column: ModuleColumn): readonly ModuleRow[] {
  const all = column.modules.flat()
  const versions = [...new Set(all.map(({ version }) => version))]
  const withVersion = versions.map((version) => all.filter((module) => module.version === version))
  if (column.modules.some((list) => list.length > 1)) return withVersion.flatMap(([module]) => (module === undefined ? [] : [ofVersion(column, module)]))
  const [module] = withVersion.sort((a, b) => b.length - a.length)[0] ?? []
  return module === undefined ? [] : [{ module, versions: column.modules.map(([there]) => there?.version ?? null) }]
}

function ofVersion(column: ModuleColumn, module: InspectedModule): ModuleRow {
  return { module, versions: column.modules.map((list) => (list.some(({ version }) => version === module.version) ? module.version : null)) }
}
