import { escapeLine } from '../../escape.ts'

/** Text that is markup already. Made by {@link html} alone, so that what others wrote gets there only escaped. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Insert = string | number | Markup | readonly Markup[]

/** Nobody reads more of one value on a page; a label may have megabytes. */
const longest = 4000
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/**
 * Markup with values put in: text is escaped for content and quoted attributes alike, controls and marks that turn the
 * direction of writing are shown as codes.
 *
 * @example
 * html`<b title="${'"'}">${'<i>'}</b>`.text // '<b title="&quot;">&lt;i&gt;</b>'
 */
export function html(parts: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return new Markup(parts.map((part, at) => part + inserted(inserts[at] ?? '')).join(''))
}

/** One after another. */
export function joined(parts: readonly Markup[]): Markup {
  return new Markup(parts.map(({ text }) => text).join(''))
}

export const nothing = new Markup('')

function inserted(insert: Insert): string {
  if (insert instanceof Markup) return insert.text
  if (typeof insert === 'string') return escaped(insert)
  return typeof insert === 'number' ? String(insert) : joined(insert).text
}

function escaped(text: string): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text
  return escapeLine(shown).replaceAll(/[&<>"']/g, (char) => entities[char] ?? char)
}
