import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Target } from '../targets/target.ts'
import type { Names } from './names.ts'
import { targetFile } from './names.ts'
import type { RunOptions } from './options.ts'

/**
 * What this run writes: its output, its result file, its cache. Where these lie in the buildpack's folder they are never
 * packaged, whatever the flags, or the digest would change from run to run.
 */
export function ownFiles(
  options: Pick<RunOptions, 'cwd' | 'destination'> & { readonly ownFiles?: readonly string[] },
  names: Names,
  targets: readonly Target[],
  cacheFolder: string | undefined,
): readonly string[] {
  const { path } = names
  const outputs =
    path === undefined ? [] : [path, ...(options.destination === 'file' ? targets.map((target) => targetFile(path, target)) : [])]
  const others = [...(options.ownFiles ?? []), ...(cacheFolder === undefined ? [] : [cacheFolder])]
  return [...outputs, ...others].map((file) => realPath(resolve(options.cwd, file)))
}

/** Links on the way are followed as far as the path is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(realPath(parent), basename(path))
  }
}
