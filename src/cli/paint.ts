/** Colours of the few words that have one. */
export interface Paint {
  readonly red: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
}

const same = (text: string): string => text
const sgr = (code: number) => (text: string): string => `\u001b[${code}m${text}\u001b[39m`

/** ANSI colours, or none (SPEC.md: `NO_COLOR`, and nothing but text in a pipe). */
export function createPaint(color: boolean): Paint {
  return color ? { red: sgr(31), yellow: sgr(33), cyan: sgr(36) } : { red: same, yellow: same, cyan: same }
}
