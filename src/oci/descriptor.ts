import { Readable } from 'node:stream'
import type { Digest } from './digest.ts'
import { digestOf } from './digest.ts'
import type { Platform } from './platform.ts'

/** A pointer to content: its type, its digest and its size in bytes (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string
  readonly size: number
  readonly digest: Digest
  readonly platform?: Platform
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * Content that can be read, and read again: a retry always starts from `open`.
 * `open(start)` begins at that byte, for an upload that goes on where it broke.
 */
export interface Blob {
  readonly descriptor: Descriptor
  /**
   * A file of this run's own that holds exactly these bytes, already hashed. A store on the same file system may take it
   * by a hard link, so nobody writes to it again. Never a file of the author's or of a cache.
   */
  readonly path?: string
  /** The repository that the bytes come from: another repository of that registry can have them by a mount. */
  readonly origin?: { readonly registry: string; readonly repository: string }
  open(start?: number): Readable | Promise<Readable>
}

/** A blob whose bytes are in memory: a manifest or a config, never a layer. */
export interface InlineBlob extends Blob {
  readonly bytes: Uint8Array
}

/** A blob of these bytes. The digest and the size come from the bytes, never from a caller's word. */
export function inlineBlob(mediaType: string, bytes: Uint8Array): InlineBlob {
  return {
    descriptor: { mediaType, size: bytes.byteLength, digest: digestOf(bytes) },
    bytes,
    open: (start = 0) => Readable.from([bytes.subarray(start)], { objectMode: false }),
  }
}
