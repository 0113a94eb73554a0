import type { RunOptions } from '../publish/options.ts'

/** Everything `bp-package builder create` can be told. */
export interface BuilderOptions extends RunOptions {
  /** builder.toml. */
  readonly config: string
  /** The host's architecture in Go's words, used only where nothing names a target. */
  readonly hostArch: string
  /** Each a group of `id@version`, separated by commas, that share one layer. */
  readonly flatten?: readonly string[]
  readonly skipRunImageCheck?: boolean
  /** Where releases of the lifecycle are: an address with `{version}`, `{os}` and `{arch}`. */
  readonly lifecycleTemplate?: string
  /** Take a lifecycle whose programs are for another machine. */
  readonly lifecycleAnyArch?: boolean
  readonly defaultExcludes?: boolean
  /** Files that the caller writes after the run, such as the result: in no buildpack's layer, even where they lie in its folder. */
  readonly ownFiles?: readonly string[]
}
