import type { Excludes, LayerEntry } from '../layers/entries.ts'
import type { Walked } from '../layers/walk.ts'

/** A buildpack folder or archive, read where it lies: nothing is ever written into it. */
export interface ModuleSource {
  /** As messages name it. */
  readonly place: string
  /** Where a folder really lies, links followed; undefined for an archive. */
  readonly folder?: string
  /** The bytes of a file of the source's top, or undefined where there is none. */
  read(name: string): Promise<Buffer | undefined>
  isFolder(path: string): boolean
  isLayoutFolder(path: string): boolean
  /** What a platform root holds. `overlay` entries take the place of what lies there under the same name. */
  list(root: string, excludes: Excludes, overlay: readonly LayerEntry[], signal?: AbortSignal): Promise<Walked>
}
