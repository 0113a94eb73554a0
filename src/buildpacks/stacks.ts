import type { Stack } from '../config/buildpack.ts'
import type { ModuleFacts } from './module.ts'
import { isComposite } from './module.ts'

const everyStack: readonly Stack[] = [{ id: '*', mixins: [] }]

/**
 * The stacks a package runs on (SPEC-package.md section 6, "`stacks` of the metadata"): the main module's, narrowed by each
 * dependency in turn. A component that names none runs on any; a composite that names none does not count.
 *
 * @returns undefined where no stack is left
 */
export function mergeStacks(main: ModuleFacts, dependencies: readonly ModuleFacts[]): readonly Stack[] | undefined {
  let merged = stacksOf(main)
  for (const dependency of dependencies) {
    const stacks = stacksOf(dependency)
    if (stacks.length === 0) continue
    const both = merged.length === 0 ? stacks : intersection(merged, stacks)
    if (both.length === 0) return undefined
    merged = both
  }
  return merged
}

function stacksOf(module: ModuleFacts): readonly Stack[] {
  if (module.stacks.length > 0) return module.stacks
  return isComposite(module) || module.kind === 'extension' ? [] : everyStack
}

function intersection(merged: readonly Stack[], stacks: readonly Stack[]): readonly Stack[] {
  if (merged.some(isAny)) return stacks.some(isAny) ? everyStack : stacks
  if (stacks.some(isAny)) return merged
  return stacks.flatMap((stack) => {
    const other = merged.find((candidate) => candidate.id === stack.id)
    return other === undefined ? [] : [{ id: stack.id, mixins: [...new Set([...other.mixins, ...stack.mixins])].sort() }]
  })
}

function isAny(stack: Stack): boolean {
  return stack.id === '*'
}
