import type { TargetDeclaration } from '../config/buildpack.ts'
import type { Problem } from '../errors.ts'
import { configError } from '../errors.ts'
import { formatTarget } from './grammar.ts'
import { checkTarget } from './known.ts'
import { pathFault } from './root.ts'
import type { Target } from './target.ts'

/** Far more than any buildpack has: 13 architectures of Linux with eight distributions each are 104. */
export const mostTargets = 1000

/**
 * What a file's `[[targets]]` stand for, one for each distribution, after the checks that flags go through. Throws
 * `CONFIG` with every problem, each at its key: `targets[1].arch: unknown architecture "quantum", want one of ...`.
 */
export function declaredTargets(declarations: readonly TargetDeclaration[], file: string): readonly Target[] {
  const { targets, problems } = readDeclared(declarations, file)
  if (problems.length > 0) throw configError('choose the targets', problems)
  return targets
}

/** As `declaredTargets`, for callers that gather what is wrong. */
export function readDeclared(declarations: readonly TargetDeclaration[], file: string): { readonly targets: readonly Target[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const chosen = new Map<string, Target>()
  const named = declarations.map((declaration, index) => {
    const targets = expand(declaration, index, file)
    problems.push(...faults(declaration, targets, index, file))
    for (const target of targets) {
      const before = chosen.get(formatTarget(target))
      if (before === undefined) {
        chosen.set(formatTarget(target), target)
        if (chosen.size === mostTargets + 1) problems.push(tooMany(declaration, index, file))
      }
      else if (before.path !== target.path) {
        problems.push({ ...placeOf(declaration, 'path', index, file), message: `${formatTarget(target)} is declared before with another path` })
      }
    }
    return targets
  })
  return { targets: named.flat(), problems }
}

function tooMany({ line, column }: TargetDeclaration, index: number, file: string): Problem {
  return { file, line, column, key: `targets[${index}]`, message: `is one target too many: at most ${mostTargets}, each distribution counted, go into one package` }
}

function expand(declaration: TargetDeclaration, index: number, file: string): readonly Target[] {
  const { os, arch, variant, distros } = declaration
  const target = { os, arch, ...(variant === undefined ? {} : { variant }), ...declaredPath(declaration, index, file) }
  return distros.length === 0 ? [target] : distros.map((distro) => Object.assign({ distro }, target))
}

/** The folder that a declaration names, and where it names it; nothing where it names none. */
export function declaredPath(declaration: TargetDeclaration, index: number, file: string): Pick<Target, 'path' | 'pathAt'> {
  if (declaration.path === undefined) return {}
  return { path: declaration.path, pathAt: placeOf(declaration, 'path', index, file) }
}

function faults(declaration: TargetDeclaration, targets: readonly Target[], index: number, file: string): readonly Problem[] {
  const found: Problem[] = targets.flatMap((target) => checkTarget(target)).map((fault) => {
    const missing = (fault.key === 'os' || fault.key === 'arch') && declaration[fault.key] === ''
    const message = missing ? `is required: ${fault.wanted}` : `${fault.found}, want ${fault.wanted}`
    return Object.assign(placeOf(declaration, fault.key, index, file), { message })
  })
  const path = declaration.path === undefined ? undefined : pathFault(declaration.path)
  if (path !== undefined) found.push({ ...placeOf(declaration, 'path', index, file), message: `is ${path.found}, must be ${path.wanted}` })
  return found.filter((problem, at) => found.findIndex((other) => other.message === problem.message) === at)
}

function placeOf(declaration: TargetDeclaration, key: string, index: number, file: string): Omit<Problem, 'message'> {
  const { line, column } = declaration.places?.[key] ?? declaration
  return { file, line, column, key: `targets[${index}].${key}` }
}
