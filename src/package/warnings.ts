import { basename, extname, relative, sep } from 'node:path'
import type { Listing } from '../buildpacks/listing.ts'
import { moduleName } from '../buildpacks/module.ts'
import type { LocalModule } from '../buildpacks/open.ts'
import type { Warning } from '../events.ts'
import { displayName } from '../layers/entries.ts'
import type { ScopedAnnotations } from '../publish/metadata.ts'
import type { Names } from '../publish/names.ts'
import type { Composition, Part } from './compose.ts'
import type { Dependency } from './dependencies.ts'
import type { PackageOptions } from './options.ts'
import type { Plan } from './plan.ts'

/** What is said of an index is lost where there is none. */
export function withIndexWarning(plan: Plan, annotations: ScopedAnnotations, options: PackageOptions): Plan {
  if (plan.images.length > 1 || options.append === true || Object.keys(annotations.index).length === 0) return plan
  return {
    ...plan,
    warnings: [
      ...plan.warnings,
      {
        message: 'annotations of the index are not written: one target makes one image and no index',
        hint: 'leave "index:" out to annotate the image',
      },
    ],
  }
}

/** It is kept, as pack keeps it, but pack and others tell a package by its ending. */
export function oddFileName({ destination }: PackageOptions, { path = '' }: Names): readonly Warning[] {
  if (destination !== 'file' || extname(path) === '.cnb') return []
  return [{ message: `${basename(path)} does not end in .cnb: readers may not take it for a package`, hint: 'name it NAME.cnb' }]
}

/** pack takes the flag as well, and does as little. */
export function idleFlatten({ flatten }: PackageOptions, compositions: readonly Composition[]): readonly Warning[] {
  const [first] = compositions
  if (flatten !== true || first === undefined || compositions.some(({ parts }) => parts.length > 1)) return []
  const name = first.parts.map(({ facts }) => `${facts.kind} ${moduleName(facts)}`).join(', ')
  return [{ message: `--flatten does nothing here: ${name} is one module, in one layer`, hint: 'leave --flatten and --flatten-exclude out' }]
}

/** Components that lie below a composite's own folder are in its layer too, as pack has them: beside the layers they get anyway. */
export function packedTwice(main: LocalModule, dependencies: readonly Dependency[], compositions: readonly Composition[], list: (part: Part) => Listing): readonly Warning[] {
  const own = compositions.flatMap(({ parts }) => parts).find((part) => part.kind === 'local' && part.module === main)
  const above = main.source.folder
  if (own === undefined || above === undefined) return []
  const inside = dependencies.flatMap((dependency) => {
    const folder = dependency.kind === 'local' ? dependency.source.folder : undefined
    const path = folder === undefined ? '' : relative(above, folder).split(sep).join('/')
    return path === '' || path.startsWith('../') ? [] : [`${path}/`]
  })
  if (inside.length === 0) return []
  const packed = new Set<string>()
  for (const entry of list(own).entries) {
    const folder = inside.find((path) => displayName(entry).startsWith(path))
    if (folder !== undefined) packed.add(folder)
  }
  const below = inside.filter((path) => packed.has(path))
  if (below.length === 0) return []
  const message = `the layer of ${moduleName(main.config)} holds the folders of its own dependencies as well: ${below.join(', ')}`
  return [{ message, hint: `leave them out with lines of .bpignore: ${below.map((path) => `/${path}`).join(' and ')}` }]
}
