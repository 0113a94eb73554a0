import { nearest } from '../../config/suggest.ts'
import type { PackagerError } from '../../errors.ts'
import type { PackageOptions } from '../../package/options.ts'
import type { Context } from '../context.ts'
import type { Library } from '../library.ts'
import { COMMAND_WORDS } from '../program.ts'
import { usageError } from '../usage.ts'
import type { PackageFlags } from './define-package.ts'
import { makingOptions, runMaking } from './make.ts'
import { defined } from './shared-options.ts'

/** `bp-package [package] [NAME]`: packages, or with `--dry-run` shows the plan. `misuse` is what its words are refused for already. */
export async function runPackage(words: readonly string[], flags: PackageFlags, context: Context, library: Library, misuse: readonly PackagerError[]): Promise<void> {
  const [name, second] = words
  const extra = second === undefined ? [] : [tooManyWords(words)]
  const { path, config, repository, flatten, flattenExclude, exclude } = flags
  const options = { ...makingOptions(flags, context), ...defined({ name, path, config, repository, flatten, flattenExclude, exclude }) }
  await runMaking({ options, plan: library.planPackage, make: library.packageBuildpack, misuse: [...extra, ...misuse], flagRefusals }, flags, context)
}

async function flagRefusals(options: PackageOptions): Promise<readonly PackagerError[]> {
  return (await import('../../package/flags.ts')).flagRefusals(options)
}

/**
 * `manfest create x` is a slip of the pen, not a buildpack named `manfest` (SPEC.md, "Commands").
 *
 * @throws PackagerError where the first word was meant to be another command: what follows it is that one's
 */
function tooManyWords(words: readonly string[]): PackagerError {
  const [first = '', second = ''] = words
  const meant = nearest(first, COMMAND_WORDS)
  if (meant !== undefined && !COMMAND_WORDS.includes(first)) {
    throw usageError('run', 'not a command', { value: first, hint: `did you mean "${meant}"?` })
  }
  return usageError('read the command line', `a second name "${second}" after "${first}"`, { wanted: 'one name', hint: 'quote a path that holds spaces' })
}
