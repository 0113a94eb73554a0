import { escapeLine } from '../escape.ts'
import type { GraphNode } from './graph.ts'
import { inspectionGraph } from './graph.ts'
import type { Inspection } from './inspection.ts'

/**
 * The nodes and edges of the mermaid diagram as a digraph for Graphviz.
 *
 * @example
 * digraph inspection {
 *   "EXAMPLE_LEAF_LINUX_AMD64" [label="EXAMPLE_LEAF_LINUX_AMD64\nplatform_os: linux"];
 *   "EXAMPLE_LEAF_LINUX_AMD64" -> "EXAMPLE_META_LINUX_AMD64" [label="contains"];
 * }
 */
export function renderDot(inspection: Inspection): string {
  const style = ['  rankdir=LR;', '  node [shape=box, fontname="monospace"];', '  edge [fontname="monospace"];']
  return `${['digraph inspection {', ...style, ...inspectionGraph(inspection).flatMap(lines), '}'].join('\n')}\n`
}

function lines({ name, facts, within }: GraphNode): readonly string[] {
  const label = [name, ...facts.map(({ type, key, value }) => `${key}: ${value ?? type}`)].map(quotable).join('\\n')
  return [`  "${name}" [label="${label}"];`, ...within.map((edge) => `  "${name}" -> "${edge.to}" [label="${edge.label}"];`)]
}

/** Inside of quotes Graphviz reads `\` as the beginning of a code and `&` as that of an HTML entity. */
function quotable(text: string): string {
  return escapeLine(text).replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
