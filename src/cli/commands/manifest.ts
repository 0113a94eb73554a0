import type { AnnotationChange, LocalOptions, PlatformFlags, PushResult, Selection, Touched } from '../../manifests/options.ts'
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
import { usageError } from '../usage.ts'
import type { ManifestCommand, ManifestFlags } from './define-manifest.ts'
import { defined, registrySettings } from './shared-options.ts'

/** `bp-package manifest NAME ...`. Gives the exit code: `exists` says no by it alone. */
export async function runManifest(name: ManifestCommand, words: readonly string[], flags: ManifestFlags, context: Context): Promise<ExitCode> {
  const reporter = await createReporter(context, {
    loudness: flags.quiet === true ? 'quiet' : flags.verbose === true ? 'verbose' : 'normal',
    silent: flags.json === true,
    // Only what sends something has a plan to be drawn.
    live: true,
  })
  const options: LocalOptions = { cwd: context.cwd, env: context.env, registry: registrySettings(flags), owner: lockOwner(), onEvent: reporter.report, signal: context.signal }
  const call: Call = { words, flags, options, context }
  return follow(reporter, context, () => COMMANDS[name](call))
}

interface Call {
  readonly words: readonly string[]
  readonly flags: ManifestFlags
  readonly options: LocalOptions
  readonly context: Context
}

const COMMANDS: Readonly<Record<ManifestCommand, (call: Call) => Promise<ExitCode>>> = { create, add, annotate, rm, remove, exists, push, inspect }

async function create(call: Call): Promise<ExitCode> {
  const { words, flags, options, context } = call
  const [list = '', ...images] = words
  const { createIndex, createList } = await import('../../manifests/create.ts')
  const made = { list, images, annotations: (await annotationsOf(flags)).index, ...defined({ platforms: flags.platform, attestations: flags.attestations, from: flags.from, format: await formatOf(flags), amend: flags.amend, replace: flags.replace }) }
  if (flags.publish === true) return published(call, (send) => createIndex({ ...options, ...send, ...made }))
  refuseSending(flags)
  const result = await createList({ ...options, ...made })
  return told(flags.json === true ? resultJson(result) : `Created ${escapeLine(result.list)} (${count(result.images, 'image')})\n`, context)
}

async function add(call: Call): Promise<ExitCode> {
  const { words, flags, options } = call
  const [list = '', ...images] = words
  const { addToIndex, addToList } = await import('../../manifests/change.ts')
  const addition = { list, images, platform: platformOf(flags), annotations: await annotationsOf(flags), selection: selectionOf(flags), replace: flags.replace === true, missingOk: flags.missingOk === true }
  if (flags.publish === true) return published(call, async (send) => (await addToIndex({ ...options, ...send, ...addition })).result)
  refuseSending(flags)
  return changed(call, 'Added', 'to', list, await addToList({ ...options, ...addition }))
}

async function annotate(call: Call): Promise<ExitCode> {
  const { words, flags, options } = call
  const [list = '', entry] = words
  const { annotateIndex, annotateList } = await import('../../manifests/change.ts')
  const change = { list, entry, platform: platformOf(flags), annotations: await annotationsOf(flags) }
  if (flags.publish === true) return published(call, async (send) => (await annotateIndex({ ...options, ...send, ...change })).result)
  refuseSending(flags)
  return changed(call, 'Annotated', 'in', list, await annotateList({ ...options, ...change }))
}

async function rm(call: Call): Promise<ExitCode> {
  const { words, flags, options } = call
  const [list = '', ...entries] = words
  if (entries.length === 0) throw usageError('read the command line', 'no entry to take out', { wanted: 'manifest rm LIST ENTRY...', hint: `"bp-package manifest remove ${list}" deletes the whole list` })
  const { removeFromIndex, removeFromList } = await import('../../manifests/change.ts')
  const removal = { list, entries, keepAttestations: flags.keepAttestations === true }
  if (flags.publish === true) return published(call, async (send) => (await removeFromIndex({ ...options, ...send, ...removal })).result)
  refuseSending(flags)
  return changed(call, 'Removed', 'from', list, await removeFromList({ ...options, ...removal }))
}

async function remove(call: Call): Promise<ExitCode> {
  const { words, flags, options, context } = call
  const { removeLists } = await import('../../manifests/lists.ts')
  const removed = await removeLists(words, flags.ifExists === true, options)
  return told(flags.json === true ? resultJson({ deleted: removed }) : removed.map((list) => `Deleted ${escapeLine(list)}\n`).join(''), context)
}

/** A list that cannot be read is neither there nor not: the contract has exit code 2 for it, and a message. */
async function exists({ words, options, context, flags }: Call): Promise<ExitCode> {
  const { listExists } = await import('../../manifests/lists.ts')
  const { PackagerError } = await import('../../errors.ts')
  try {
    return (await listExists(words[0] ?? '', options)) ? EXIT.done : EXIT.failed
  } catch (error) {
    if (!(error instanceof PackagerError) || error.code !== 'LIST_CORRUPT') throw error
    const { faultLine, faultText } = await import('../fault.ts')
    const { createPaint } = await import('../paint.ts')
    const { hasColor } = await import('../context.ts')
    const verbose = flags.verbose === true
    context.stderr.write(flags.json === true ? faultLine(error, verbose) : faultText(error, verbose, createPaint(hasColor(context))))
    return EXIT.usage
  }
}

async function push(call: Call): Promise<ExitCode> {
  const { words, flags, options } = call
  const [list = '', destination] = words
  const { pushList } = await import('../../manifests/push.ts')
  const pushed = { list, ...defined({ destination, format: await formatOf(flags), purge: flags.purge ?? flags.rm }) }
  return published(call, (send) => pushList({ ...options, ...send, ...pushed }))
}

async function inspect(call: Call): Promise<ExitCode> {
  const { words, flags, options, context } = call
  const { showManifest } = await import('../../manifests/show.ts')
  const only = flags.local === true ? 'local' : flags.remote === true ? 'registry' : undefined
  const shown = await showManifest({ ...options, reference: words[0] ?? '', ...defined({ only }) })
  if (flags.quiet !== true && flags.json !== true) context.stderr.write(`${escapeLine(shown.name)}: ${shown.place}\n`)
  if (flags.digest === true) context.stdout.write(`${shown.digest}\n`)
  else context.stdout.write(flags.raw !== true ? indented(shown.bytes) : context.stdout.isTTY === true ? `${escapeText(shown.bytes.toString('utf8'))}\n` : shown.bytes)
  return EXIT.done
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

/** `LIST@DIGEST`, the digest alone, JSON, or the plan. */
async function published({ flags, context }: Call, send: (options: Sending) => Promise<PushResult>): Promise<ExitCode> {
  const file = flags.digestFile ?? flags.digestfile
  const digestFile = file === undefined || flags.dryRun === true ? undefined : await openMetadataFile(file, context.cwd, '--digest-file')
  const result = await send(defined({ tags: flags.tag, dryRun: flags.dryRun, concurrency: flags.concurrency }))
  await digestFile?.write(result.digest, `${result.reference}@${result.digest}`)
  if (flags.json === true) context.stdout.write(resultJson(flags.dryRun === true ? { dryRun: true, ...result } : result))
  else if (flags.dryRun === true) context.stdout.write(await planText(result))
  else context.stdout.write(flags.quiet === true ? `${result.digest}\n` : `${result.reference}@${result.digest}\n`)
  return EXIT.done
}

const PLANNED = { present: 'there already', mounted: 'to mount', uploaded: 'to copy' } as const

async function planText({ reference, digest, mediaType, size, tags, images }: PushResult): Promise<string> {
  const { platformText } = await import('../../manifests/platforms.ts')
  const lines = images.map((image) => {
    const { os, architecture, variant, 'os.version': version } = image.platform
    const platform = platformText({ os: os ?? '', architecture: architecture ?? '', ...defined({ variant: variant ?? undefined, 'os.version': version ?? undefined }) })
    return `  ${image.digest}  ${escapeLine(platform)}, ${PLANNED[image.copied]}`
  })
  return [`index ${reference}@${digest}`, `  ${mediaType}, ${size} bytes, ${count(images.length, 'image')}`, ...lines, 'tags', ...tags.map((tag) => `  ${tag}`), 'dry run: nothing was sent', ''].join('\n')
}

async function changed(call: Call, verb: string, preposition: string, word: string, touched: readonly Touched[]): Promise<ExitCode> {
  const { context, flags } = call
  const list = (await import('../../manifests/names.ts')).parseListName(word).full
  if (flags.json === true) return told(resultJson({ list, entries: touched }), context)
  const lines = touched.map(({ digest, platform }) => `${verb} ${digest} (${escapeLine(platform)}) ${preposition} ${escapeLine(list)}\n`)
  return told(lines.length === 0 ? `${verb} ${escapeLine(list)}\n` : lines.join(''), context)
}

function told(text: string, context: Context): ExitCode {
  context.stdout.write(text)
  return EXIT.done
}

/** Flags that only mean something where something is sent. */
function refuseSending(flags: ManifestFlags): void {
  const sending = { '--tag': flags.tag, '--digest-file': flags.digestFile ?? flags.digestfile, '--dry-run': flags.dryRun }
  const given = Object.entries(sending).find(([, value]) => value !== undefined)
  if (given !== undefined) throw usageError(`read ${given[0]}`, 'no --publish', { wanted: 'both: a local list has no tags of its own and is sent by "manifest push"' })
}

function selectionOf({ platform = [], attestations = true }: ManifestFlags): Selection {
  return { platforms: platform, attestations }
}

function platformOf({ os, arch, variant, osVersion, osFeatures, features }: ManifestFlags): PlatformFlags {
  return defined({ os, arch, variant, osVersion, osFeatures: featureList(osFeatures), features: featureList(features) })
}

function featureList(words: string | undefined): readonly string[] | undefined {
  return words?.split(',').filter((word) => word !== '')
}

async function annotationsOf(flags: ManifestFlags): Promise<AnnotationChange> {
  const { readAnnotations } = await import('../../manifests/annotations.ts')
  return readAnnotations(flags)
}

async function formatOf({ format }: ManifestFlags): Promise<'oci' | 'docker' | undefined> {
  return format === undefined ? undefined : (await import('../../manifests/rules.ts')).parseFormat(format)
}
