import { posix } from 'node:path'
import ignore from 'ignore'
import type { Excludes } from './entries.ts'

/** What no package wants (SPEC-vendor.md, "Which files go in", 4), in the grammar of the ignore file. */
export const defaultExcludes: readonly string[] = [
  '.git',
  '.hg',
  '.svn',
  '.DS_Store',
  '*.swp',
  '*.cnb',
  '/.bpignore',
  '/bp-package.toml',
  // Not on that list: the half-written layout of a run that was killed, beside its output, which may lie in the folder.
  '.*.partial-????????????/',
]

/** Paths. */
const forgetAfter = 256

export interface ExcludeRules {
  /** `--no-default-excludes` turns these off; folders that are OCI image layouts are among them. */
  readonly defaults: boolean
  /** The text of `.bpignore`, '' where there is none. */
  readonly ignoreFile: string
  /** `--exclude` and bp-package.toml's `exclude`. */
  readonly patterns: readonly string[]
  /** Files that are always packaged: buildpack.toml or extension.toml. */
  readonly keep: readonly string[]
  readonly isLayoutFolder: (path: string) => boolean
}

/**
 * Which paths of a platform root are left out. All patterns are gitignore's and are relative to the buildpack folder, so
 * `root` (`.`, `linux/arm64`) is put in front of each path; a later rule wins, so `!` in `.bpignore` can bring back a default.
 */
export function excludesFor(rules: ExcludeRules, root: string): Excludes {
  // As git on a file system that tells cases apart: what is packaged must not depend on whose machine it is.
  const compiled = ignore({ ignorecase: false })
  if (rules.defaults) compiled.add(defaultExcludes)
  compiled.add(rules.ignoreFile)
  compiled.add(rules.patterns)
  const prefix = posix.join(root, 'x').slice(0, -1)
  let matcher = compiled
  let asked = 0
  return (path, isFolder) => {
    const full = prefix + path
    if (rules.keep.includes(path)) return false
    asked += 1
    // A matcher remembers every path it was asked about, so one that was asked often makes way for another of the same rules.
    if (asked % forgetAfter === 0) matcher = ignore({ ignorecase: false }).add(compiled)
    if (matcher.ignores(isFolder ? `${full}/` : full)) return true
    return rules.defaults && isFolder && rules.isLayoutFolder(full)
  }
}
