import type { PackagerError } from '../errors.ts'
import { refusalsOf } from '../errors.ts'
import { parseCompression } from '../layers/compression.ts'
import { createdTime, parseAnnotations, parseLabels } from '../publish/metadata.ts'
import { readMirrorFlags } from '../publish/mirrors.ts'
import { nameChecks } from '../publish/names.ts'
import { flagTargets } from '../targets/resolve.ts'
import { checkFlattenExcludes } from './groups.ts'
import type { PackageOptions } from './options.ts'
import { findPackageToml, findPath } from './places.ts'

/** What can be told from the flags alone, and of the places that they name: all that is wrong with any of them. */
export async function flagRefusals(options: PackageOptions): Promise<readonly PackagerError[]> {
  const { compression, labels = [], annotations = [], flattenExclude = [], targets = [], registry, env } = options
  return refusalsOf([
    () => findPath(options),
    () => findPackageToml(options),
    ...nameChecks(options),
    ...targets.map((target) => () => flagTargets([target])),
    ...labels.map((label) => () => parseLabels([label])),
    ...annotations.map((annotation) => () => parseAnnotations([annotation])),
    ...flattenExclude.map((module) => () => checkFlattenExcludes([module])),
    () => compression !== undefined && parseCompression(compression),
    ...(registry?.mirrors ?? []).map((mirror) => () => readMirrorFlags([mirror])),
    () => createdTime(env['SOURCE_DATE_EPOCH']),
  ])
}
