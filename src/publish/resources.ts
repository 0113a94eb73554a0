import type { RegistryLocator } from '../buildpacks/locator.ts'
import type { Report } from '../events.ts'
import type { LayerCache } from '../layers/cache.ts'
import type { Source } from '../stores/store.ts'
import type { Target } from '../targets/target.ts'
import type { Destination } from './destination.ts'
import { openDestination } from './destination.ts'
import { EngineAccess } from './engine.ts'
import type { Names } from './names.ts'
import { Network } from './network.ts'
import type { RunOptions } from './options.ts'
import type { Spool } from './workshop.ts'
import { spoolIn } from './workshop.ts'

/** What planning may ask the world for. */
export interface RunContext {
  readonly report: Report
  readonly cacheFolder: string | undefined
  /** Makes the run's temporary folder, asked only where a source is an archive. */
  readonly spool: () => Promise<string>
  readonly openRepository: (registry: string, repository: string) => Promise<Source>
  readonly download: (url: URL, folder: string) => Promise<string>
  readonly findInRegistry: (locator: RegistryLocator) => Promise<string>
  /** Of several targets the one that the engine can hold. */
  readonly engineTarget: (targets: readonly Target[]) => Promise<Target>
}

/** What a run opens as it goes, and closes at its end whatever became of it. */
export interface Run {
  readonly report: Report
  readonly signal: AbortSignal
  /** Ends everything that is under way. */
  readonly stop: AbortController
  readonly spool: Spool
  readonly context: RunContext
  openDestination(names: Names): Promise<Destination>
  close(): Promise<void>
}

/** Of several registries the later ones are sent what the first one was: from the cache, where it is kept. */
function passesLayers({ destination, tags = [] }: RunOptions): boolean {
  return destination === 'registry' && !tags.some((tag) => tag.includes('/'))
}

/** Opens nothing yet: registries, engine and temporary folder are opened by the first who needs them. */
export function openRun(options: RunOptions, cache: LayerCache | undefined, report: Report): Run {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const spool = spoolIn(cache, options.env, report)
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
      openRepository: (registry, repository) => network.source(registry, repository, passesLayers(options)),
      download: (url, folder) => network.download(url, folder),
      findInRegistry: (locator) => network.findInRegistry(locator),
      engineTarget: (targets) => engine.choose(targets),
    },
    openDestination: async (names) => (options.destination === 'image' ? engine.destination(names, await spool.folder()) : openDestination(options.destination, names, network, report)),
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
