import { misplaced } from '../buildpacks/misplaced.ts'
import { moduleName } from '../buildpacks/module.ts'
import { checkOrders } from '../buildpacks/order.ts'
import { mergeStacks } from '../buildpacks/stacks.ts'
import type { ModuleConfig, Stack } from '../config/buildpack.ts'
import type { PackageConfig } from '../config/package.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, configError } from '../errors.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Composition } from './compose.ts'
import type { Place } from './dependencies.ts'

/** What is wrong with the composition for one target. */
interface Fault {
  readonly at: Place
  /** @param where ` for linux/arm64`, or nothing where it is so for all targets */
  readonly say: (where: string) => string
  readonly hint?: string | undefined
}

/**
 * Checks what the images are made of, all of them: their orders resolve and lead to no circle, every dependency is there for the
 * target, is used and has a folder of its own, all share a stack (SPEC-package.md section 1, "Checks").
 *
 * @returns the package's stacks, for each composition
 * @throws PackagerError `CONFIG` with all that does not fit, each at its place and once, with the targets where it is not so for all
 */
export function checkCompositions(compositions: readonly Composition[], main: ModuleConfig, packageConfig: PackageConfig | undefined): ReadonlyMap<Composition, readonly Stack[]> {
  const file = packageConfig?.file ?? 'package.toml'
  // What even a composition with all dependencies lacks, nobody has left out.
  const complete = compositions.find(({ leftOut, refusals }) => leftOut.length === 0 && refusals.length === 0)
  const mayBeLeftOut = (entry: string): boolean => complete === undefined || complete.parts.some(({ facts }) => moduleName(facts) === entry)
  const faults = compositions.map((composition) => (composition.refusals.length > 0 ? refused(composition) : faultsOf(composition, main, file, mayBeLeftOut)))
  const problems = withTargets(compositions, faults)
  if (problems.length > 0) {
    const hints = new Set(faults.flat().map(({ hint }) => hint))
    const [hint] = hints
    throw configError('check the package', problems, hints.size === 1 ? hint : undefined)
  }
  return new Map(compositions.map((composition) => [composition, stacksOf(composition, main)]))
}

function withTargets(compositions: readonly Composition[], faults: readonly (readonly Fault[])[]): readonly Problem[] {
  // Of a target that lacks a dependency nothing else is known.
  const judged = compositions.filter(({ refusals }) => refusals.length === 0).length
  const found = new Map<string, { readonly fault: Fault; readonly targets: string[] }>()
  for (const [index, { target }] of compositions.entries()) {
    for (const fault of faults[index] ?? []) {
      const key = JSON.stringify([fault.at, fault.say('')])
      const known = found.get(key) ?? { fault, targets: [] }
      known.targets.push(formatTarget(target))
      found.set(key, known)
    }
  }
  return Array.from(found.values(), ({ fault: { at, say }, targets }) => ({ ...at, message: say(targets.length === judged ? '' : ` for ${targets.join(', ')}`) }))
}

function refused({ refusals }: Composition): readonly Fault[] {
  return refusals.map(({ at, cause }) => ({ at, say: () => cause.message, hint: cause.hint }))
}

function faultsOf(composition: Composition, main: ModuleConfig, file: string, mayBeLeftOut: (entry: string) => boolean): readonly Fault[] {
  const { parts, leftOut } = composition
  const dependencies = parts.slice(0, -1).map((part) => part.facts)
  const { unresolved, unused } = checkOrders(main, dependencies)
  const whereOf = (name: string): Place => parts.find(({ facts, at }) => at !== undefined && moduleName(facts) === name)?.at ?? { file, line: 1, column: 1, key: 'dependencies' }
  return [
    ...unresolved.map(({ entry, of, near }): Fault => {
      const hint = near.length > 0 ? `the package has ${near.join(', ')}` : whereItMayBe(mayBeLeftOut(entry) ? leftOut : [], file)
      return {
        at: of === moduleName(main) ? memberPlace(entry, main) : whereOf(of),
        say: (where) => `${entry} in the order of ${of} is no module of the package${where}; ${hint}`,
      }
    }),
    ...unused.map((name): Fault => ({
      at: whereOf(name),
      say: (where) => `${name} is in the package${where}, but no order names it; add it to an order, or remove its [[dependencies]] entry`,
    })),
    ...misplaced([main, ...dependencies]).map(({ index, message, member }): Fault => {
      const at =
        (index === 0 ? undefined : parts[index - 1]?.at) ??
        (member === undefined ? { file: main.file, line: 1, column: 1, key: `${main.kind}.id` } : memberPlace(member, main))
      return { at, say: (where) => `${message}${where === '' ? '' : ` (${where.trim()})`}` }
    }),
  ]
}

function stacksOf({ parts, target }: Composition, main: ModuleConfig): readonly Stack[] {
  const modules = [main, ...parts.slice(0, -1).map((part) => part.facts)]
  const stacks = mergeStacks(main, modules.slice(1))
  if (stacks !== undefined) return stacks
  const all = modules.map((module) => `${moduleName(module)} (${module.stacks.map((stack) => stack.id).join(', ') || '*'})`)
  throw new PackagerError({
    code: 'CONFIG',
    step: 'merge the stacks',
    value: formatTarget(target),
    found: `no stack that all modules run on: ${all.join(', ')}`,
    hint: 'remove the module that does not fit, or give it the stacks of the others',
  })
}

/** An order holds for all targets, so that a module may be left out only where another one stands in for it. */
function whereItMayBe(leftOut: readonly string[], file: string): string {
  if (leftOut.length === 0) return `add it to [[dependencies]] of ${file}`
  return `bp-package.toml leaves out ${leftOut.map((uri) => `"${uri}"`).join(', ')} there: add another dependency that has it for this target`
}

function memberPlace(entry: string, { file, order }: ModuleConfig): Place {
  for (const [group, members] of order.entries()) {
    const member = members.findIndex((candidate) => moduleName(candidate) === entry)
    const found = members[member]
    if (found !== undefined) return { file, line: found.line, column: found.column, key: `order[${group}].group[${member}]` }
  }
  return { file, line: 1, column: 1, key: 'order' }
}
