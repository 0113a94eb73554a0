import { escapeLine } from '../escape.ts'
import type { GraphNode } from './graph.ts'
import { inspectionGraph } from './graph.ts'
import type { Inspection } from './inspection.ts'

/** What ends a text, begins one of mermaid's own codes, comments or directives, or is markup where it ends up in a page. */
const special: Readonly<Record<string, string>> = { '"': '#quot;', '#': '#35;', '%': '#37;', '<': '#lt;', '>': '#gt;', '&': '#amp;', '\\': '#92;', '`': '#96;' }

/**
 * An entity relationship diagram, in the form that pack issue 1678 draws packages.
 *
 * @example
 * erDiagram
 *     EXAMPLE_LEAF_LINUX_AMD64 ||--o{ EXAMPLE_META_LINUX_AMD64 : contains
 *     EXAMPLE_LEAF_LINUX_AMD64 {
 *         string platform_os "linux"
 *     }
 */
export function renderMermaid(inspection: Inspection): string {
  return `${['erDiagram', ...inspectionGraph(inspection).flatMap(lines)].join('\n')}\n`
}

function lines({ name, facts, within }: GraphNode): readonly string[] {
  return [
    ...within.map(({ to, label }) => `    ${name} ||--o{ ${to} : ${label.includes(' ') ? `"${label}"` : label}`),
    `    ${name} {`,
    ...facts.map(({ type, key, value }) => `        ${type} ${key}${value === null ? '' : ` "${escaped(value)}"`}`),
    '    }',
  ]
}

function escaped(text: string): string {
  return escapeLine(text).replaceAll(/["#%<>&\\`]/g, (char) => special[char] ?? char)
}
