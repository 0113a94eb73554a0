import { moduleName } from '../buildpacks/module.ts'
import { PackagerError } from '../errors.ts'
import type { Composition, Part } from './compose.ts'
import type { PackageOptions } from './options.ts'
import type { LayerGroup } from './plan.ts'

/**
 * Which modules share a layer. Without `--flatten` each has its own, but for modules that another image already has in one.
 * With it all do, but those named by `--flatten-exclude`, whose layers come first (SPEC-package.md section 7, "Flatten").
 */
export function layerGroups(options: Pick<PackageOptions, 'flatten' | 'flattenExclude'>): (composition: Composition) => readonly LayerGroup[] {
  const excluded = new Set(options.flattenExclude ?? [])
  return ({ parts }) => {
    if (options.flatten !== true || parts.length === 1) return parts.map((part) => [part])
    // A module that two dependencies have must be seen to be the same layer, and must not be in one tar twice.
    const isTwice = ({ facts }: Part): boolean => parts.filter((other) => moduleName(other.facts) === moduleName(facts)).length > 1
    const isApart = (part: Part): boolean => excluded.has(moduleName(part.facts)) || isTwice(part)
    const apart = parts.filter(isApart)
    const together = parts.filter((part) => !isApart(part))
    return [...apart.map((part) => [part]), ...(together.length === 0 ? [] : [together])]
  }
}

/** Checked even though a component has nothing to flatten, as pack checks it. */
export function checkFlattenExcludes(values: readonly string[]): void {
  for (const value of values) {
    if (/^[^@\s]+@[^@\s]+$/.test(value)) continue
    throw new PackagerError({ code: 'USAGE', step: 'read --flatten-exclude', found: `"${value}"`, wanted: 'id@version' })
  }
}
