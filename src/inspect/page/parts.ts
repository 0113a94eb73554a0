import type { Markup } from './markup.ts'
import { html, nothing } from './markup.ts'

/** A heading with what belongs to it; nothing at all where there is no content. */
export function section(id: string, title: string, content: readonly Markup[]): Markup {
  if (content.every(({ text }) => text === '')) return nothing
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`
}

/** A column of a table; `number` stands to the right. */
export interface Heading {
  readonly title: string
  readonly number?: boolean
}

/** A table of plain cells; the column `named` holds the names of the rows. */
export function table(label: string, headings: readonly Heading[], rows: readonly (readonly (Markup | string)[])[], named = 0): Markup {
  const head = headings.map((heading) => html`<th scope="col"${kindOf(heading)}>${heading.title}</th>`)
  const body = rows.map((cells) => {
    const line = cells.map((cell, at) => {
      const content = html`<span class="fit">${cell}</span>`
      return at === named ? html`<th scope="row">${content}</th>` : html`<td${kindOf(headings[at])}>${content}</td>`
    })
    return html`<tr>${line}</tr>`
  })
  return scrolling(label, html`<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`)
}

function kindOf(heading: Heading | undefined): Markup {
  return heading?.number === true ? html` class="number"` : nothing
}

/** A table that scrolls by itself where it is too wide, also by keyboard. */
export function scrolling(label: string, content: Markup): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`
}

/** Something to fold out below its summary. */
export function folded(summary: Markup, content: Markup, { open = false, kind = '' } = {}): Markup {
  const state = [kind === '' ? nothing : html` class="${kind}"`, open ? html` open` : nothing]
  return html`<details${state}><summary>${summary}</summary>${content}</details>`
}

/** Names and what stands for each of them. */
export function pairs(kind: 'facts' | 'values', lines: readonly (readonly [Markup | string, Markup | string])[]): Markup {
  return html`<dl class="${kind}">${lines.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

export function bullets(lines: readonly Markup[]): Markup {
  return lines.length === 0 ? nothing : html`<ul class="plain">${lines.map((line) => html`<li>${line}</li>`)}</ul>`
}

export function mono(text: string | Markup): Markup {
  return html`<span class="mono">${text}</span>`
}

export function soft(text: string): Markup {
  return html`<span class="soft">${text}</span>`
}

/** What kind of difference or change it is. */
export function tag(text: string): Markup {
  return html`<span class="tag">${text}</span>`
}

/** In one line whether things are the same. */
export function verdict(same: boolean, text: Markup): Markup {
  const [kind, sign] = same ? ['same', '✓'] : ['differs', '≠']
  return html`<p class="verdict ${kind}"><span aria-hidden="true">${sign} </span>${text}</p>`
}

/** The whole digest to copy, the beginning of it to see. */
export function digestText(digest: string | null): Markup {
  return digest === null ? soft('none yet') : html`<code class="digest" title="${digest}">${digest}</code>`
}

/** The groups of an order, as `formatOrder` writes them, on lines of their own. */
export function orderText(order: string): Markup {
  return order === '' ? html`none` : html`${order.split(' | ').map((group) => html`<code>${group}</code><br>`)}`
}

/** A link where it leads to a web page; else the text alone: a label may say `javascript:`. */
export function webLink(address: string, text: string): Markup {
  if (!/^https?:\/\/[^\s"'<>]+$/i.test(address)) return html`${text}`
  return html`<a href="${address}" rel="noopener noreferrer">${text}</a>`
}

/** `a, b and 3 more`. */
export function listed(words: readonly string[], most = 12): string {
  const rest = words.length - most
  return rest > 0 ? `${words.slice(0, most).join(', ')} and ${rest} more` : words.join(', ')
}
