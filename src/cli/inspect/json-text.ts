/** What a terminal could take for a command, or what turns the direction of writing; JSON may write all of it as escapes. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** As JSON, with whatever could steer a terminal written as `\u009b`: the same value to whoever parses it. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2).replaceAll(unsafe, (character) => (character === '\n' ? character : escaped(character)))}\n`
}

/** Both halves of what lies beyond the first plane. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')
}
