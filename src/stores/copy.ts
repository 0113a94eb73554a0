import { cancelled } from '../errors.ts'
import type { PutStatus, Report } from '../events.ts'
import { silent } from '../events.ts'
import type { Blob } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Mounter, Store } from './store.ts'

export interface UploadOptions {
  /** How many blobs are on their way at once; at least 1. */
  readonly concurrency: number
  readonly report?: Report | undefined
  readonly signal?: AbortSignal | undefined
  /** A repository of the same registry that may already have a blob: it is mounted from there where the registry allows that. */
  readonly mountFrom?: ((blob: Blob) => string | undefined) | undefined
}

/** Blobs on their way into one store: each digest once, whoever adds it and however often. */
export interface Uploads {
  /** `what` names the blob for people ("layer acme/hello@0.0.1"). The first failure of any blob is the failure of all. */
  add(blob: Blob, what: string): Promise<PutStatus>
  /** Waits for everything added so far; throws the first failure once all others have stopped. */
  settled(): Promise<void>
}

/** Begins to take blobs. Callers may add while others still travel, and need not await each one: `settled` tells. */
export function startUploads(store: Store, options: UploadOptions): Uploads {
  return new BoundedUploads(store, options)
}

class BoundedUploads implements Uploads {
  readonly #store: Store
  readonly #options: UploadOptions
  readonly #report: Report
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #flights = new Map<Digest, Promise<PutStatus>>()
  readonly #waiting: (() => void)[] = []
  #running = 0
  #failure: { readonly error: unknown } | undefined

  constructor(store: Store, options: UploadOptions) {
    this.#store = store
    this.#options = options
    this.#report = options.report ?? silent
    this.#signal = options.signal === undefined ? this.#stop.signal : AbortSignal.any([options.signal, this.#stop.signal])
  }

  add(blob: Blob, what: string): Promise<PutStatus> {
    const { digest } = blob.descriptor
    const known = this.#flights.get(digest)
    if (known !== undefined) return known
    const flight = this.#fly(blob, what)
    this.#flights.set(digest, flight)
    // A caller that relies on `settled` alone leaves this promise unwatched.
    flight.catch(() => undefined)
    return flight
  }

  async settled(): Promise<void> {
    let seen = -1
    while (seen !== this.#flights.size) {
      seen = this.#flights.size
      await Promise.allSettled(this.#flights.values())
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #fly(blob: Blob, what: string): Promise<PutStatus> {
    await this.#turn()
    try {
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#signal.aborted) throw cancelled(`write ${what}`, this.#signal.reason)
      return await this.#put(blob, what)
    } catch (error) {
      this.#failure ??= { error }
      this.#stop.abort(error)
      throw this.#failure.error
    } finally {
      this.#done()
    }
  }

  async #put(blob: Blob, what: string): Promise<PutStatus> {
    const { digest, size } = blob.descriptor
    this.#report({ type: 'blob-started', digest, what, total: size })
    const onBytes = (bytes: number): void => this.#report({ type: 'blob-progress', digest, bytes })
    const status = (await this.#mount(blob)) ?? (await this.#store.put(blob, { signal: this.#signal, onBytes }))
    this.#report({ type: 'blob-done', digest, what, size, status })
    return status
  }

  /** Mounting asks first: a repository that has the blob already needs no request that writes. */
  async #mount(blob: Blob): Promise<PutStatus | undefined> {
    const { descriptor } = blob
    const mountFrom = this.#options.mountFrom?.(blob)
    if (mountFrom === undefined || !isMounter(this.#store)) return undefined
    if (await this.#store.has(descriptor, this.#signal)) return 'present'
    return (await this.#store.mount(descriptor, mountFrom, this.#signal)) ? 'mounted' : undefined
  }

  async #turn(): Promise<void> {
    if (this.#running < Math.max(1, this.#options.concurrency)) {
      this.#running += 1
      return
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** A free place goes straight to the next in line, so that a newcomer cannot slip in between. */
  #done(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}

function isMounter(store: Store): store is Store & Mounter {
  return 'mount' in store && typeof store.mount === 'function'
}
