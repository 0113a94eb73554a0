import type { NetworkOptions } from '../publish/options.ts'

/** Everything `bp-package inspect` can be told of one source. Nothing here is read from `process`. */
export interface InspectOptions extends NetworkOptions {
  /** SOURCE: an image name, a path, or one of them after `docker://`, `oci:`, `file:`, `daemon:`. */
  readonly source: string
  /** `os/arch[/variant][:os.version]`; all platforms unless told. */
  readonly platforms?: readonly string[]
  /** Reads the layers too, for their files. */
  readonly files?: boolean
  /** In Go's words, used only for a buildpack folder where nothing names a target. */
  readonly hostArch?: string
}
