import { count, formatBytes } from '../../quantities.ts'
import type { InspectedModule, InspectedOrderMember, InspectedPlatform } from '../inspection.ts'
import type { Markup } from './markup.ts'
import { html, nothing } from './markup.ts'
import type { Heading } from './parts.ts'
import { bullets, digestText, folded, mono, pairs, soft, table } from './parts.ts'

interface Column extends Heading {
  readonly cells: readonly (Markup | string)[]
}

/** A line for each image: what nobody has gets no column. */
export function platformTable(platforms: readonly InspectedPlatform[], names: readonly string[]): Markup {
  const of = (title: string, cell: (image: InspectedPlatform) => Markup | string, number = false): Column => ({ title, number, cells: platforms.map(cell) })
  const columns = [
    of('Digest', ({ digest }) => digestText(digest)),
    of('Size', ({ size }) => (size === null ? '' : formatBytes(size)), true),
    of('Holds', holds),
    of('Distribution', ({ distro }) => (distro === null ? '' : `${distro.name} ${distro.version}`)),
    of('Stacks', ({ stacks }) => (stacks.join() === '*' ? '' : stacks.join(', '))),
    of('Folder', ({ root = '' }) => root),
    of('Files', ({ files }) => (files === undefined ? '' : String(files.filter(({ type }) => type !== 'folder').length)), true),
    of('Attestations', ({ attestations }) => (attestations === 0 ? '' : String(attestations)), true),
  ].filter(({ cells }) => cells.some((cell) => cell !== ''))
  return table('Platforms', [{ title: 'Platform' }, ...columns], names.map((name, at) => [name, ...columns.map(({ cells }) => cells[at] ?? '')]))
}

function holds({ kind, buildpacks, extensions, problems = [] }: InspectedPlatform): string {
  if (kind === 'other') return problems.length > 0 ? 'not read' : 'not a buildpackage'
  const parts = [buildpacks.length === 0 ? '' : count(buildpacks.length, 'buildpack'), extensions.length === 0 ? '' : count(extensions.length, 'extension')]
  return parts.filter((part) => part !== '').join(', ')
}

/** The order of the package itself, or of the builder, as the first platform has it; of other composites folded. */
export function orderList(platforms: readonly InspectedPlatform[]): readonly Markup[] {
  const image = platforms.find(({ kind }) => kind !== 'other')
  if (image === undefined) return []
  const { builder, main, buildpacks } = image
  const isMain = ({ id, version }: InspectedModule): boolean => id === main?.id && version === main.version
  const composites = [...buildpacks].sort((a, b) => Number(isMain(b)) - Number(isMain(a)))
  return [
    groups('Builder', builder?.order ?? [], true),
    groups('Extensions of the builder', builder?.orderExtensions ?? [], true),
    ...composites.map((module) => groups(`${module.id}@${module.version}`, module.order, isMain(module))),
  ]
}

function groups(title: string, order: readonly (readonly InspectedOrderMember[])[], open: boolean): Markup {
  if (order.length === 0) return nothing
  const items = order.map((group) => html`<li>${group.map((member, at) => html`${at === 0 ? '' : ', '}${memberText(member)}`)}</li>`)
  return folded(html`${mono(title)} ${soft(count(order.length, 'group'))}`, html`<ol class="groups">${items}</ol>`, { open })
}

function memberText({ id, version, optional }: InspectedOrderMember): Markup {
  const name = mono(version === '' ? id : `${id}@${version}`)
  return optional ? html`${name} ${soft('optional')}` : name
}

export function problemList(platforms: readonly InspectedPlatform[], names: readonly string[]): Markup {
  return bullets(platforms.flatMap(({ problems = [] }, at) => problems.map((problem) => html`${names[at] ?? ''}: ${problem}`)))
}

/** Labels and annotations of each image, folded. */
export function labelList(platforms: readonly InspectedPlatform[], names: readonly string[]): readonly Markup[] {
  return platforms.flatMap(({ labels, annotations }, at) => {
    const all = [...Object.entries(labels), ...Object.entries(annotations).map(([key, value]) => [`${key} (annotation)`, value] as const)]
    if (all.length === 0) return []
    const lines = all.map(([key, value]) => [mono(key), html`<code>${value}</code>`] as const)
    return [folded(html`${names[at] ?? ''} ${soft(count(all.length, 'label'))}`, pairs('values', lines))]
  })
}
