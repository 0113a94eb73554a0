import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { PutStatus, Report } from '../events.ts'
import { silent } from '../events.ts'
import { PackagerError, cancelled, outputError } from '../errors.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'
import { archiveSource } from './archive-source.ts'
import { checkReplaceableFile, stageArchive, step } from './archive-stage.ts'
import { writeArchive } from './archive-write.ts'
import { layoutStore } from './layout.ts'
import type { Staging } from './layout-stage.ts'
import { syncFolder, unstage } from './layout-stage.ts'
import type { PutOptions, Source, StagedStore } from './store.ts'

export { archiveSource } from './archive-source.ts'
export type { ArchiveSource } from './archive-source.ts'

/** An archive in the making. */
export interface StagedArchive extends StagedStore {
  /** Writes all of the tar beside its place: `seal` has nothing left to do then but to rename it. */
  ready(): Promise<void>
}

export interface ArchiveStoreOptions {
  /** Stops `ready`, or `seal` before it, which takes as long as copying all blobs once. */
  readonly signal?: AbortSignal | undefined
  readonly report?: Report
}

/**
 * Writes an OCI image layout as one uncompressed tar: a `.cnb` (SPEC-package.md section 8). Blobs are staged in a layout in a
 * hidden folder beside `path`; `seal` writes the tar there and renames it to `path`, in the place of a former archive or of
 * nothing, and `dispose` removes what was not sealed. index.json is a layout's: one entry for each tag, or a bare one.
 *
 * @example
 * // tar --list --absolute-names --file hello.cnb
 * // /blobs
 * // /blobs/sha256
 * // /blobs/sha256/64bae043...
 * // /index.json
 * // /oci-layout
 */
export function archiveStore(path: string, options: ArchiveStoreOptions = {}): StagedArchive {
  return new ArchiveStore(path, options)
}

interface Stage {
  readonly staging: Staging
  /** The layout, until it is sealed into the tar. */
  readonly layout: StagedStore
  readonly layoutFolder: string
}

class ArchiveStore implements StagedArchive {
  readonly #destination: string
  readonly #report: Report
  readonly #closing = new AbortController()
  readonly #signal: AbortSignal
  #stage: Promise<Stage> | undefined
  #writing: Promise<string> | undefined
  #sealing: Promise<void> | undefined
  #sealed: Source | undefined

  constructor(path: string, { signal, report = silent }: ArchiveStoreOptions) {
    this.#destination = path
    this.#report = report
    this.#signal = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
  }

  async resolve(name: string, signal?: AbortSignal): Promise<Descriptor> {
    return (await this.#current()).resolve(name, signal)
  }

  async has(descriptor: Descriptor, signal?: AbortSignal): Promise<boolean> {
    return (await this.#current()).has(descriptor, signal)
  }

  async open(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
    return (await this.#current()).open(descriptor, signal)
  }

  async put(blob: Blob, options?: PutOptions): Promise<PutStatus> {
    const { layout } = await this.#open()
    return this.#named(layout.put(blob, options))
  }

  async tag(manifest: Blob, name: string, signal?: AbortSignal): Promise<PutStatus> {
    const { layout } = await this.#open()
    return this.#named(layout.tag(manifest, name, signal))
  }

  async ready(): Promise<void> {
    await this.#write()
  }

  async seal(): Promise<void> {
    this.#sealing ??= this.#named(this.#finish())
    await this.#sealing
  }

  async dispose(): Promise<void> {
    if (this.#stage === undefined || this.#sealed !== undefined) return
    this.#closing.abort(cancelled(step))
    await Promise.allSettled([this.#writing, this.#sealing])
    const stage = await this.#stage.catch(() => undefined)
    if (stage === undefined) return
    await stage.layout.dispose()
    await unstage(stage.staging)
  }

  #open(): Promise<Stage> {
    this.#stage ??= this.#named(stageArchive(this.#destination, this.#report)).then((staging) => {
      const layoutFolder = join(staging.folder, 'layout')
      return { staging, layout: layoutStore(layoutFolder), layoutFolder }
    })
    return this.#stage
  }

  async #current(): Promise<Source> {
    return this.#sealed ?? (await this.#open()).layout
  }

  /** The tar, whole, in the hidden folder. */
  #write(): Promise<string> {
    this.#writing ??= this.#open().then(({ staging, layout, layoutFolder }) => {
      const tar = join(staging.folder, 'archive')
      return this.#named(layout.seal().then(() => writeArchive(layoutFolder, tar, this.#signal)).then(() => tar))
    })
    return this.#writing
  }

  async #finish(): Promise<void> {
    const tar = await this.#write()
    const { folder, place } = (await this.#open()).staging
    await checkReplaceableFile(place)
    await rename(tar, place)
    this.#sealed = await archiveSource(place, folder)
    await syncFolder(dirname(place))
    await rm(folder, { recursive: true, force: true })
  }

  /** What fails is named by the file that the author asked for, not by the hidden folder that it is made in. */
  async #named<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (cause) {
      if (this.#signal.aborted) throw cancelled(step, cause)
      if (cause instanceof PackagerError && (cause.code !== 'OUTPUT' || cause.step === step)) throw cause
      throw outputError(step, this.#destination, cause instanceof PackagerError ? (cause.cause ?? cause) : cause)
    }
  }
}
