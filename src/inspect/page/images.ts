import { count, formatBytes } from '../../quantities.ts'
import type { InspectedModule, InspectedOrderMember, InspectedPlatform } from '../inspection.ts'
import type { Markup } from './markup.ts'
import { html, nothing } from './markup.ts'
import { digestText, scrolling } from './parts.ts'

interface Column {
  readonly title: string
  readonly cells: readonly (Markup | string)[]
  readonly number?: true
}

/** A line for each image: what nobody has gets no column. */
export function platformTable(platforms: readonly InspectedPlatform[], names: readonly string[]): Markup {
  const columns: readonly Column[] = [
    { title: 'Digest', cells: platforms.map(({ digest }) => digestText(digest)) },
    { title: 'Size', cells: platforms.map(({ size }) => (size === null ? '' : formatBytes(size))), number: true },
    { title: 'Holds', cells: platforms.map(holds) },
    { title: 'Distribution', cells: platforms.map(({ distro }) => (distro === null ? '' : `${distro.name} ${distro.version}`)) },
    { title: 'Stacks', cells: platforms.map(({ stacks }) => (stacks.join() === '*' ? '' : stacks.join(', '))) },
    { title: 'Folder', cells: platforms.map(({ root = '' }) => root) },
    { title: 'Files', cells: platforms.map(({ files }) => (files === undefined ? '' : String(files.filter(({ type }) => type !== 'folder').length))), number: true },
    { title: 'Attestations', cells: platforms.map(({ attestations }) => (attestations === 0 ? '' : String(attestations))), number: true },
  ]
  const shown = columns.filter(({ cells }) => cells.some((cell) => cell !== ''))
  const head = html`<tr><th scope="col">Platform</th>${shown.map(({ title, number }) => html`<th scope="col"${number === true ? html` class="number"` : nothing}>${title}</th>`)}</tr>`
  const rows = names.map((name, at) => html`<tr><th scope="row"><span class="fit">${name}</span></th>${shown.map(({ cells, number }) => html`<td${number === true ? html` class="number"` : nothing}><span class="fit">${cells[at] ?? ''}</span></td>`)}</tr>`)
  return scrolling('Platforms', html`<table><thead>${head}</thead><tbody>${rows}</tbody></table>`)
}

function holds({ kind, buildpacks, extensions, problems = [] }: InspectedPlatform): string {
  if (kind === 'other') return problems.length > 0 ? 'not read' : 'not a buildpackage'
  return [[buildpacks, 'buildpack'] as const, [extensions, 'extension'] as const].flatMap(([list, noun]) => (list.length === 0 ? [] : [count(list.length, noun)])).join(', ')
}

/** The order of the package itself, or of the builder, as the first platform has it; of other composites folded. */
export function orderList(platforms: readonly InspectedPlatform[]): readonly Markup[] {
  const image = platforms.find(({ kind }) => kind !== 'other')
  if (image === undefined) return []
  const { builder, main, buildpacks } = image
  const composites = buildpacks.filter(({ order }) => order.length > 0)
  const isMain = ({ id, version }: InspectedModule): boolean => id === main?.id && version === main.version
  return [
    groups('Builder', builder?.order ?? [], true),
    groups('Extensions of the builder', builder?.orderExtensions ?? [], true),
    ...[...composites.filter(isMain), ...composites.filter((module) => !isMain(module))].map((module) => groups(`${module.id}@${module.version}`, module.order, isMain(module))),
  ]
}

function groups(title: string, order: readonly (readonly InspectedOrderMember[])[], open: boolean): Markup {
  if (order.length === 0) return nothing
  const items = order.map((group) => html`<li>${group.map((member, at) => html`${at === 0 ? '' : ', '}${memberText(member)}`)}</li>`)
  const summary = html`<summary><span class="mono">${title}</span> <span class="soft">${count(order.length, 'group')}</span></summary>`
  return open ? html`<details open>${summary}<ol class="groups">${items}</ol></details>` : html`<details>${summary}<ol class="groups">${items}</ol></details>`
}

function memberText({ id, version, optional }: InspectedOrderMember): Markup {
  return html`<span class="mono">${id}${version === '' ? '' : `@${version}`}</span>${optional ? html` <span class="soft">optional</span>` : nothing}`
}

export function problemList(platforms: readonly InspectedPlatform[], names: readonly string[]): readonly Markup[] {
  const lines = platforms.flatMap(({ problems = [] }, at) => problems.map((problem) => html`<li>${names[at] ?? ''}: ${problem}</li>`))
  return lines.length === 0 ? [] : [html`<ul class="plain">${lines}</ul>`]
}

/** Labels and annotations of each image, folded. */
export function labelList(platforms: readonly InspectedPlatform[], names: readonly string[]): readonly Markup[] {
  return platforms.flatMap(({ labels, annotations }, at) => {
    const all = [...Object.entries(labels), ...Object.entries(annotations).map(([key, value]) => [`${key} (annotation)`, value] as const)]
    if (all.length === 0) return []
    const lines = all.map(([key, value]) => html`<dt class="mono">${key}</dt><dd><code>${value}</code></dd>`)
    return [html`<details><summary>${names[at] ?? ''} <span class="soft">${count(all.length, 'label')}</span></summary><dl class="values">${lines}</dl></details>`]
  })
}
