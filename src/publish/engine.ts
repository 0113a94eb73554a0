import type { Report } from '../events.ts'
import { PackagerError } from '../errors.ts'
import type { Platform } from '../oci/platform.ts'
import type { Engine } from '../stores/daemon.ts'
import type { Target } from '../targets/target.ts'
import type { Destination, Place } from './destination.ts'
import { repositoryOf } from './destination.ts'
import type { Names } from './names.ts'
import type { RunOptions } from './options.ts'

/** The Docker or Podman engine of a run, found and loaded when it is first asked for. */
export class EngineAccess {
  readonly #options: RunOptions
  readonly #report: Report
  readonly #signal: AbortSignal
  #engine: Promise<Engine> | undefined

  constructor(options: RunOptions, report: Report, signal: AbortSignal) {
    this.#options = options
    this.#report = report
    this.#signal = signal
  }

  /** The one target whose image this engine can hold (SPEC-package.md section 8, "Engine"). */
  async choose(targets: readonly Target[]): Promise<Target> {
    const { output, appendImageNameSuffix } = this.#options
    const unfit = output !== undefined ? `--output ${output}` : appendImageNameSuffix === true ? '--append-image-name-suffix' : undefined
    if (unfit !== undefined) {
      throw new PackagerError({
        code: 'USAGE',
        step: 'package for the engine',
        found: unfit,
        wanted: 'a NAME alone: an engine holds one image and writes no file',
        hint: `leave ${unfit.split(' ')[0] ?? ''} out`,
      })
    }
    if ((this.#options.targets?.length ?? 0) > 0 && targets.length > 1) {
      throw new PackagerError({
        code: 'USAGE',
        step: 'choose the target for the engine',
        found: `${targets.length} targets`,
        wanted: 'one: an engine holds no image index',
        hint: '--format layout or --publish takes them all',
      })
    }
    const { engineTarget } = await import('../stores/daemon.ts')
    const { platform } = await (await this.#open()).info()
    return engineTarget(targets, platform satisfies Platform)
  }

  async destination(names: Names, folder: string): Promise<Destination> {
    const { openDaemon } = await import('../stores/daemon.ts')
    const daemon = openDaemon(await this.#open(), { folder, report: this.#report, signal: this.#signal })
    const repositories = [...new Set(names.tags.map(repositoryOf))]
    const places = repositories.flatMap((repository): Place[] => {
      const tags = names.tags.filter((tag) => repositoryOf(tag) === repository)
      return tags[0] === undefined ? [] : [{ store: daemon.store(tags[0].registry, tags[0].repository), tags }]
    })
    return { places, seal: () => daemon.seal(), close: () => daemon.dispose() }
  }

  async close(): Promise<void> {
    await (await this.#engine?.catch(() => undefined))?.close()
  }

  #open(): Promise<Engine> {
    const { env } = this.#options
    this.#engine ??= import('../stores/daemon.ts').then(({ openEngine }) => openEngine({ env, homeDir: env['HOME'] ?? env['USERPROFILE'] ?? '', report: this.#report, signal: this.#signal }))
    return this.#engine
  }
}
