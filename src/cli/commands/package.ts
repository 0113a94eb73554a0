import { PackagerError } from '../../errors.ts'
import type { PackageOptions } from '../../package/options.ts'
import type { Destination, RunResult } from '../../publish/options.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import type { Library } from '../library.ts'
import { openMetadataFile } from '../metadata-file.ts'
import type { MetadataFile } from '../metadata-file.ts'
import { nearest } from '../near-miss.ts'
import { planText } from '../plan-text.ts'
import { resultJson, resultLine, summaryLine } from '../print.ts'
import { COMMAND_WORDS } from '../program.ts'
import { createReporter } from '../progress/choose.ts'
import { usageError } from '../usage.ts'
import type { PackageFlags } from './define-package.ts'
import { defined, registrySettings } from './shared-options.ts'

/** `bp-package [package] [NAME]`: packages, or with `--dry-run` shows the plan. Prints the result only after all of it is done. */
export async function runPackage(words: readonly string[], flags: PackageFlags, context: Context, library: Library): Promise<void> {
  const options = packageOptions(words, flags, context)
  const metadata = flags.metadataFile === undefined ? undefined : await openMetadataFile(flags.metadataFile, context.cwd)
  const reporter = await createReporter(context, {
    loudness: flags.quiet === true ? 'quiet' : flags.verbose === true ? 'verbose' : 'normal',
    silent: flags.json === true,
    live: flags.progress && flags.dryRun !== true,
  })
  const watched = { ...options, report: reporter.report, signal: context.signal }
  if (flags.dryRun === true) return showPlan(flags, context, await follow(reporter, context, async () => library.planPackage(watched)))
  const result = await follow(reporter, context, async () => library.packageBuildpack(watched))
  await writeMetadata(metadata, result)
  if (flags.quiet !== true && flags.json !== true) context.stderr.write(`${summaryLine(result, reporter.tally(), context.cwd)}\n`)
  context.stdout.write(flags.json === true ? resultJson(result) : `${resultLine(result)}\n`)
}

/** The words and flags as the library takes them. Only what can be told from the command line alone is checked here. */
export function packageOptions(words: readonly string[], flags: PackageFlags, context: Context): PackageOptions {
  const [name, second] = words
  if (second !== undefined) throw tooManyWords(words)
  const { path, config, output, repository, cacheDir, concurrency, compression, strict, flatten, flattenExclude, singleFile, pullPolicy, registryIndex, archiveLimit } = flags
  return {
    cwd: context.cwd,
    env: context.env,
    hostArch: context.hostArch,
    destination: destinationOf(flags),
    defaultExcludes: flags.defaultExcludes,
    cache: flags.cache,
    registry: registrySettings(flags),
    ...defined({ name, path, config, output, repository, cacheDir, concurrency, compression, strict, flatten, flattenExclude, singleFile, pullPolicy, registryIndex, archiveLimit }),
    ...defined({ targets: flags.target, tags: flags.tag, labels: flags.label, annotations: flags.annotation, exclude: flags.exclude }),
    ...defined({ ownFiles: flags.metadataFile === undefined ? undefined : [flags.metadataFile], appendImageNameSuffix: flags.appendImageNameSuffix, append: flags.append, publishByDigest: flags.publishByDigest }),
  }
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

function destinationOf(flags: PackageFlags): Destination {
  if (flags.publish === true || flags.publishByDigest === true) return 'registry'
  if (flags.singleFile === true && flags.format !== 'file') throw usageError('read --single-file', `--format ${flags.format ?? 'layout'}`, { wanted: '--format file', hint: 'a layout and a registry hold all targets anyway' })
  if (flags.append === true) throw usageError('read --append', 'no --publish', { wanted: 'both: what is added to is an index in a registry' })
  return flags.format ?? 'layout'
}

function showPlan(flags: PackageFlags, context: Context, plan: Awaited<ReturnType<Library['planPackage']>>): void {
  context.stdout.write(flags.json === true ? resultJson(plan) : planText(plan, flags.verbose === true))
}

/** The work is done when this fails, so the error says where it is. */
async function writeMetadata(metadata: MetadataFile | undefined, result: RunResult): Promise<void> {
  try {
    await metadata?.write(resultJson(result))
  } catch (error) {
    if (!(error instanceof PackagerError)) throw error
    const { code, step, message } = error
    throw new PackagerError({ code, step, found: message, cause: error, hint: `all else is done: ${resultLine(result)}` })
  }
}
