import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PutStatus, Report } from '../events.ts'
import { silent } from '../events.ts'
import { PackagerError, cancelled, outputError, throwIfCancelled } from '../errors.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'
import { encodeIndex } from '../oci/manifest.ts'
import { isIndexType, isManifestType } from '../oci/media-types.ts'
import { refName } from './layout-index.ts'
import { replaceFolder } from './layout-replace.ts'
import { blobPath, layoutSource, readChildren } from './layout-source.ts'
import type { Staging } from './layout-stage.ts'
import { counting, linked, stage, syncFolder, unstage, writeDurably } from './layout-stage.ts'
import type { PutOptions, StagedStore } from './store.ts'
import { verifying } from './verify.ts'

export { layoutSource } from './layout-source.ts'

const step = 'write image layout'

/**
 * Writes an OCI image layout folder (image-spec, image-layout.md; SPEC.md, "Results"). Blobs go to a hidden folder beside
 * `folder`; `seal` renames it in, in the place of a former layout or of nothing, and `dispose` removes what was not sealed.
 *
 * index.json names the image index (or the one image) once for each tag, and once without a tag where there is none, so
 * that the digest that this package prints is the digest that readers of `oci:folder:tag` see:
 *
 * @example
 * // {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":
 * //  "application/vnd.oci.image.index.v1+json","size":491,"digest":"sha256:...",
 * //  "annotations":{"org.opencontainers.image.ref.name":"1.0.0"}}]}
 */
export function layoutStore(folder: string, { report = silent }: { readonly report?: Report } = {}): StagedStore {
  return new LayoutStore(folder, report)
}

class LayoutStore implements StagedStore {
  readonly #destination: string
  readonly #report: Report
  readonly #closing = new AbortController()
  readonly #writing = new Set<Promise<void>>()
  readonly #tags = new Map<string, Descriptor>()
  readonly #roots = new Map<string, Descriptor>()
  readonly #children = new Set<string>()
  #staging: Promise<Staging> | undefined
  #sealed = false

  constructor(folder: string, report: Report) {
    this.#destination = folder
    this.#report = report
  }

  async resolve(name: string, signal?: AbortSignal): Promise<Descriptor> {
    const tagged = this.#tags.get(name) ?? this.#roots.get(name)
    return tagged ?? layoutSource(await this.#current()).resolve(name, signal)
  }

  async has(descriptor: Descriptor, signal?: AbortSignal): Promise<boolean> {
    return layoutSource(await this.#current()).has(descriptor, signal)
  }

  async open(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
    return layoutSource(await this.#current()).open(descriptor, signal)
  }

  async put(blob: Blob, options: PutOptions = {}): Promise<PutStatus> {
    const { descriptor } = blob
    const { folder } = await this.#open()
    const writing = this.#write(folder, blob, options)
    this.#writing.add(writing)
    try {
      await writing
    } catch (cause) {
      throw this.#failure(cause, options.signal)
    } finally {
      this.#writing.delete(writing)
    }
    if (isManifestType(descriptor.mediaType)) await this.#remember(descriptor)
    return 'written'
  }

  async tag(manifest: Blob, name: string, signal?: AbortSignal): Promise<PutStatus> {
    throwIfCancelled(signal, step)
    if (!(await this.has(manifest.descriptor))) await this.put(manifest, { signal })
    this.#tags.set(name, manifest.descriptor)
    return 'written'
  }

  async seal(): Promise<void> {
    const { folder, place } = await this.#open()
    try {
      await writeDurably(join(folder, 'index.json'), encodeIndex(this.#entries()).bytes)
      await writeDurably(join(folder, 'oci-layout'), Buffer.from('{"imageLayoutVersion":"1.0.0"}'))
      for (const path of [join(folder, 'blobs', 'sha256'), join(folder, 'blobs'), folder]) await syncFolder(path)
      await replaceFolder(folder, place)
      this.#sealed = true
      await syncFolder(dirname(place))
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  async dispose(): Promise<void> {
    if (this.#staging === undefined || this.#sealed) return
    this.#closing.abort(cancelled(step))
    await Promise.allSettled(this.#writing)
    const staging = await this.#staging.catch(() => undefined)
    if (staging === undefined) return
    await unstage(staging)
  }

  /** Where the content is now: the staging folder until it is sealed, its final place after that. */
  async #current(): Promise<string> {
    const { folder, place } = await this.#open()
    return this.#sealed ? place : folder
  }

  #open(): Promise<Staging> {
    this.#staging ??= stage(this.#destination, this.#report)
    return this.#staging
  }

  async #write(folder: string, blob: Blob, options: PutOptions): Promise<void> {
    const target = blobPath(folder, blob.descriptor)
    if (await linked(blob, target)) return options.onBytes?.(blob.descriptor.size)
    const signals = [this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])]
    const partial = join(folder, `partial-${randomBytes(6).toString('hex')}`)
    const source = await blob.open()
    const file = createWriteStream(partial, { flags: 'wx', flush: true })
    try {
      await pipeline(source, verifying(blob.descriptor, 'write blob'), counting(options.onBytes), file, { signal: AbortSignal.any(signals) })
      await rename(partial, target)
    } finally {
      await rm(partial, { force: true })
    }
  }

  /** A manifest is a root of the layout until an index names it. */
  async #remember(descriptor: Descriptor): Promise<void> {
    this.#roots.set(descriptor.digest, descriptor)
    if (!isIndexType(descriptor.mediaType)) return
    for (const child of await readChildren(await this.#current(), descriptor)) this.#children.add(child.digest)
  }

  #entries(): Descriptor[] {
    const tagged = Array.from(this.#tags, ([name, descriptor]) => withTag(descriptor, name))
    const named = new Set(tagged.map((entry) => entry.digest))
    const untagged = [...this.#roots.values()].filter(({ digest }) => !named.has(digest) && !this.#children.has(digest))
    return [...tagged, ...untagged.sort((a, b) => (a.digest < b.digest ? -1 : 1))]
  }

  #failure(cause: unknown, signal?: AbortSignal): unknown {
    if (signal?.aborted === true || this.#closing.signal.aborted) return cancelled(step, cause)
    if (cause instanceof PackagerError) return cause
    return outputError(step, this.#destination, cause)
  }
}

function withTag(descriptor: Descriptor, name: string): Descriptor {
  return { ...descriptor, annotations: { ...descriptor.annotations, [refName]: name } }
}
