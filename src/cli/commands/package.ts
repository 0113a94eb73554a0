import type { PackagerError } from '../../errors.ts'
import type { PackageOptions } from '../../package/options.ts'
import type { Context } from '../context.ts'
import type { Library } from '../library.ts'
import { nearest } from '../near-miss.ts'
import { COMMAND_WORDS } from '../program.ts'
import { usageError } from '../usage.ts'
import type { PackageFlags } from './define-package.ts'
import { makingOptions, runMaking } from './make.ts'
import { defined } from './shared-options.ts'

/** `bp-package [package] [NAME]`: packages, or with `--dry-run` shows the plan. */
export async function runPackage(words: readonly string[], flags: PackageFlags, context: Context, library: Library): Promise<void> {
  const options = packageOptions(words, flags, context)
  await runMaking({ options, plan: library.planPackage, make: library.packageBuildpack }, flags, context)
}

/** The words and flags as the library takes them. Only what can be told from the command line alone is checked here. */
export function packageOptions(words: readonly string[], flags: PackageFlags, context: Context): PackageOptions {
  const [name, second] = words
  if (second !== undefined) throw tooManyWords(words)
  const { path, config, repository, flatten, flattenExclude, exclude } = flags
  return { ...makingOptions(flags, context), ...defined({ name, path, config, repository, flatten, flattenExclude, exclude }) }
}

/** `manfest create x` is a slip of the pen, not a buildpack named `manfest` (SPEC.md, "Commands"). */
export function tooManyWords(words: readonly string[]): PackagerError {
  const [first = '', second = ''] = words
  const meant = nearest(first, COMMAND_WORDS)
  if (meant !== undefined && !COMMAND_WORDS.includes(first)) {
    return usageError('run', 'not a command', { value: first, hint: `did you mean "${meant}"?` })
  }
  return usageError('read the command line', `a second name "${second}" after "${first}"`, { wanted: 'one name', hint: 'quote a path that holds spaces' })
}
