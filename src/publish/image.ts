import type { Layer } from '../layers/spool.ts'
import type { Descriptor, InlineBlob } from '../oci/descriptor.ts'
import type { Platform } from '../oci/platform.ts'
import type { Target } from '../targets/target.ts'
import type { TagPlace } from './tags.ts'

/** A layer of an image, and the modules in it. */
export interface FilledLayer extends Layer {
  readonly modules: readonly string[]
}

/** A finished image: its layers, bottom first, its config and its manifest as bytes. */
export interface MadeImage {
  readonly target: Target
  readonly platform: Platform
  /** Its own tag, where it has one (`--append-image-name-suffix`). */
  readonly tag?: TagPlace
  readonly layers: readonly FilledLayer[]
  readonly config: InlineBlob
  readonly manifest: InlineBlob
  /** As the index names it. */
  readonly child: Descriptor
}
