import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { PutStatus, Report } from '../events.ts'
import type { Blob } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Uploads } from '../stores/copy.ts'
import { startUploads } from '../stores/copy.ts'
import { ready } from '../stores/store.ts'
import type { Place } from './destination.ts'
import type { TagPlace } from './tags.ts'
import { formatTag } from './tags.ts'

export interface SendingOptions {
  readonly concurrency: number
  readonly report: Report
  readonly signal: AbortSignal
  /** Whoever reads NAME and writes all tags on that ground has them overwritten by nobody who wrote NAME before. */
  readonly nameLast?: boolean
}

/** A tag for one image of an index, beside the index's own. */
export interface ImageTag {
  readonly place: TagPlace
  readonly manifest: Blob
}

/**
 * Takes a package to all its places. NAME's own repository gets each blob as soon as it is there; other repositories get
 * theirs after that, by a mount where the registry allows it. Tags are the last thing that happens, anywhere.
 */
export interface Sending {
  /** Rejects where nothing could be sent: asked while the first layers are made, not after the last one. */
  ready(): Promise<void>
  /** False where there is no place to send to while layers are made. */
  readonly isOpen: boolean
  /** How each blob came to NAME's repository. */
  readonly statuses: ReadonlyMap<Digest, PutStatus>
  blob(blob: Blob, what: string): Promise<PutStatus>
  /** Every place has every blob. */
  blobsDone(): Promise<void>
  manifest(manifest: Blob): Promise<PutStatus>
  /** The root by NAME's tag, then by the others (or the other way round, see `nameLast`), then the images' own tags. `onRoot` is told how it came there, before any tag is told of. */
  tags(root: Blob, imageTags: readonly ImageTag[], onRoot: (status: PutStatus) => void): Promise<void>
  /** After a failure: nothing is under way any more. */
  stopped(): Promise<void>
}

export function startSending(places: readonly Place[], options: SendingOptions): Sending {
  return new PlacesSending(places, options)
}

class PlacesSending implements Sending {
  readonly statuses = new Map<Digest, PutStatus>()
  readonly #places: readonly Place[]
  readonly #options: SendingOptions
  readonly #uploads: readonly Uploads[]
  readonly #blobs = new Map<Digest, { blob: Blob; what: string }>()

  async ready(): Promise<void> {
    await Promise.all(this.#places.map((place) => ready(place.store, this.#options.signal)))
  }

  get isOpen(): boolean {
    return this.#places.length > 0
  }

  constructor(places: readonly Place[], options: SendingOptions) {
    this.#places = places
    this.#options = options
    this.#uploads = places.map((place) => startUploads(place.store, { ...options, mountFrom: (blob) => mountSource(place, blob) }))
  }

  async blob(blob: Blob, what: string): Promise<PutStatus> {
    this.#blobs.set(blob.descriptor.digest, { blob, what })
    const status = await this.#first().add(blob, what)
    this.statuses.set(blob.descriptor.digest, status)
    return status
  }

  async blobsDone(): Promise<void> {
    for (const uploads of this.#uploads) {
      const added = Array.from(this.#blobs.values(), ({ blob, what }) => uploads.add(blob, what))
      await Promise.allSettled(added)
      await uploads.settled()
    }
  }

  async manifest(manifest: Blob): Promise<PutStatus> {
    const statuses = await Promise.all(this.#places.map((place) => place.store.put(manifest, { signal: this.#options.signal })))
    return statuses[0] ?? 'written'
  }

  async tags(root: Blob, imageTags: readonly ImageTag[], onRoot: (status: PutStatus) => void): Promise<void> {
    const { signal } = this.#options
    throwIfCancelled(signal, 'set tags')
    const moved: string[] = []
    let isTold = false
    const tell = (status: PutStatus): void => {
      if (!isTold) onRoot(status)
      isTold = true
    }
    for (const place of this.#places) {
      for (const tag of this.#inOrder(place.tags)) await this.#tag(place, root, tag, moved, tell)
      if (place.tags.length === 0) tell(await place.store.put(root, { signal }))
    }
    const [main] = this.#places
    if (main !== undefined) for (const { place, manifest } of imageTags) await this.#tag(main, manifest, place, moved)
  }

  #inOrder(tags: readonly TagPlace[]): readonly TagPlace[] {
    return this.#options.nameLast === true ? [...tags.slice(1), ...tags.slice(0, 1)] : tags
  }

  async stopped(): Promise<void> {
    await Promise.allSettled(this.#uploads.map((uploads) => uploads.settled()))
  }

  /** Not interrupted: between the first tag and the last one, stopping would leave some moved and some not. */
  async #tag(place: Place, manifest: Blob, tag: TagPlace, moved: string[], tell: (status: PutStatus) => void = () => undefined): Promise<void> {
    const status = await place.store.tag(manifest, tag.tag).catch((cause: unknown) => {
      throw moved.length === 0 ? cause : afterTags(cause, moved)
    })
    moved.push(formatTag(tag))
    tell(status)
    // Elsewhere a tag is a word in a file that is still to be moved into its place, or in an engine that is still to be loaded.
    if (place.registry !== undefined) this.#options.report({ type: 'tagged', name: formatTag(tag), digest: manifest.descriptor.digest, status })
  }

  #first(): Uploads {
    const [first] = this.#uploads
    if (first === undefined) throw new TypeError('a package needs a place to go to')
    return first
  }
}

/** A registry that refuses a later tag has the earlier ones already: that is said. */
export function afterTags(cause: unknown, moved: readonly string[]): unknown {
  if (!(cause instanceof PackagerError)) return cause
  const { code, message, hint, problems } = cause
  const told = `these tags have moved already: ${moved.join(', ')}`
  return new PackagerError({ code, step: 'set tags', found: message, hint: hint === undefined ? told : `${told}; ${hint}`, problems, cause })
}

/** Where a place can take a blob from without its bytes: the repository that this run filled before it, or the blob's own. */
function mountSource(place: Place, { origin }: Blob): string | undefined {
  if (place.mountFrom !== undefined) return place.mountFrom
  return origin !== undefined && origin.registry === place.registry ? origin.repository : undefined
}
