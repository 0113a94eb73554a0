import type { InspectedModule } from '../inspection.ts'
import { moduleRows } from '../module-rows.ts'
import type { ModuleRow } from '../module-rows.ts'
import type { Markup } from './markup.ts'
import { html, nothing } from './markup.ts'
import { scrolling, webLink } from './parts.ts'

/** Modules by platform: a check mark where the version is that of the row, a dash where there is none, else the other version. */
export function moduleMatrix(label: string, names: readonly string[], modules: readonly (readonly InspectedModule[])[]): Markup {
  const rows = moduleRows(modules)
  if (rows.length === 0) return nothing
  const platforms = names.map((name) => html`<th scope="col" class="cell"><span class="fit">${name}</span></th>`)
  const head = html`<tr><th scope="col">ID</th><th scope="col">Version</th><th scope="col">API</th>${platforms}</tr>`
  return scrolling(label, html`<table class="matrix"><thead>${head}</thead><tbody>${rows.map(line)}</tbody></table>`)
}

function line({ module, versions }: ModuleRow): Markup {
  const { id, version, api, name, homepage } = module
  const title = homepage === null ? html`${id}` : webLink(homepage, id)
  const under = name === null || name === '' ? nothing : html`<span class="fit name">${name}</span>`
  const facts = [version, api ?? ''].map((text) => html`<td><span class="fit mono">${text}</span></td>`)
  return html`<tr><th scope="row"><span class="fit mono">${title}</span>${under}</th>${facts}${versions.map((found) => cell(found, version))}</tr>`
}

/** Never by colour alone. */
function cell(found: string | null, version: string): Markup {
  if (found === null) return html`<td class="cell absent"><span aria-hidden="true">–</span><span class="unseen">absent</span></td>`
  if (found === version) return html`<td class="cell yes"><span aria-hidden="true">✓</span><span class="unseen">yes</span></td>`
  const marked = html`<span aria-hidden="true">≠ </span><span class="unseen">differs: </span>${found}`
  return html`<td class="cell other"><span class="fit mono">${marked}</span></td>`
}
