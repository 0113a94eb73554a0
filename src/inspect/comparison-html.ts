import { count, formatBytes } from '../quantities.ts'
import type { ComparedSource, Comparison, FileChange } from './comparison.ts'
import { mostFiles, moreFiles } from './page/differences.ts'
import { page } from './page/document.ts'
import type { Markup } from './page/markup.ts'
import { html, nothing } from './page/markup.ts'
import { bullets, digestText, folded, listed, mono, orderText, pairs, section, soft, table, tag, verdict } from './page/parts.ts'

/** What became of a package, as one page like that of an inspection. */
export function renderComparisonHtml(comparison: Comparison): string {
  const { a, b, platforms, files } = comparison
  const facts = pairs('facts', [['From', sourceText(a)], ['To', sourceText(b)]])
  const head = html`<p class="kind">What changed, on ${count(platforms.both.length, 'platform')} of both</p><h1>${b.source.name}</h1>`
  return page(`${a.source.name} and ${b.source.name}: what changed`, [
    html`<header>${head}${facts}${sameOrNot(comparison)}</header>`,
    html`<main>${[
      section('platforms', 'Platforms', [platformList(comparison)]),
      section('modules', 'Modules', [moduleTable(comparison)]),
      section('orders', 'Orders', orderList(comparison)),
      section('sizes', 'Sizes', [sizeTable(comparison)]),
      section('files', 'Files', files === null ? [] : [fileTable(files, comparison)]),
    ]}</main>`,
  ])
}

function sourceText({ source, digest }: ComparedSource): Markup {
  return digest === null ? html`${source.name}` : html`${source.name}<br>${digestText(digest)}`
}

function sameOrNot({ platforms, modules, orders, files }: Comparison): Markup {
  if (platforms.both.length === 0) return verdict(false, html`No platform is in both: nothing else can be compared`)
  const changes = platforms.added.length + platforms.removed.length + modules.length + orders.length + (files?.length ?? 0)
  return changes === 0 ? verdict(true, html`The same`) : verdict(false, html`${count(changes, 'change')}`)
}

function where(platforms: readonly string[], { platforms: { both } }: Comparison): string {
  return platforms.length === both.length ? 'on all platforms' : `on ${listed(platforms)}`
}

function platformList({ platforms: { added, removed } }: Comparison): Markup {
  return bullets([...added.map((name) => html`${tag('added')} ${name}`), ...removed.map((name) => html`${tag('removed')} ${name}`)])
}

const headings = (...titles: readonly string[]): readonly { readonly title: string }[] => titles.map((title) => ({ title }))

function moduleTable(comparison: Comparison): Markup {
  const rows = comparison.modules.map(({ kind, type, id, from, to, platforms }) => {
    const name = type === 'extension' ? html`${mono(id)} ${soft('extension')}` : mono(id)
    return [tag(kind), name, valueText(from), valueText(to), where(platforms, comparison)]
  })
  return rows.length === 0 ? nothing : table('Modules', headings('Change', 'ID', 'From', 'To', 'Where'), rows, 1)
}

function valueText(text: string | null): Markup {
  return text === null ? soft('absent') : mono(text)
}

function orderList(comparison: Comparison): readonly Markup[] {
  return comparison.orders.map(({ id, from, to, platforms }) => {
    const summary = html`${mono(id)} ${soft(where(platforms, comparison))}`
    return folded(summary, pairs('values', [['from', orderText(from)], ['to', orderText(to)]]), { open: true })
  })
}

function sizeTable({ sizes }: Comparison): Markup {
  const rows = sizes.flatMap(({ platform, from, to }) => {
    if (from === null || to === null) return []
    const change = from === to ? 'the same' : `${to > from ? '+' : '\u2212'}${formatBytes(Math.abs(to - from))}`
    return [[platform, formatBytes(from), formatBytes(to), change]]
  })
  const numbers = headings('From', 'To', 'Change').map((heading) => ({ ...heading, number: true }))
  return rows.length === 0 ? nothing : table('Sizes', [{ title: 'Platform' }, ...numbers], rows)
}

function fileTable(files: readonly FileChange[], comparison: Comparison): Markup {
  if (files.length === 0) return html`<p>the same</p>`
  const rows = files.slice(0, mostFiles).map(({ kind, module, path, from, to, platforms }) => {
    return [tag(kind), mono(module), mono(path), valueText(from), valueText(to), where(platforms, comparison)]
  })
  const content = table('Files', headings('Change', 'Module', 'Path', 'From', 'To', 'Where'), rows, 2)
  return folded(html`${count(files.length, 'file')}`, html`<div>${content}${moreFiles(files.length)}</div>`)
}
