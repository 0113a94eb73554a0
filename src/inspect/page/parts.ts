import type { Markup } from './markup.ts'
import { html, nothing } from './markup.ts'

/** A heading with what belongs to it; nothing at all where there is no content. */
export function section(id: string, title: string, content: readonly Markup[]): Markup {
  if (content.every(({ text }) => text === '')) return nothing
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`
}

/** A table that scrolls by itself where it is too wide, also by keyboard. */
export function scrolling(label: string, table: Markup): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`
}

/** The whole digest to copy, the beginning of it to see. */
export function digestText(digest: string | null): Markup {
  return digest === null ? html`<span class="soft">none yet</span>` : html`<code class="digest" title="${digest}">${digest}</code>`
}

/** A link where it leads to a web page; else the text alone: a label may say `javascript:`. */
export function webLink(address: string, text: string): Markup {
  return /^https?:\/\/[^\s"'<>]+$/i.test(address) ? html`<a href="${address}" rel="noopener noreferrer">${text}</a>` : html`${text}`
}

/** `a, b and 3 more`. */
export function listed(words: readonly string[], most = 12): string {
  const rest = words.length - most
  return rest > 0 ? `${words.slice(0, most).join(', ')} and ${rest} more` : words.join(', ')
}
