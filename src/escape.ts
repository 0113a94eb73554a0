// Controls, invisible format marks (among them those that turn the direction of writing), line and paragraph separators,
// and halves of surrogate pairs.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Text that others wrote (a registry's message, a file name), made safe for one line of a terminal: what could move the
 * cursor, change colours, start a line of its own or reverse the text is shown as `\n`, `\x1b` or `\u202e`.
 */
export function escapeLine(text: string): string {
  return text.replace(UNSAFE, (char) => SHORT[char] ?? escapeCode(char))
}

/** As `escapeLine`, but line ends stay line ends; lines after the first are indented, so that none looks like one of ours. */
export function escapeText(text: string): string {
  return text.trimEnd().split(/\r?\n/u).map(escapeLine).join('\n  ')
}

/**
 * JSON as `JSON.stringify` writes it, with whatever could steer a terminal as JSON's own escapes: the same value to whoever
 * parses it. Line ends stay: within texts there are none.
 *
 * @example
 * escapeJson('"\u009b31m"') // '"\\u009b31m"'
 */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (char) => (char === '\n' ? char : Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')))
}

function escapeCode(char: string): string {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
}
