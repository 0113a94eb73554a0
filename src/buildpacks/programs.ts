import type { Warning } from '../events.ts'
import type { Entries } from '../layers/entries.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { PlatformRoot } from '../targets/root.ts'
import type { Target } from '../targets/target.ts'
import type { ModuleFacts } from './module.ts'
import { isComposite, moduleName } from './module.ts'

/** A component without its two programs packages, but never runs. Extensions and composites need none. */
export function programWarnings({ facts, root: found }: { readonly facts: ModuleFacts; readonly root: PlatformRoot }, target: Target, entries: Entries): readonly Warning[] {
  if (facts.kind === 'extension' || isComposite(facts)) return []
  const endings = target.os === 'windows' ? ['', '.bat', '.exe', '.cmd'] : ['']
  const names = new Set<string>()
  for (const { name, type } of entries) {
    // Where a link leads is not followed here: what it names may well be there.
    if (type === 'symlink' && name === 'bin') return []
    if (name.startsWith('bin/')) names.add(name)
  }
  const missing = ['bin/build', 'bin/detect'].filter((program) => !endings.some((ending) => names.has(program + ending)))
  if (missing.length === 0) return []
  const { root, lookedAt } = found
  const looked = lookedAt.map((folder) => (folder === '.' ? 'the buildpack folder' : `${folder}/`)).join(', ')
  return [
    {
      message: `${formatTarget(target)}: no ${missing.join(' and no ')} in ${root === '.' ? 'the buildpack folder' : `${root}/`} (looked at ${looked})`,
      hint: `put the programs for this target into ${folderFor(target, found)}${target.path === undefined ? ', or name their folder with path = "..." in its [[targets]]' : ''}`,
    },
  ]
}

/**
 * Where the programs for a target belong: into its root, where one was found; into the folder where the search for one
 * stopped, if that is for its architecture; else, where the buildpack has no folders for platforms, below its own.
 */
function folderFor({ os, arch, variant }: Target, { root, complete, lookedAt }: PlatformRoot): string {
  if (root !== '.') return `${root}/bin`
  if (complete) return 'bin'
  const deepest = lookedAt.slice(0, -1).at(-1) ?? ''
  if (deepest.includes('/')) return `${deepest}/bin`
  const own = [os, arch, variant].filter((part) => part !== undefined && part !== '').join('/')
  return deepest === '' ? `bin, or into ${own}/bin if they are for it alone` : `${own}/bin`
}

/** What looks like a secret goes into an image, since it may be none, but not without a word. */
export function secretWarnings(facts: ModuleFacts, secrets: readonly string[] | undefined, remedy: string): readonly Warning[] {
  return secrets === undefined || secrets.length === 0 ? [] : [{ message: `${moduleName(facts)} holds what looks like a secret: ${secrets.join(', ')}`, hint: `leave it out with ${remedy}` }]
}
