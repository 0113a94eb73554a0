import { count } from '../../quantities.ts'
import type { Difference, Note } from '../inspection.ts'
import type { Markup } from './markup.ts'
import { html, joined } from './markup.ts'
import { digestText, listed, scrolling } from './parts.ts'

/** A page with more rows nobody reads; the JSON has all of them. */
const mostFiles = 2000
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
  const lines = [...groups].map(([value, names]) => html`<dt>${value === null ? 'absent' : joined(valueParts(kind, value))}</dt><dd>${listed(names)}</dd>`)
  const summary = html`<summary><span class="tag">${kind}</span> <span class="mono">${id}</span></summary>`
  return open ? html`<details open>${summary}<dl class="values">${lines}</dl></details>` : html`<details>${summary}<dl class="values">${lines}</dl></details>`
}

/** An order has its groups on lines of their own. */
function valueParts(kind: Difference['kind'], value: string): readonly Markup[] {
  if (value === '') return [html`none`]
  return kind === 'order' ? value.split(' | ').map((group) => html`<code>${group}</code><br>`) : [html`<code>${value}</code>`]
}

function fileTable(files: readonly Difference[], names: readonly string[]): Markup {
  const heads = names.map((name) => html`<th scope="col"><span class="fit">${name}</span></th>`)
  const rows = files.slice(0, mostFiles).map(({ id, values }) => html`<tr><th scope="row"><span class="fit mono">${id}</span></th>${names.map((name) => fileCell(values, name))}</tr>`)
  const more = files.length > mostFiles ? html`<p class="soft">and ${files.length - mostFiles} more, all of them in the JSON</p>` : html``
  const table = html`<table class="matrix"><thead><tr><th scope="col">Path</th>${heads}</tr></thead><tbody>${rows}</tbody></table>`
  return html`<details class="files"><summary><span class="tag">files</span> ${count(files.length, 'file')} of other mode, size or content, or absent</summary>${scrolling('Files that differ', table)}${more}</details>`
}

function fileCell(values: Difference['values'], name: string): Markup {
  if (!Object.hasOwn(values, name)) return html`<td></td>`
  const value = values[name] ?? null
  return value === null ? html`<td class="soft">absent</td>` : html`<td><code class="fit">${value}</code></td>`
}

/** What is shared, and programs for another machine than their platform's. Which layers are shared stands with the layers. */
export function noteList(notes: readonly Note[]): readonly Markup[] {
  const layers = new Map<string, number>()
  for (const { kind, platforms } of notes) if (kind === 'shared-layer') layers.set(listed(platforms), (layers.get(listed(platforms)) ?? 0) + 1)
  const lines = [
    ...notes.flatMap((note) => (note.kind === 'shared-layer' ? [] : [noteText(note)])),
    ...Array.from(layers, ([where, number]) => html`${number === 1 ? '1 layer is' : `${number} layers are`} the same on ${where}`),
  ]
  return lines.length === 0 ? [] : [html`<ul class="plain">${lines.map((line) => html`<li>${line}</li>`)}</ul>`]
}

function noteText({ kind, digest, platforms, path = '', machine = 'another architecture' }: Note): Markup {
  const where = listed(platforms)
  if (kind === 'shared-image') return html`one image under ${where}: ${digestText(digest)}`
  return html`<span class="tag">machine</span> <code>${path}</code> is made for ${machine}, on ${where}`
}
