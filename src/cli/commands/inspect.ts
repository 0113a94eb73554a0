import type { Inspection } from '../../inspect/inspection.ts'
import type { InspectOptions } from '../../inspect/options.ts'
import type { Context } from '../context.ts'
import { follow } from '../follow.ts'
import { createReporter } from '../progress/choose.ts'
import { escapeText } from '../../escape.ts'
import type { InspectFlags } from './define-inspect.ts'
import { defined, registrySettings } from './shared-options.ts'

/** `bp-package inspect SOURCE`: reads, then prints all of it at once to stdout. */
export async function runInspect(source: string, flags: InspectFlags, context: Context): Promise<void> {
  const { inspect, inspectRaw } = await import('../../inspect/read.ts')
  const reporter = await createReporter(context, { loudness: flags.verbose === true ? 'verbose' : 'quiet', silent: flags.json === true, live: false })
  const { cwd, env, hostArch, signal } = context
  const options: InspectOptions = { cwd, env, hostArch, source, registry: registrySettings(flags), report: reporter.report, signal, ...defined({ platforms: flags.platform }) }
  if (flags.raw === true) return showRaw(await follow(reporter, context, async () => inspectRaw(options)), context)
  const inspection = await follow(reporter, context, async () => inspect(options))
  context.stdout.write(await shown(inspection, flags, context))
}

async function shown(inspection: Inspection, flags: InspectFlags, context: Context): Promise<string> {
  if (flags.json === true || flags.format === 'json') {
    const [{ inspectionJson }, { jsonText }] = await Promise.all([import('../../inspect/json.ts'), import('../inspect/json-text.ts')])
    return jsonText(inspectionJson(inspection))
  }
  const { inspectionText } = await import('../inspect/text.ts')
  return inspectionText(inspection, { width: context.stdout.isTTY === true ? context.stdout.columns : undefined, verbose: flags.verbose === true })
}

/** Byte for byte into a pipe; what could steer a terminal is escaped on one. */
function showRaw(bytes: Buffer, context: Context): void {
  context.stdout.write(context.stdout.isTTY === true ? `${escapeText(bytes.toString('utf8'))}\n` : bytes)
}
