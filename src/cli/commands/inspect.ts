import type { Inspection } from '../../inspect/inspection.ts'
import type { InspectOptions } from '../../inspect/options.ts'
import type { inspect, inspectRaw } from '../../inspect/read.ts'
import type { Context } from '../context.ts'
import { escapeText } from '../../escape.ts'
import { follow } from '../follow.ts'
import type { TextOptions } from '../inspect/text.ts'
import { createReporter } from '../progress/choose.ts'
import { usageError } from '../usage.ts'
import type { InspectFlags } from './define-inspect.ts'
import { defined, registrySettings } from './shared-options.ts'

/** `bp-package inspect SOURCE [OTHER]`: reads, then prints all of it at once to stdout. */
export async function runInspect(words: readonly string[], flags: InspectFlags, context: Context): Promise<void> {
  const [source = '', other] = words
  const read = await reading(flags, context)
  if (other !== undefined) {
    checkComparison(flags)
    const [a, b] = await read(({ inspect }, options) => Promise.all([inspect({ ...options, source }), inspect({ ...options, source: other })]))
    context.stdout.write(await comparisonShown(a, b, flags, context))
  } else if (flags.raw === true) {
    showRaw(await read(({ inspectRaw }, options) => inspectRaw({ ...options, source })), context)
  } else {
    const inspection = await read(({ inspect }, options) => inspect({ ...options, source }))
    context.stdout.write(await shown(inspection, flags, context))
  }
}

interface Room {
  readonly inspect: typeof inspect
  readonly inspectRaw: typeof inspectRaw
}

type Read = <T>(work: (room: Room, options: Omit<InspectOptions, 'source'>) => Promise<T>) => Promise<T>

/** Runs a reading with what is told of it on stderr. */
async function reading(flags: InspectFlags, context: Context): Promise<Read> {
  const reporter = await createReporter(context, { loudness: flags.verbose === true ? 'verbose' : 'quiet', silent: flags.json === true, live: false })
  const { cwd, env, hostArch, signal } = context
  const options = { cwd, env, hostArch, registry: registrySettings(flags), onEvent: reporter.report, signal, ...defined({ platforms: flags.platform, files: flags.files }) }
  const room = await import('../../inspect/read.ts')
  return (work) => follow(reporter, context, async () => work(room, options))
}

function isJson({ json, format }: InspectFlags): boolean {
  return json === true || format === 'json'
}

function textOptions(flags: InspectFlags, { stdout }: Context): TextOptions {
  return { width: stdout.isTTY === true ? stdout.columns : undefined, verbose: flags.verbose === true }
}

async function shown(inspection: Inspection, flags: InspectFlags, context: Context): Promise<string> {
  if (isJson(flags)) {
    const [{ inspectionJson }, { jsonText }] = await Promise.all([import('../../inspect/json.ts'), import('../inspect/json-text.ts')])
    return jsonText(inspectionJson(inspection))
  }
  if (flags.format === 'mermaid') return (await import('../../inspect/mermaid.ts')).renderMermaid(inspection)
  if (flags.format === 'dot') return (await import('../../inspect/dot.ts')).renderDot(inspection)
  if (flags.format === 'html') return (await import('../../inspect/html.ts')).renderHtml(inspection)
  const { inspectionText } = await import('../inspect/text.ts')
  return inspectionText(inspection, textOptions(flags, context))
}

function checkComparison({ raw, format }: InspectFlags): void {
  const wanted = '--format text, json or html'
  if (raw === true) throw usageError('compare two sources', '--raw', { wanted })
  if (format === 'mermaid' || format === 'dot') throw usageError('compare two sources', `--format ${format}`, { wanted })
}

async function comparisonShown(a: Inspection, b: Inspection, flags: InspectFlags, context: Context): Promise<string> {
  const { compare } = await import('../../inspect/comparison.ts')
  const comparison = compare(a, b)
  if (isJson(flags)) return (await import('../inspect/json-text.ts')).jsonText({ schemaVersion: 1, ...comparison })
  if (flags.format === 'html') return (await import('../../inspect/comparison-html.ts')).renderComparisonHtml(comparison)
  return (await import('../inspect/comparison-text.ts')).comparisonText(comparison, textOptions(flags, context))
}

/** Byte for byte into a pipe; what could steer a terminal is escaped on one. */
function showRaw(bytes: Buffer, context: Context): void {
  context.stdout.write(context.stdout.isTTY === true ? `${escapeText(bytes.toString('utf8'))}\n` : bytes)
}
