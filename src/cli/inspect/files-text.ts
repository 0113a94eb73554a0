import type { InspectedFile, InspectedPlatform } from '../../inspect/inspection.ts'
import { formatBytes } from '../../quantities.ts'
import { tableLines } from './table.ts'

/** Files that are listed without `-v`. */
const shortList = 200

/** One path, and what the platforms that have it have there. */
type Row = readonly [path: string, files: readonly InspectedFile[]]

/** The table `MODE SIZE MACHINE PATH` of all platforms' files together; where they differ in one of these it has all of them. */
export function fileTable(platforms: readonly InspectedPlatform[], width: number | undefined, verbose: boolean): readonly string[] {
  const rows = rowsOf(platforms)
  if (rows.length === 0) return []
  const shown = verbose ? rows : rows.slice(0, shortList)
  const more = rows.length - shown.length
  const cells = (of: (file: InspectedFile) => string): string[] => shown.map(([, files]) => [...new Set(files.map(of))].filter((text) => text !== '').join(', '))
  const lines = tableLines(
    [
      { heading: 'MODE', cells: cells(({ mode }) => mode.toString(8).padStart(4, '0')) },
      { heading: 'SIZE', cells: cells(({ type, size }) => (type === 'file' ? formatBytes(size) : type)), align: 'right', least: 12 },
      { heading: 'MACHINE', cells: cells(({ machine }) => machine ?? ''), least: 12 },
      { heading: 'PATH', cells: shown.map(([path]) => path) },
    ],
    width,
  )
  return ['Files:', ...lines, ...(more > 0 ? [`and ${more} more (-v lists all)`] : [])]
}

/** Folders say little: they are in the JSON. */
function rowsOf(platforms: readonly InspectedPlatform[]): readonly Row[] {
  const rows = new Map<string, InspectedFile[]>()
  for (const file of platforms.flatMap(({ files = [] }) => files)) {
    if (file.type === 'folder') continue
    const row = rows.get(file.path)
    if (row === undefined) rows.set(file.path, [file])
    else row.push(file)
  }
  return [...rows].sort(([a], [b]) => Number(a > b) - Number(a < b))
}
