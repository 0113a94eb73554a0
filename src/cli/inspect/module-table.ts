import type { InspectedModule } from '../../inspect/inspection.ts'
import { moduleRows } from '../../inspect/module-rows.ts'
import type { ModuleRow } from '../../inspect/module-rows.ts'
import type { Column } from './table.ts'
import { tableLines } from './table.ts'

/**
 * The table `ID VERSION API HOMEPAGE` with a column of marks for each platform: `yes`, `-`, or the version where it differs
 * (SPEC-manifest.md). A module that a platform has in several versions has a line for each.
 */
export function moduleTable(platforms: readonly string[], modules: readonly (readonly InspectedModule[])[], width: number | undefined): readonly string[] {
  const rows = moduleRows(modules)
  if (rows.length === 0) return []
  const text = (of: (module: InspectedModule) => string | null): string[] => rows.map(({ module }) => of(module) ?? '')
  const table: readonly Column[] = [
    { heading: 'ID', cells: text(({ id }) => id), least: 16 },
    { heading: 'VERSION', cells: text(({ version }) => version) },
    { heading: 'API', cells: text(({ api }) => api) },
    { heading: 'HOMEPAGE', cells: text(({ homepage }) => homepage), least: 16, spare: true },
    ...platforms.map((heading, index): Column => ({ heading, cells: rows.map((row) => mark(row, index)), stacked: true })),
  ]
  return tableLines(table.filter(({ heading, cells }) => heading !== 'HOMEPAGE' || cells.some((cell) => cell !== '')), width)
}

function mark({ module, versions }: ModuleRow, platform: number): string {
  const version = versions[platform] ?? null
  return version === null ? '-' : version === module.version ? 'yes' : version
}
