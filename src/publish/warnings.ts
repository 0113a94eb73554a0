import { PackagerError } from '../errors.ts'
import type { Warning } from '../events.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'

/** An error from here on: Docker's storage drivers stack 127, two of them for a container. */
const tooManyLayers = 127
/** Docker's own image store takes no image with more. */
const dockerLayers = 125
const manyLayers = 100

/** What holds for several targets is said once. */
export function distinct(warnings: readonly Warning[]): readonly Warning[] {
  const first = new Map<string, Warning>()
  for (const warning of warnings) if (!first.has(warning.message)) first.set(warning.message, warning)
  return [...first.values()]
}

/** With `--strict`: each warning on a line of its own, as it is said nowhere else. */
export function strictError(warnings: readonly Warning[]): PackagerError {
  const lines = warnings.map(({ message, hint }) => `${message}${hint === undefined ? '' : ` (${hint})`}`)
  return new PackagerError({
    code: 'CONFIG',
    step: 'plan with --strict',
    found: [warnings.length === 1 ? 'a warning' : `${warnings.length} warnings`, ...lines].join('\n'),
    hint: 'mend what the warnings name, or leave --strict out',
  })
}

/** A warning from a hundred layers, which leaves room for what is built on the image; an error from 127. */
export function checkLayerCount(target: Target, layers: number, { hint, beside = '' }: { readonly hint: string; readonly beside?: string }): readonly Warning[] {
  if (layers < manyLayers) return []
  const message = `${formatTarget(target)}: ${layers} layers`
  if (layers < tooManyLayers) return [{ message: `${message}; Docker takes ${dockerLayers}${beside}`, hint }]
  throw new PackagerError({ code: 'CONFIG', step: 'count the layers', found: message, wanted: `at most ${tooManyLayers - 1}; Docker takes ${dockerLayers}${beside}`, hint })
}
