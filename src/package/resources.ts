import type { Report } from '../events.ts'
import type { LayerCache } from '../layers/cache.ts'
import type { Destination } from './destination.ts'
import { openDestination } from './destination.ts'
import { EngineAccess } from './engine.ts'
import type { Names } from './names.ts'
import { Network } from './network.ts'
import type { PackageOptions } from './options.ts'
import type { PrepareContext } from './prepare.ts'
import type { Spool } from './workshop.ts'
import { spoolIn } from './workshop.ts'

/** What a run opens as it goes, and closes at its end whatever became of it. */
export interface Run {
  readonly report: Report
  readonly signal: AbortSignal
  /** Ends everything that is under way. */
  readonly stop: AbortController
  readonly spool: Spool
  readonly context: PrepareContext
  openDestination(names: Names): Promise<Destination>
  close(): Promise<void>
}

/** Opens nothing yet: registries, engine and temporary folder are opened by the first who needs them. */
export function openRun(options: PackageOptions, cache: LayerCache | undefined, report: Report): Run {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const spool = spoolIn(cache, options.env)
  const network = new Network(options, cache?.folder, report, stop.signal)
  const engine = new EngineAccess(options, report, signal)
  return {
    report,
    signal,
    stop,
    spool,
    context: {
      report,
      cacheFolder: cache?.folder,
      spool: spool.folder,
      openRepository: (registry, repository) => network.source(registry, repository),
      download: (url, folder) => network.download(url, folder),
      findInRegistry: (locator) => network.findInRegistry(locator),
      engineTarget: (targets) => engine.choose(targets),
    },
    openDestination: async (names) => (options.destination === 'image' ? engine.destination(names, await spool.folder()) : openDestination(options.destination, names, network)),
    close: async () => {
      try {
        await network.close()
        await engine.close()
      } finally {
        await spool.remove()
      }
    },
  }
}
