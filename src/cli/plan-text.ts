import type { PlannedLayer, RunPlan } from '../publish/run-plan.ts'
import { escapeLine } from '../escape.ts'
import { count, formatBytes } from '../quantities.ts'

/** Files of one layer that are listed without `-v`. */
const SHORT_LIST = 12

/** `--dry-run` for people: names, images with their roots, and what is in each layer and what is left out. */
export function planText(plan: RunPlan, verbose: boolean): string {
  const sections = [header(plan), images(plan), ...plan.layers.map((layer) => layerText(layer, verbose ? Infinity : SHORT_LIST))]
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function header(plan: RunPlan): string[] {
  const rows: [string, string][] = [
    ['name', plan.name],
    ...plan.tags.filter((tag) => tag !== plan.name).map((tag, index): [string, string] => [index === 0 ? 'tags' : '', tag]),
    ['destination', plan.path === undefined ? plan.destination : `${plan.destination} ${plan.path}`],
    ['makes', plan.kind === 'index' ? `an index over ${count(plan.images.length, 'image')}` : 'one image'],
  ]
  return table(rows, '')
}

function images(plan: RunPlan): string[] {
  const rows = plan.images.map((image) => [
    image.target,
    image.root === undefined ? `on ${image.base ?? ''}` : `root ${image.root}`,
    ...(image.tag === undefined ? [] : [`tag ${image.tag}`]),
  ])
  return ['images', ...table(rows, '  ')]
}

function layerText(layer: PlannedLayer, limit: number): string[] {
  const files = layer.files.slice(0, limit)
  const more = layer.files.length - files.length
  const size = `${layer.digest === undefined ? count(layer.files.length, 'file') : 'taken as it is'}, ${formatBytes(layer.bytes)}`
  return [
    `layer ${escapeLine(layer.module)}: ${size}`,
    ...table([['for', layer.targets.join(', ')], ...(layer.root === '' ? [] : [['root', layer.root]])], '  '),
    ...table(files.map((file) => [file.path, formatBytes(file.size)]), '    '),
    ...(more > 0 ? [`    and ${count(more, 'more file')} (-v lists all)`] : []),
    ...leftOut('left out', layer.excluded, limit),
    ...leftOut('beside the platform folders, in no layer', layer.outside ?? [], limit),
  ]
}

function leftOut(heading: string, excluded: readonly string[], limit: number): string[] {
  const shown = excluded.slice(0, limit).map(escapeLine)
  const more = excluded.length - shown.length
  if (shown.length === 0) return []
  return [`  ${heading}`, ...shown.map((path) => `    ${path}`), ...(more > 0 ? [`    and ${more} more (-v lists all)`] : [])]
}

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[], indent: string): string[] {
  const cells = rows.map((row) => row.map(escapeLine))
  const widths = (cells[0] ?? []).map((_, column) => cells.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0))
  return cells.map((row) => `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}`)
}
