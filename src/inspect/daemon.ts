import { PackagerError } from '../errors.ts'
import { silent } from '../events.ts'
import type { Digest } from '../oci/digest.ts'
import type { NetworkOptions } from '../publish/options.ts'
import { strayModules } from './image.ts'
import type { InspectedPlatform } from './inspection.ts'
import { readLabels } from './labels.ts'

/**
 * An image that an engine has, by what the engine says of it: nothing is exported, so its layers' own digests and sizes are
 * not known, nor is the manifest it once had.
 *
 * @throws PackagerError `NOT_FOUND`, and what reaching an engine throws
 */
export async function inspectDaemon(name: string, options: NetworkOptions): Promise<{ readonly id: Digest; readonly image: InspectedPlatform }> {
  const { openEngine } = await import('../stores/daemon.ts')
  const { env, signal, onEvent: report = silent } = options
  const engine = openEngine({ env, homeDir: env['HOME'] ?? env['USERPROFILE'] ?? '', report, signal })
  try {
    const found = await engine.inspect(name, signal)
    if (found === undefined) throw missing(name, (await engine.info()).address)
    const { id, os, architecture, variant, osVersion, labels, diffIDs, size = null } = found
    const { problems, ...facts } = readLabels(labels)
    const platform = { architecture, os, ...(osVersion === '' ? {} : { 'os.version': osVersion }), ...(variant === '' ? {} : { variant }) }
    const strays = strayModules([...facts.buildpacks, ...facts.extensions], diffIDs)
    const all = [...problems, ...strays]
    return { id, image: { ...facts, platform, digest: id, mediaType: null, size, annotations: {}, attestations: 0, layers: [], labels, ...(all.length === 0 ? {} : { problems: all }) } }
  } finally {
    await engine.close()
  }
}

function missing(name: string, address: string): PackagerError {
  return new PackagerError({ code: 'NOT_FOUND', step: 'inspect image in the engine', value: name, found: `no such image in the engine at ${address}` })
}
