import type { Inspection, InspectedOrderMember, InspectedPlatform } from '../../inspect/inspection.ts'
import { platformNames } from '../../inspect/platform-names.ts'
import { count, formatBytes, shortDigest } from '../../quantities.ts'
import { differenceLines, noteLines, wrapped } from './differences-text.ts'
import { fileTable } from './files-text.ts'
import { moduleTable } from './module-table.ts'
import type { Column } from './table.ts'
import { clip, tableLines } from './table.ts'

export interface TextOptions {
  /** Columns of the terminal; undefined in a pipe, where nothing is cut to fit. */
  readonly width: number | undefined
  /** Also labels, and the order of every composite. */
  readonly verbose: boolean
}

/** `inspect` for people (SPEC-manifest.md): the source, its platforms, the modules with a mark for each platform, what differs. */
export function inspectionText(inspection: Inspection, { width, verbose }: TextOptions): string {
  const names = platformNames(inspection.platforms.map(({ platform }) => platform))
  const { platforms } = inspection
  const sections = [
    headLines(inspection),
    tableLines(platformColumns(platforms, names), width),
    moduleTable(names, platforms.map(({ buildpacks }) => buildpacks), width),
    titled('Extensions:', moduleTable(names, platforms.map(({ extensions }) => extensions), width)),
    ...orderSections(platforms, verbose, width),
    fileTable(platforms, width, verbose),
    problemLines(platforms, names),
    differenceLines(inspection, verbose, width),
    noteLines(inspection, width),
    ...(verbose ? platforms.map((image, index) => labelLines(image, names[index] ?? '')) : []),
  ]
  return `${sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function headLines({ source, digest, mediaType, annotations, platforms }: Inspection): readonly string[] {
  const builder = platforms.find((image) => image.builder !== undefined)?.builder
  const rows: (readonly [string, string | null])[] = [
    [source.type, source.name],
    ['digest', digest],
    ['media type', mediaType],
    ...Object.entries(annotations).map(([key, value]) => ['annotation', `${key}=${value}`] as const),
    ['builder', builder === undefined ? null : (builder.description ?? '')],
    ['lifecycle', builder?.lifecycle ?? null],
    ['made by', builder?.createdBy ?? null],
    ...(builder?.runImages ?? []).map((image) => ['run image', image] as const),
  ]
  return rows.flatMap(([key, value]) => (value === null ? [] : [`${key.padEnd(10)}  ${clip(value)}`.trimEnd()]))
}

function platformColumns(platforms: readonly InspectedPlatform[], names: readonly string[]): readonly Column[] {
  const columns: readonly Column[] = [
    { heading: 'PLATFORM', cells: names },
    { heading: 'DIGEST', cells: platforms.map(({ digest }) => digest ?? '-'), short: platforms.map(({ digest }) => (digest === null ? '-' : shortDigest(digest))) },
    { heading: 'SIZE', cells: platforms.map(({ size }) => (size === null ? '-' : formatBytes(size))), align: 'right' },
    { heading: 'BUILDPACKS', cells: platforms.map(contents) },
  ]
  const optional: readonly Column[] = [
    { heading: 'FOLDER', cells: platforms.map(({ root }) => root ?? '') },
    { heading: 'DISTRO', cells: platforms.map(({ distro }) => (distro === null ? '' : `${distro.name} ${distro.version}`.trimEnd())) },
    { heading: 'STACKS', cells: platforms.map(({ stacks }) => stacks.join(', ')), least: 12, spare: true },
    { heading: 'ATTESTATIONS', cells: platforms.map(({ attestations }) => (attestations === 0 ? '' : String(attestations))), align: 'right' },
  ]
  return [...columns, ...optional.filter(({ cells }) => cells.some((cell) => cell !== '' && cell !== '*'))]
}

function contents({ kind, buildpacks, extensions, problems = [] }: InspectedPlatform): string {
  if (kind === 'other') return problems.length > 0 ? 'not read' : 'not a buildpackage'
  const parts = [buildpacks.length === 0 && extensions.length > 0 ? '' : String(buildpacks.length), extensions.length === 0 ? '' : count(extensions.length, 'extension')]
  return parts.filter((part) => part !== '').join(', ')
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines]
}

/** The order of the package itself or of the builder; with `verbose` of every composite in it. What differs is told elsewhere. */
function orderSections(platforms: readonly InspectedPlatform[], verbose: boolean, width: number | undefined): readonly (readonly string[])[] {
  const image = platforms.find(({ kind }) => kind !== 'other')
  if (image === undefined) return []
  const { builder, main, buildpacks } = image
  const shown = buildpacks.filter(({ id, version, order }) => order.length > 0 && (verbose || (id === main?.id && version === main.version)))
  return [
    orderLines('Order of the builder:', builder?.order ?? [], width),
    orderLines("Order of the builder's extensions:", builder?.orderExtensions ?? [], width),
    ...shown.map(({ id, version, order }) => orderLines(`Order of ${clip(id)}@${clip(version)}:`, order, width)),
  ]
}

function orderLines(title: string, order: readonly (readonly InspectedOrderMember[])[], width: number | undefined): readonly string[] {
  const groups = order.flatMap((group, index) => {
    const words = group.map(({ id, version, optional }) => `${id}${version === '' ? '' : `@${version}`}${optional ? ' (optional)' : ''}`)
    const number = `  ${String(index + 1).padStart(String(order.length).length)}  `
    return wrapped(words, ' '.repeat(number.length), width).map((line, at) => (at === 0 ? `${number}${line.trimStart()}` : line))
  })
  return titled(title, groups)
}

function problemLines(platforms: readonly InspectedPlatform[], names: readonly string[]): readonly string[] {
  const lines = platforms.flatMap(({ problems = [] }, index) => problems.map((problem) => `  ${clip(names[index] ?? '')}: ${clip(problem, 400)}`))
  return titled('Problems:', lines)
}

function labelLines({ labels }: InspectedPlatform, name: string): readonly string[] {
  return titled(`Labels of ${clip(name)}:`, Object.entries(labels).map(([key, value]) => `  ${clip(key)}=${clip(value)}`))
}
