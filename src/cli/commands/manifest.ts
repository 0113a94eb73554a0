import type { LocalOptions, PushResult, Touched } from '../../manifests/options.ts'
import type { Context } from '../context.ts'
import { escapeJson, escapeLine, escapeText } from '../../escape.ts'
import type { ExitCode } from '../fault.ts'
import { EXIT } from '../fault.ts'
import { follow } from '../follow.ts'
import { lockOwner } from '../lock-owner.ts'
import { openMetadataFile } from '../metadata-file.ts'
import { count } from '../../quantities.ts'
import { resultJson } from '../print.ts'
import { createReporter } from '../progress/choose.ts'
import type { Tally } from '../progress/tally.ts'
import { usageError } from '../usage.ts'
import type { ManifestCommand, ManifestFlags } from './define-manifest.ts'
import { annotationsOf, formatOf, platformOf, refuseSending, selectionOf } from './manifest-flags.ts'
import { defined, registrySettings } from './shared-options.ts'

/** `bp-package manifest NAME ...`: what it has to say it says when nothing is drawn any more. Gives the exit code: `exists` says no by it alone. */
export async function runManifest(name: ManifestCommand, words: readonly string[], flags: ManifestFlags, context: Context): Promise<ExitCode> {
  const reporter = await createReporter(context, {
    loudness: flags.quiet === true ? 'quiet' : flags.verbose === true ? 'verbose' : 'normal',
    silent: flags.json === true,
    // Only what sends something has a plan to be drawn.
    live: true,
  })
  const options: LocalOptions = { cwd: context.cwd, env: context.env, registry: registrySettings(flags), owner: lockOwner(), onEvent: reporter.report, signal: context.signal }
  const call: Call = { words, flags, options, context, tally: reporter.tally }
  const { out = '', err = '', code = EXIT.done } = await follow(reporter, context, () => COMMANDS[name](call))
  if (err !== '') context.stderr.write(err)
  if (out.length > 0) context.stdout.write(out)
  return code
}

interface Call {
  readonly words: readonly string[]
  readonly flags: ManifestFlags
  readonly options: LocalOptions
  readonly context: Context
  readonly tally: () => Tally
}

/** What is left to be said of a command that is done. */
interface Answer {
  readonly out?: string | Buffer
  readonly err?: string
  readonly code?: ExitCode
}

const COMMANDS: Readonly<Record<ManifestCommand, (call: Call) => Promise<Answer>>> = { create, add, annotate, rm, remove, exists, push, inspect }

async function create(call: Call): Promise<Answer> {
  const { words, flags, options } = call
  const [list = '', ...images] = words
  const { createIndex, createList } = await import('../../manifests/create.ts')
  const made = {
    list,
    images,
    annotations: (await annotationsOf(flags)).index,
    ...defined({
      platforms: flags.platform,
      attestations: flags.attestations,
      from: flags.from,
      format: await formatOf(flags),
      amend: flags.amend,
      replace: flags.replace,
    }),
  }
  if (flags.publish === true) return published(call, (send) => createIndex({ ...options, ...send, ...made }))
  refuseSending(flags)
  const result = await createList({ ...options, ...made })
  return { out: flags.json === true ? resultJson(result) : `Created ${escapeLine(result.list)} (${count(result.images, 'image')})\n` }
}

async function add(call: Call): Promise<Answer> {
  const { words, flags, options } = call
  const [list = '', ...images] = words
  const { addToIndex, addToList } = await import('../../manifests/change.ts')
  const addition = {
    list,
    images,
    platform: platformOf(flags),
    annotations: await annotationsOf(flags),
    selection: selectionOf(flags),
    replace: flags.replace === true,
    missingOk: flags.missingOk === true,
  }
  if (flags.publish === true) return published(call, async (send) => (await addToIndex({ ...options, ...send, ...addition })).result)
  refuseSending(flags)
  return changed(call, 'Added', 'to', list, await addToList({ ...options, ...addition }))
}

async function annotate(call: Call): Promise<Answer> {
  const { words, flags, options } = call
  const [list = '', entry] = words
  const { annotateIndex, annotateList } = await import('../../manifests/change.ts')
  const change = { list, entry, platform: platformOf(flags), annotations: await annotationsOf(flags) }
  if (flags.publish === true) return published(call, async (send) => (await annotateIndex({ ...options, ...send, ...change })).result)
  refuseSending(flags)
  return changed(call, 'Annotated', 'in', list, await annotateList({ ...options, ...change }))
}

async function rm(call: Call): Promise<Answer> {
  const { words, flags, options } = call
  const [list = '', ...entries] = words
  if (entries.length === 0) {
    throw usageError('read the command line', 'no entry to take out', {
      wanted: 'manifest rm LIST ENTRY...',
      hint: `"bp-package manifest remove ${list}" deletes the whole list`,
    })
  }
  const { removeFromIndex, removeFromList } = await import('../../manifests/change.ts')
  const removal = { list, entries, keepAttestations: flags.keepAttestations === true }
  if (flags.publish === true) return published(call, async (send) => (await removeFromIndex({ ...options, ...send, ...removal })).result)
  refuseSending(flags)
  return changed(call, 'Removed', 'from', list, await removeFromList({ ...options, ...removal }))
}

async function remove({ words, flags, options }: Call): Promise<Answer> {
  const { removeLists } = await import('../../manifests/lists.ts')
  const removed = await removeLists(words, flags.ifExists === true, options)
  return { out: flags.json === true ? resultJson({ deleted: removed }) : removed.map((list) => `Deleted ${escapeLine(list)}\n`).join('') }
}

/** A list that cannot be read is neither there nor not: the contract has exit code 2 for it, and a message. */
async function exists({ words, options, context, flags }: Call): Promise<Answer> {
  const { listExists } = await import('../../manifests/lists.ts')
  const { PackagerError } = await import('../../errors.ts')
  try {
    return { code: (await listExists(words[0] ?? '', options)) ? EXIT.done : EXIT.failed }
  } catch (error) {
    if (!(error instanceof PackagerError) || error.code !== 'LIST_CORRUPT') throw error
    const { faultLine, faultText } = await import('../fault.ts')
    const { createPaint } = await import('../paint.ts')
    const { hasColor } = await import('../context.ts')
    const verbose = flags.verbose === true
    return { err: flags.json === true ? faultLine(error, verbose) : faultText(error, verbose, createPaint(hasColor(context))), code: EXIT.usage }
  }
}

async function push(call: Call): Promise<Answer> {
  const { words, flags, options } = call
  const [list = '', destination] = words
  const { pushList } = await import('../../manifests/push.ts')
  const pushed = { list, ...defined({ destination, format: await formatOf(flags), purge: flags.purge ?? flags.rm }) }
  return published(call, (send) => pushList({ ...options, ...send, ...pushed }))
}

async function inspect({ words, flags, options, context }: Call): Promise<Answer> {
  const { showManifest } = await import('../../manifests/show.ts')
  const only = flags.local === true ? 'local' : flags.remote === true ? 'registry' : undefined
  const { name, place, digest, bytes } = await showManifest({ ...options, reference: words[0] ?? '', ...defined({ only }) })
  const err = flags.quiet === true || flags.json === true ? '' : `${escapeLine(name)}: ${place}\n`
  if (flags.digest === true) return { err, out: `${digest}\n` }
  if (flags.raw !== true) return { err, out: indented(bytes) }
  return { err, out: context.stdout.isTTY === true ? `${escapeText(bytes.toString('utf8'))}\n` : bytes }
}

/** What could move a terminal's cursor or turn its text is written as JSON escapes it: still the same value. */
function indented(bytes: Buffer): string {
  return `${escapeJson(JSON.stringify(JSON.parse(bytes.toString('utf8')), undefined, 2))}\n`
}

interface Sending {
  readonly tags?: readonly string[]
  readonly dryRun?: boolean
  readonly concurrency?: number
}

/** `LIST@DIGEST`, the digest alone, JSON, or the plan; on stderr the closing line that `package` has, too. */
async function published({ flags, context, tally }: Call, send: (options: Sending) => Promise<PushResult>): Promise<Answer> {
  const file = flags.digestFile ?? flags.digestfile
  const digestFile = file === undefined || flags.dryRun === true ? undefined : await openMetadataFile(file, context.cwd, '--digest-file')
  const result = await send(defined({ tags: flags.tag, dryRun: flags.dryRun, concurrency: flags.concurrency }))
  await digestFile?.write(result.digest, `${result.reference}@${result.digest}`)
  if (flags.json === true) return { out: resultJson(flags.dryRun === true ? { dryRun: true, ...result } : result) }
  if (flags.quiet === true && flags.dryRun !== true) return { out: `${result.digest}\n` }
  const { plannedText, publishedText } = await import('./manifest-text.ts')
  if (flags.dryRun === true) return { out: plannedText(result) }
  return { err: `${publishedText(result, tally())}\n`, out: `${result.reference}@${result.digest}\n` }
}

async function changed({ flags }: Call, verb: string, preposition: string, word: string, touched: readonly Touched[]): Promise<Answer> {
  const list = (await import('../../manifests/names.ts')).parseListName(word).full
  if (flags.json === true) return { out: resultJson({ list, entries: touched }) }
  const lines = touched.map(({ digest, platform }) => `${verb} ${digest} (${escapeLine(platform)}) ${preposition} ${escapeLine(list)}\n`)
  return { out: lines.length === 0 ? `${verb} ${escapeLine(list)}\n` : lines.join('') }
}
