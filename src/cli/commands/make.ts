import type { PackagerError } from '../../errors.ts'
import { refusalsOf, throwTogether } from '../../errors.ts'
import type { Destination, RunOptions, RunResult } from '../../publish/options.ts'
import type { RunPlan } from '../../publish/run-plan.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import type { MetadataFile } from '../metadata-file.ts'
import { openMetadataFile } from '../metadata-file.ts'
import { planText } from '../plan-text.ts'
import { resultJson, resultLine, summaryLine } from '../print.ts'
import { createReporter } from '../progress/choose.ts'
import { usageError } from '../usage.ts'
import type { MakingFlags } from './making-options.ts'
import { defined, registrySettings } from './shared-options.ts'

/** What a command makes, or with `--dry-run` only plans. */
export interface Making<T extends RunOptions> {
  readonly options: T
  readonly plan: (options: T) => Promise<RunPlan>
  readonly make: (options: T) => Promise<RunResult>
  /** What the words of the command line are refused for already. */
  readonly misuse: readonly PackagerError[]
  /** What else the flags alone are refused for. The run itself asks that too, where all is well until then. */
  readonly flagRefusals: (options: T) => Promise<readonly PackagerError[]>
}

/** Makes, or with `--dry-run` shows the plan. Prints the result only after all of it is done. What is wrong with the flags is told together. */
export async function runMaking<T extends RunOptions>({ options, plan, make, misuse, flagRefusals }: Making<T>, flags: MakingFlags, context: Context): Promise<void> {
  let metadata: MetadataFile | undefined
  const openMetadata = async (): Promise<void> => {
    metadata = flags.metadataFile === undefined ? undefined : await openMetadataFile(flags.metadataFile, context.cwd)
  }
  const refusals = [...misuse, ...(await refusalsOf([...destinationChecks(flags), openMetadata]))]
  if (refusals.length > 0) throwTogether('read the command line', [...refusals, ...(await flagRefusals(options))])
  const reporter = await createReporter(context, {
    loudness: flags.quiet === true ? 'quiet' : flags.verbose === true ? 'verbose' : 'normal',
    silent: flags.json === true,
    live: flags.progress && flags.dryRun !== true,
  })
  const watched = { ...options, onEvent: reporter.report, signal: context.signal }
  if (flags.dryRun === true) return showPlan(flags, context, await follow(reporter, context, async () => plan(watched)))
  const result = await follow(reporter, context, async () => make(watched))
  await metadata?.write(resultJson(result), resultLine(result))
  if (flags.quiet !== true && flags.json !== true) context.stderr.write(`${summaryLine(result, reporter.tally(), context.cwd)}\n`)
  context.stdout.write(flags.json === true ? resultJson(result) : `${resultLine(result)}\n`)
}

/** The flags of every command that makes images, as the library takes them. */
export function makingOptions(flags: MakingFlags, context: Context): RunOptions & { readonly hostArch: string; readonly defaultExcludes: boolean } {
  const { output, cacheDir, concurrency, compression, strict, singleFile, pullPolicy, registryIndex, archiveLimit } = flags
  return {
    cwd: context.cwd,
    env: context.env,
    hostArch: context.hostArch,
    destination: destinationOf(flags),
    defaultExcludes: flags.defaultExcludes,
    cache: flags.cache,
    registry: registrySettings(flags),
    ...defined({ output, cacheDir, concurrency, compression, strict, singleFile, pullPolicy, registryIndex, archiveLimit }),
    ...defined({ targets: flags.target, tags: flags.tag, labels: flags.label, annotations: flags.annotation }),
    ...defined({
      ownFiles: flags.metadataFile === undefined ? undefined : [flags.metadataFile],
      appendImageNameSuffix: flags.appendImageNameSuffix,
      append: flags.append,
      publishByDigest: flags.publishByDigest,
    }),
  }
}

function destinationOf({ publish, publishByDigest, format }: MakingFlags): Destination {
  return publish === true || publishByDigest === true ? 'registry' : (format ?? 'layout')
}

function destinationChecks(flags: MakingFlags): readonly (() => void)[] {
  const isPushed = destinationOf(flags) === 'registry'
  return [
    () => {
      if (flags.singleFile === true && flags.format !== 'file') {
        throw usageError('read --single-file', isPushed ? '--publish' : `--format ${flags.format ?? 'layout'}`, {
          wanted: '--format file',
          hint: 'a layout and a registry hold all targets anyway',
        })
      }
    },
    () => {
      if (flags.append === true && !isPushed) throw usageError('read --append', 'no --publish', { wanted: 'both: what is added to is an index in a registry' })
    },
  ]
}

function showPlan(flags: MakingFlags, context: Context, plan: RunPlan): void {
  context.stdout.write(flags.json === true ? resultJson(plan) : planText(plan, flags.verbose === true))
}
