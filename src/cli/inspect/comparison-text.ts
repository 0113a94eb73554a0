import type { ComparedSource, Comparison } from '../../inspect/comparison.ts'
import { formatBytes } from '../../quantities.ts'
import type { TextOptions } from './text.ts'
import { clip, tableLines } from './table.ts'

/** Files that are listed without `-v`. */
const shortList = 100

/** `inspect A B` for people: what a release's notes tell of a package. */
export function comparisonText(comparison: Comparison, { width, verbose }: TextOptions): string {
  const { a, b } = comparison
  const sections = [
    [sourceLine('from', a), sourceLine('to', b)],
    platformLines(comparison),
    moduleLines(comparison, width),
    orderLines(comparison),
    sizeLines(comparison, width),
    fileLines(comparison, width, verbose),
  ]
  return `${sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function sourceLine(word: string, { source, digest }: ComparedSource): string {
  return `${word.padEnd(4)}  ${clip(source.name)}${digest === null ? '' : ` (${digest})`}`
}

function platformLines({ platforms: { added, removed, both } }: Comparison): readonly string[] {
  const lines = [...added.map((name) => `  added    ${clip(name)}`), ...removed.map((name) => `  removed  ${clip(name)}`)]
  if (both.length === 0) lines.push('  none is in both: nothing else can be compared')
  return lines.length === 0 ? ['Platforms: the same'] : ['Platforms:', ...lines]
}

/** `all` where it holds for each that both have. */
function platformsText(platforms: readonly string[], { platforms: { both } }: Comparison): string {
  return platforms.length === both.length ? 'all' : platforms.join(', ')
}

function moduleLines(comparison: Comparison, width: number | undefined): readonly string[] {
  const { modules, platforms } = comparison
  if (platforms.both.length === 0) return []
  if (modules.length === 0) return ['Modules: the same']
  return [
    'Modules:',
    ...tableLines(
      [
        { heading: 'CHANGE', cells: modules.map(({ kind }) => kind) },
        { heading: 'ID', cells: modules.map(({ id, type }) => (type === 'extension' ? `${id} (extension)` : id)), least: 16 },
        { heading: 'FROM', cells: modules.map(({ from }) => from ?? '-') },
        { heading: 'TO', cells: modules.map(({ to }) => to ?? '-') },
        { heading: 'PLATFORMS', cells: modules.map((change) => platformsText(change.platforms, comparison)) },
      ],
      width,
    ),
  ]
}

function orderLines(comparison: Comparison): readonly string[] {
  const lines = comparison.orders.flatMap(({ id, from, to, platforms }) => [
    `Order of ${clip(id)} on ${platformsText(platforms, comparison)}:`,
    `  from  ${clip(from, 2000) || 'none'}`,
    `  to    ${clip(to, 2000) || 'none'}`,
  ])
  return lines
}

function sizeLines({ sizes }: Comparison, width: number | undefined): readonly string[] {
  const known = sizes.flatMap(({ platform, from, to }) => (from === null || to === null ? [] : [{ platform, from, to }]))
  if (known.length === 0) return []
  return tableLines(
    [
      { heading: 'PLATFORM', cells: known.map(({ platform }) => platform) },
      { heading: 'FROM', cells: known.map(({ from }) => formatBytes(from)), align: 'right' },
      { heading: 'TO', cells: known.map(({ to }) => formatBytes(to)), align: 'right' },
      { heading: 'CHANGE', cells: known.map(({ from, to }) => change(to - from)), align: 'right' },
    ],
    width,
  )
}

function change(bytes: number): string {
  return bytes === 0 ? '-' : `${bytes > 0 ? '+' : '-'}${formatBytes(Math.abs(bytes))}`
}

function fileLines(comparison: Comparison, width: number | undefined, verbose: boolean): readonly string[] {
  const { files } = comparison
  if (files === null || comparison.platforms.both.length === 0) return []
  if (files.length === 0) return ['Files: the same']
  const shown = verbose ? files : files.slice(0, shortList)
  const table = tableLines(
    [
      { heading: 'CHANGE', cells: shown.map(({ kind }) => kind) },
      { heading: 'MODULE', cells: shown.map(({ module }) => module), least: 12 },
      { heading: 'PATH', cells: shown.map(({ path }) => path), least: 16 },
      { heading: 'FROM', cells: shown.map(({ from }) => from ?? '-'), least: 12, spare: true },
      { heading: 'TO', cells: shown.map(({ to }) => to ?? '-'), least: 12, spare: true },
      { heading: 'PLATFORMS', cells: shown.map(({ platforms }) => platformsText(platforms, comparison)) },
    ],
    width,
  )
  return ['Files:', ...table, ...(files.length > shown.length ? [`and ${files.length - shown.length} more (-v lists all)`] : [])]
}
