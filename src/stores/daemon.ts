import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Engine, EngineImage } from '../docker/engine.ts'
import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { PutStatus, Report } from '../events.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'
import { repositoryName } from '../oci/reference.ts'
import { discard, loadImage } from './daemon-load.ts'
import type { EngineTag } from './daemon-tags.ts'
import { setTags } from './daemon-tags.ts'
import { layoutStore } from './layout.ts'
import type { PutOptions, StagedStore, Store } from './store.ts'

export type { Engine, EngineOptions } from '../docker/engine.ts'
export { openEngine } from '../docker/engine.ts'
export { engineTarget } from './daemon-target.ts'

export interface DaemonOptions {
  /** A folder of the run's own, with room for the whole image. */
  readonly folder: string
  readonly report: Report
  /** Ends `seal`; what was put and tagged before has signals of its own. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The images of one run on their way into an engine. All repositories share what is staged and go in together: nothing
 * reaches the engine before `seal`, and no name changes before every image is there and found to be what was built.
 */
export interface Daemon {
  store(registry: string, repository: string): Store
  seal(): Promise<void>
  /** Removes what was staged. To be called always, after `seal` too; the engine stays open. */
  dispose(): Promise<void>
}

/** Opens an engine as a destination. The engine is asked nothing before `seal`. */
export function openDaemon(engine: Engine, options: DaemonOptions): Daemon {
  return new StagedDaemon(engine, options)
}

interface PlannedTag {
  readonly manifest: Descriptor
  readonly repository: string
  readonly tag: string
}

class StagedDaemon implements Daemon {
  readonly #engine: Engine
  readonly #options: DaemonOptions
  /** Never sealed: an archive of it goes into the engine, the rest is removed. */
  readonly #staged: StagedStore
  readonly #tags = new Map<string, PlannedTag>()

  constructor(engine: Engine, options: DaemonOptions) {
    this.#engine = engine
    this.#options = options
    this.#staged = layoutStore(join(options.folder, 'engine'))
  }

  store(registry: string, repository: string): Store {
    return new DaemonStore(this.#staged, (manifest, tag) => {
      const name = repositoryName({ registry, repository })
      this.#tags.set(`${name}:${tag}`, { manifest, repository: name, tag })
    })
  }

  async seal(): Promise<void> {
    const { report, signal } = this.#options
    throwIfCancelled(signal, 'load image into the engine')
    const planned = [...this.#tags.values()]
    if (planned.length === 0) throw new PackagerError({ code: 'OUTPUT', step: 'load image into the engine', found: 'no name for the image' })
    const manifests = new Map(planned.map(({ manifest }) => [manifest.digest, manifest]))
    const added: EngineImage[] = []
    try {
      const ids = new Map<string, EngineImage['id']>()
      for (const [digest, manifest] of manifests) {
        const { image, isNew } = await loadImage(this.#engine, this.#staged, manifest, this.#options)
        if (isNew) added.push(image)
        ids.set(digest, image.id)
      }
      const tags = planned.flatMap(({ manifest, repository, tag }): readonly EngineTag[] => {
        const id = ids.get(manifest.digest)
        return id === undefined ? [] : [{ repository, tag, id }]
      })
      await setTags(this.#engine, tags, report, signal)
    } catch (cause) {
      for (const image of added) await discard(this.#engine, image)
      throw cause
    }
  }

  dispose(): Promise<void> {
    return this.#staged.dispose()
  }
}

/** One repository's view of what is staged; its tags become names with the others'. */
class DaemonStore implements Store {
  readonly #staged: StagedStore
  readonly #plan: (manifest: Descriptor, tag: string) => void

  constructor(staged: StagedStore, plan: (manifest: Descriptor, tag: string) => void) {
    this.#staged = staged
    this.#plan = plan
  }

  resolve(name: string, signal?: AbortSignal): Promise<Descriptor> {
    return this.#staged.resolve(name, signal)
  }

  has(descriptor: Descriptor, signal?: AbortSignal): Promise<boolean> {
    return this.#staged.has(descriptor, signal)
  }

  open(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
    return this.#staged.open(descriptor, signal)
  }

  put(blob: Blob, options?: PutOptions): Promise<PutStatus> {
    return this.#staged.put(blob, options)
  }

  async tag(manifest: Blob, name: string, signal?: AbortSignal): Promise<PutStatus> {
    const status = await this.#staged.tag(manifest, name, signal)
    this.#plan(manifest.descriptor, name)
    return status
  }
}
