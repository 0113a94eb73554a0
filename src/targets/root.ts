import { PackagerError } from '../errors.ts'
import { formatDistro, formatTarget } from './grammar.ts'
import type { Target } from './target.ts'

/** Which folder of a buildpack is packaged for a target. */
export interface PlatformRoot {
  /** Relative to the buildpack folder, with `/`: `linux/arm64`; `.` is the folder itself. */
  readonly root: string
  /** Whether the folder is for all that the target names; false for `linux` as the root of `linux/arm64`, and for `.`. */
  readonly complete: boolean
  /** Every folder that was asked for, in that order, for a warning about a root without `bin`. */
  readonly lookedAt: readonly string[]
}

/**
 * Finds a target's folder (SPEC-package.md section 3): down through `os`, `arch`, `variant`, `name@version` as long as
 * the next folder is there. A walk that stops early counts only where the folder has a `bin`; otherwise the buildpack
 * folder itself is the root. `targets.path` (RFC 0128) names the folder outright. Composites have no such folders.
 *
 * `isFolder` is asked with paths relative to the buildpack folder and follows symlinks.
 */
export function platformRoot(target: Target, isFolder: (path: string) => boolean, isComposite: boolean): PlatformRoot {
  if (isComposite) return { root: '.', complete: true, lookedAt: [] }
  if (target.path !== undefined) return namedRoot(target, target.path, isFolder)
  const lookedAt: string[] = []
  let root = '.'
  for (const part of folderNames(target)) {
    const next = root === '.' ? part : `${root}/${part}`
    lookedAt.push(next)
    if (!isFolder(next)) return stoppedAt(root, lookedAt, isFolder)
    root = next
  }
  return { root, complete: true, lookedAt }
}

function stoppedAt(root: string, lookedAt: readonly string[], isFolder: (path: string) => boolean): PlatformRoot {
  const counts = root !== '.' && isFolder(`${root}/bin`)
  return { root: counts ? root : '.', complete: false, lookedAt }
}

/** A distribution without a version has no folder of its own: the folder's name is `name@version`. */
function folderNames({ os, arch, variant = '', distro }: Target): readonly string[] {
  return [os, arch, variant, distro?.version === undefined ? '' : formatDistro(distro)].filter((part) => part !== '')
}

function namedRoot(target: Target, path: string, isFolder: (path: string) => boolean): PlatformRoot {
  const fault = pathFault(path)
  if (fault !== undefined) throw pathError(target, path, fault)
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  const root = parts.length === 0 ? '.' : parts.join('/')
  if (root !== '.' && !isFolder(root)) throw pathError(target, path, { found: 'no folder', wanted: 'a folder inside the buildpack folder' })
  return { root, complete: true, lookedAt: [root] }
}

/** What makes a `targets.path` none that may be packaged: it must stay inside the buildpack folder, on every system. */
export function pathFault(path: string): { readonly found: string; readonly wanted: string } | undefined {
  if (/^(?:[/\\]|[A-Za-z]:)/.test(path)) return { found: 'an absolute path', wanted: 'one relative to the buildpack folder' }
  if (path.split(/[/\\]/).includes('..')) return { found: 'a path with ".."', wanted: 'a folder inside the buildpack folder' }
  return undefined
}

function pathError(target: Target, path: string, { found, wanted }: { readonly found: string; readonly wanted: string }): PackagerError {
  const problems = target.pathAt === undefined ? [] : [{ ...target.pathAt, message: `"${path}" is ${found}, must be ${wanted}` }]
  return new PackagerError({ code: 'CONFIG', step: `find the folder of target ${formatTarget(target)}: targets.path`, value: path, found, wanted, problems })
}
