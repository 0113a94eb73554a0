import { escapeJson } from '../../escape.ts'

/** As JSON, on lines, safe for a terminal. */
export function jsonText(value: unknown): string {
  return `${escapeJson(JSON.stringify(value, undefined, 2))}\n`
}
