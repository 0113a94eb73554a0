import { columns } from '../../inspect/differences.ts'
import type { ModuleColumn } from '../../inspect/differences.ts'
import type { InspectedModule } from '../../inspect/inspection.ts'
import type { Column } from './table.ts'
import { tableLines } from './table.ts'

/** A line of the table: a module as most know it, and what each platform has of it. */
interface Row {
  readonly module: InspectedModule
  readonly marks: readonly string[]
}

/**
 * The table `ID VERSION API HOMEPAGE` with a column of marks for each platform: `yes`, `-`, or the version where it differs
 * (SPEC-manifest.md). A module that a platform has in several versions has a line for each.
 */
export function moduleTable(platforms: readonly string[], modules: readonly (readonly InspectedModule[])[], width: number | undefined): readonly string[] {
  const rows = columns(modules).flatMap(rowsOf)
  if (rows.length === 0) return []
  const text = (of: (module: InspectedModule) => string | null): string[] => rows.map(({ module }) => of(module) ?? '')
  const table: readonly Column[] = [
    { heading: 'ID', cells: text(({ id }) => id), least: 16 },
    { heading: 'VERSION', cells: text(({ version }) => version) },
    { heading: 'API', cells: text(({ api }) => api) },
    { heading: 'HOMEPAGE', cells: text(({ homepage }) => homepage), least: 16, spare: true },
    ...platforms.map((heading, index): Column => ({ heading, cells: rows.map(({ marks }) => marks[index] ?? ''), stacked: true })),
  ]
  return tableLines(table.filter(({ heading, cells }) => heading !== 'HOMEPAGE' || cells.some((cell) => cell !== '')), width)
}

function rowsOf(column: ModuleColumn): readonly Row[] {
  const versions = [...new Set(column.modules.flatMap((list) => list.map(({ version }) => version)))]
  const [first] = column.modules.flat()
  if (first === undefined) return []
  if (column.modules.some((list) => list.length > 1)) return versions.map((version) => ofVersion(column, version, first))
  const [shown = first] = [...versions].map((version) => column.modules.flat().filter((module) => module.version === version)).sort((a, b) => b.length - a.length)[0] ?? []
  return [{ module: shown, marks: column.modules.map(([module]) => (module === undefined ? '-' : module.version === shown.version ? 'yes' : module.version)) }]
}

function ofVersion(column: ModuleColumn, version: string, first: InspectedModule): Row {
  const shown = column.modules.flat().find((module) => module.version === version) ?? first
  return { module: shown, marks: column.modules.map((list) => (list.some((module) => module.version === version) ? 'yes' : '-')) }
}
