import type { TargetDeclaration } from '../config/buildpack.ts'
import type { Problem } from '../errors.ts'
import { configError } from '../errors.ts'
import { formatTarget } from './grammar.ts'
import { checkTarget } from './known.ts'
import type { Target } from './target.ts'

/**
 * What a file's `[[targets]]` stand for, one for each distribution, after the checks that flags go through. Throws
 * `CONFIG` with every problem, each at its key: `targets[1].arch: unknown architecture "quantum", want one of ...`.
 */
export function declaredTargets(declarations: readonly TargetDeclaration[], file: string): readonly Target[] {
  const problems: Problem[] = []
  const chosen = new Map<string, Target>()
  const named = declarations.map((declaration, index) => {
    const targets = expand(declaration)
    problems.push(...faults(declaration, targets, index, file))
    for (const target of targets) {
      const before = chosen.get(formatTarget(target))
      if (before === undefined) chosen.set(formatTarget(target), target)
      else if (before.path !== target.path) {
        problems.push(problemAt(declaration, 'path', index, file, `${formatTarget(target)} is declared before with another path`))
      }
    }
    return targets
  })
  if (problems.length > 0) throw configError('choose the targets', problems)
  return named.flat()
}

function expand({ os, arch, variant, distros, path }: TargetDeclaration): readonly Target[] {
  const target = { os, arch, ...(variant === undefined ? {} : { variant }), ...(path === undefined ? {} : { path }) }
  return distros.length === 0 ? [target] : distros.map((distro) => Object.assign({ distro }, target))
}

function faults(declaration: TargetDeclaration, targets: readonly Target[], index: number, file: string): readonly Problem[] {
  const found = targets.flatMap((target) => checkTarget(target)).map((fault) => {
    const missing = (fault.key === 'os' || fault.key === 'arch') && declaration[fault.key] === ''
    const message = missing ? `is required: ${fault.wanted}` : `${fault.found}, want ${fault.wanted}`
    return problemAt(declaration, fault.key, index, file, message)
  })
  return found.filter((problem, at) => found.findIndex((other) => other.message === problem.message) === at)
}

function problemAt(declaration: TargetDeclaration, key: string, index: number, file: string, message: string): Problem {
  const { line, column } = declaration.places?.[key] ?? declaration
  return { file, line, column, key: `targets[${index}].${key}`, message }
}
