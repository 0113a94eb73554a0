import { sharedFolders } from '../buildpacks/misplaced.ts'
import { moduleName } from '../buildpacks/module.ts'
import { checkOrders } from '../buildpacks/order.ts'
import { mergeStacks } from '../buildpacks/stacks.ts'
import type { ModuleConfig, Stack } from '../config/buildpack.ts'
import type { PackageConfig } from '../config/package.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, configError } from '../errors.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Composition } from './compose.ts'

/**
 * Checks what one image is made of: its orders resolve, every dependency is used and has a folder of its own, all share a stack
 * (SPEC-package.md section 1, "Checks").
 *
 * @returns the package's stacks
 * @throws PackagerError `CONFIG` with every order entry that does not resolve, at its place where it is the main module's
 */
export function checkComposition(composition: Composition, main: ModuleConfig, packageConfig: PackageConfig | undefined): readonly Stack[] {
  const dependencies = composition.parts.slice(0, -1).map((part) => part.facts)
  const { unresolved, unused } = checkOrders(main, dependencies)
  const target = formatTarget(composition.target)
  const file = packageConfig?.file ?? 'package.toml'
  const problems: Problem[] = [
    ...unresolved.map(({ entry, of, near }) => {
      const hint = near.length > 0 ? `the package has ${near.join(', ')}` : whereItMayBe(composition.leftOut, file)
      return { ...placeOf(entry, of, main), message: `${entry} in the order of ${of} is no module of the package for ${target}; ${hint}` }
    }),
    ...unused.map((name) => ({ file, line: 1, column: 1, key: 'dependencies', message: `${name} is in the package for ${target}, but no order names it; add it to an order, or remove its [[dependencies]] entry` })),
    ...sharedFolders([main, ...dependencies]).map(({ message }) => ({ file, line: 1, column: 1, key: 'dependencies', message })),
  ]
  if (problems.length > 0) throw configError('check the orders', problems)
  const stacks = mergeStacks(main, dependencies)
  if (stacks !== undefined) return stacks
  const all = [main, ...dependencies].map((module) => `${moduleName(module)} (${module.stacks.map((stack) => stack.id).join(', ') || '*'})`)
  throw new PackagerError({ code: 'CONFIG', step: 'merge the stacks', found: `no stack that all modules run on: ${all.join(', ')}`, hint: 'remove the module that does not fit, or give it the stacks of the others' })
}

/** An order holds for all targets, so that a module may be left out only where another one stands in for it. */
function whereItMayBe(leftOut: readonly string[], file: string): string {
  if (leftOut.length === 0) return `add it to [[dependencies]] of ${file}`
  return `bp-package.toml leaves out ${leftOut.map((uri) => `"${uri}"`).join(', ')} there: add another dependency that has it for this target`
}

function placeOf(entry: string, of: string, main: ModuleConfig): Omit<Problem, 'message'> {
  const { file } = main
  for (const [group, members] of main.order.entries()) {
    const member = of === moduleName(main) ? members.findIndex((candidate) => moduleName(candidate) === entry) : -1
    const found = members[member]
    if (found !== undefined) return { file, line: found.line, column: found.column, key: `order[${group}].group[${member}]` }
  }
  return { file, line: 1, column: 1, key: 'order' }
}
