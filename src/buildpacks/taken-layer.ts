import { checkingDiffID } from '../layers/unpacked-digest.ts'
import type { Layer } from '../layers/spool.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { startingAt } from '../stores/skip.ts'
import type { Source } from '../stores/store.ts'
import { passing } from '../stores/store.ts'

/** A layer in somebody else's image. */
export interface ForeignLayer {
  readonly content: Source
  readonly descriptor: Descriptor
  /** As the image's config says. */
  readonly diffID: Digest
  /** What the image that is made calls it, where that has another word for the same bytes. */
  readonly mediaType?: string
  readonly mayBeZstd?: boolean
  /** The image, for messages. */
  readonly place: string
  readonly origin?: { readonly registry: string; readonly repository: string } | undefined
}

/**
 * A layer that is taken as it is, never compressed anew. Its bytes are read only where the destination has to be sent them, and
 * are then checked against the diffID; what is mounted, or is there already, stays as unread as it is.
 */
export function takenLayer({ content, descriptor, diffID, mediaType = descriptor.mediaType, mayBeZstd = false, place, origin }: ForeignLayer, signal: AbortSignal | undefined): Layer {
  const { size, digest } = descriptor
  const blob = {
    descriptor: { mediaType, size, digest },
    open: async (start = 0) => startingAt(checkingDiffID(await passing(content, descriptor, signal), { diffID, place, mayBeZstd }), start),
  }
  return { diffID, blob: origin === undefined ? blob : { ...blob, origin } }
}
