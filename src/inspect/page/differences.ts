import { count } from '../../quantities.ts'
import type { Difference, Note } from '../inspection.ts'
import type { Markup } from './markup.ts'
import { html, nothing } from './markup.ts'
import { bullets, digestText, folded, listed, mono, orderText, pairs, soft, table, tag } from './parts.ts'

/** A page with more rows nobody reads; the JSON has all of them. */
export const mostFiles = 2000
const mostOpen = 8

/** Each difference to fold out, those of files together; `none` in so many words. */
export function differenceList(differences: readonly Difference[], names: readonly string[]): readonly Markup[] {
  if (differences.length === 0) return [html`<p>none</p>`]
  const files = differences.filter(({ kind }) => kind === 'file')
  const others = differences.filter(({ kind }) => kind !== 'file')
  const open = others.length <= mostOpen
  return [...others.map((difference) => one(difference, open)), ...(files.length === 0 ? [] : [fileTable(files, names)])]
}

function one({ kind, id, values }: Difference, open: boolean): Markup {
  const groups = new Map<string | null, string[]>()
  for (const [name, value] of Object.entries(values)) groups.set(value, [...(groups.get(value) ?? []), name])
  const lines = Array.from(groups, ([value, names]) => [valueText(kind, value), listed(names)] as const)
  return folded(html`${tag(kind)} ${mono(id)}`, pairs('values', lines), { open })
}

function valueText(kind: Difference['kind'], value: string | null): Markup {
  if (value === null) return html`absent`
  return kind === 'order' || value === '' ? orderText(value) : html`<code>${value}</code>`
}

function fileTable(files: readonly Difference[], names: readonly string[]): Markup {
  const rows = files.slice(0, mostFiles).map(({ id, values }) => [mono(id), ...names.map((name) => fileText(values, name))])
  const content = table('Files that differ', [{ title: 'Path' }, ...names.map((title) => ({ title }))], rows)
  const summary = html`${tag('files')} ${count(files.length, 'file')} of other mode, size or content, or absent`
  return folded(summary, html`<div>${content}${moreFiles(files.length)}</div>`, { kind: 'files' })
}

/** What is said in place of the rest. */
export function moreFiles(all: number): Markup {
  return all > mostFiles ? html`<p class="soft">and ${all - mostFiles} more, all of them in the JSON</p>` : nothing
}

function fileText(values: Difference['values'], name: string): Markup {
  if (!Object.hasOwn(values, name)) return nothing
  const value = values[name] ?? null
  return value === null ? soft('absent') : html`<code>${value}</code>`
}

/** What is shared, and programs for another machine than their platform's. Which layers are shared stands with the layers. */
export function noteList(notes: readonly Note[]): Markup {
  const layers = new Map<string, number>()
  for (const { kind, platforms } of notes) {
    if (kind === 'shared-layer') layers.set(listed(platforms), (layers.get(listed(platforms)) ?? 0) + 1)
  }
  return bullets([
    ...notes.flatMap((note) => (note.kind === 'shared-layer' ? [] : [noteText(note)])),
    ...Array.from(layers, ([where, number]) => html`${number === 1 ? '1 layer is' : `${number} layers are`} the same on ${where}`),
  ])
}

function noteText({ kind, digest, platforms, path = '', machine = 'another architecture' }: Note): Markup {
  const where = listed(platforms)
  if (kind === 'shared-image') return html`one image under ${where}: ${digestText(digest)}`
  return html`${tag('machine')} <code>${path}</code> is made for ${machine}, on ${where}`
}
