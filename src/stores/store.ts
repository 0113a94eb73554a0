import type { Readable } from 'node:stream'
import type { PutStatus } from '../events.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'

/** Where content is read from. Everything that comes out of `open` has had its size and digest checked by the time it ends. */
export interface Source {
  /** The descriptor that a tag or digest names. Throws `NOT_FOUND`. */
  resolve(name: string, signal?: AbortSignal): Promise<Descriptor>
  has(descriptor: Descriptor, signal?: AbortSignal): Promise<boolean>
  /** Streams the content; fails with `DIGEST_MISMATCH` at the end where the bytes are not the ones the descriptor promises. */
  open(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable>
}

/** A source that keeps a copy of what is read, and can do without for bytes that only pass through. */
export interface Passing {
  /** As `open`. */
  pass(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable>
}

/** Content on its way to where it is wanted: nobody here asks for it a second time. */
export function passing(source: Source & Partial<Passing>, descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
  return source.pass === undefined ? source.open(descriptor, signal) : source.pass(descriptor, signal)
}

export interface PutOptions {
  readonly signal?: AbortSignal | undefined
  /** Absolute bytes sent so far; goes back when an upload starts again. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/**
 * Where content is written to. Blobs before the manifests that name them, children before the index, tags last:
 * nobody can see a package by name until it is whole.
 */
export interface Store extends Source {
  put(blob: Blob, options?: PutOptions): Promise<PutStatus>
  /** Makes `name` (a tag) stand for a manifest that has been put. */
  tag(manifest: Blob, name: string, signal?: AbortSignal): Promise<PutStatus>
}

/** A store that can take a blob from another repository of the same registry without its bytes. */
export interface Mounter {
  /** `false`: not taken, for whatever reason; the caller puts the blob as usual. */
  mount(descriptor: Descriptor, fromRepository: string, signal?: AbortSignal): Promise<boolean>
}

/** A store that can say at once what would stop a later `put`: nobody there, no login, no permission. */
export interface Gate {
  /** Rejects as a `put` would. */
  ready(signal?: AbortSignal): Promise<void>
}

/** Asks a store that can tell; others are ready. */
export async function ready(store: Store & Partial<Gate>, signal?: AbortSignal): Promise<void> {
  await store.ready?.(signal)
}

/**
 * A store that does not commit piece by piece: it stages beside its final place, `seal` moves it there,
 * `dispose` removes what was not sealed and may be called always.
 */
export interface StagedStore extends Store {
  seal(): Promise<void>
  dispose(): Promise<void>
}
