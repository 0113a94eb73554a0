import { count, formatBytes } from '../quantities.ts'
import type { ComparedSource, Comparison, FileChange, ModuleChange } from './comparison.ts'
import { page } from './page/document.ts'
import type { Markup } from './page/markup.ts'
import { html, joined, nothing } from './page/markup.ts'
import { digestText, listed, scrolling, section } from './page/parts.ts'

/** A page with more rows nobody reads; the JSON has all of them. */
const mostFiles = 2000

/** What became of a package, as one page like that of an inspection. */
export function renderComparisonHtml(comparison: Comparison): string {
  const { a, b, platforms, modules, orders, files } = comparison
  return page(`${a.source.name} and ${b.source.name}: what changed`, [
    html`<header><p class="kind">What changed, on ${count(platforms.both.length, 'platform')} of both</p><h1>${b.source.name}</h1><dl class="facts">${sourceLines('From', a)}${sourceLines('To', b)}</dl>${verdict(comparison)}</header>`,
    html`<main>${[
      section('platforms', 'Platforms', platformLines(comparison)),
      section('modules', 'Modules', modules.length === 0 ? [] : [moduleTable(modules, comparison)]),
      section('orders', 'Orders', orders.map((order) => html`<details open><summary><span class="mono">${order.id}</span> <span class="soft">${where(order.platforms, comparison)}</span></summary><dl class="values"><dt>from</dt><dd>${orderText(order.from)}</dd><dt>to</dt><dd>${orderText(order.to)}</dd></dl></details>`)),
      section('sizes', 'Sizes', [sizeTable(comparison)]),
      section('files', 'Files', files === null ? [] : [fileTable(files, comparison)]),
    ]}</main>`,
  ])
}

function sourceLines(word: string, { source, digest }: ComparedSource): Markup {
  return html`<dt>${word}</dt><dd>${source.name}${digest === null ? nothing : html`<br>${digestText(digest)}`}</dd>`
}

function verdict({ platforms, modules, orders, files }: Comparison): Markup {
  if (platforms.both.length === 0) return html`<p class="verdict differs">No platform is in both: nothing else can be compared</p>`
  const changes = platforms.added.length + platforms.removed.length + modules.length + orders.length + (files?.length ?? 0)
  if (changes === 0) return html`<p class="verdict same"><span aria-hidden="true">✓ </span>The same</p>`
  return html`<p class="verdict differs"><span aria-hidden="true">≠ </span>${count(changes, 'change')}</p>`
}

function where(platforms: readonly string[], { platforms: { both } }: Comparison): string {
  return platforms.length === both.length ? 'on all platforms' : `on ${listed(platforms)}`
}

function platformLines({ platforms: { added, removed } }: Comparison): readonly Markup[] {
  const lines = [...added.map((name) => ['added', name] as const), ...removed.map((name) => ['removed', name] as const)]
  return lines.length === 0 ? [] : [html`<ul class="plain">${lines.map(([word, name]) => html`<li><span class="tag">${word}</span> ${name}</li>`)}</ul>`]
}

function moduleTable(modules: readonly ModuleChange[], comparison: Comparison): Markup {
  const rows = modules.map(({ kind, type, id, from, to, platforms }) => {
    const name = html`<span class="fit mono">${id}</span>${type === 'extension' ? html`<span class="name">extension</span>` : nothing}`
    return html`<tr><td><span class="tag">${kind}</span></td><th scope="row">${name}</th>${version(from)}${version(to)}<td>${where(platforms, comparison)}</td></tr>`
  })
  return scrolling('Modules', html`<table><thead>${heads('Change', 'ID', 'From', 'To', 'Where')}</thead><tbody>${rows}</tbody></table>`)
}

function version(text: string | null): Markup {
  return text === null ? html`<td class="soft">absent</td>` : html`<td><span class="fit mono">${text}</span></td>`
}

/** Groups on lines of their own. */
function orderText(order: string): Markup {
  return order === '' ? html`none` : joined(order.split(' | ').map((group) => html`<code>${group}</code><br>`))
}

function sizeTable({ sizes }: Comparison): Markup {
  const rows = sizes.flatMap(({ platform, from, to }) => {
    if (from === null || to === null) return []
    const change = from === to ? 'the same' : `${to > from ? '+' : '\u2212'}${formatBytes(Math.abs(to - from))}`
    return [html`<tr><th scope="row"><span class="fit">${platform}</span></th><td class="number">${formatBytes(from)}</td><td class="number">${formatBytes(to)}</td><td class="number">${change}</td></tr>`]
  })
  const head = html`<tr><th scope="col">Platform</th>${['From', 'To', 'Change'].map((title) => html`<th scope="col" class="number">${title}</th>`)}</tr>`
  return rows.length === 0 ? nothing : scrolling('Sizes', html`<table><thead>${head}</thead><tbody>${rows}</tbody></table>`)
}

function fileTable(files: readonly FileChange[], comparison: Comparison): Markup {
  if (files.length === 0) return html`<p>the same</p>`
  const rows = files.slice(0, mostFiles).map(({ kind, module, path, from, to, platforms }) => html`<tr><td><span class="tag">${kind}</span></td><td><span class="fit mono">${module}</span></td><th scope="row"><span class="fit mono">${path}</span></th>${version(from)}${version(to)}<td>${where(platforms, comparison)}</td></tr>`)
  const more = files.length > mostFiles ? html`<p class="soft">and ${files.length - mostFiles} more, all of them in the JSON</p>` : nothing
  const table = html`<table><thead>${heads('Change', 'Module', 'Path', 'From', 'To', 'Where')}</thead><tbody>${rows}</tbody></table>`
  return html`<details><summary>${count(files.length, 'file')}</summary>${scrolling('Files', table)}${more}</details>`
}

function heads(...titles: readonly string[]): Markup {
  return html`<tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr>`
}
