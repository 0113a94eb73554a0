import type { Platform } from '../oci/platform.ts'
import type { Destination, RunOptions } from '../publish/options.ts'

/** Everything `bp-package package` can be told. */
export interface PackageOptions extends RunOptions {
  /** The host's architecture in Go's words, used only where nothing names a target. */
  readonly hostArch: string
  readonly path?: string
  readonly config?: string
  readonly flatten?: boolean
  readonly flattenExclude?: readonly string[]
  readonly exclude?: readonly string[]
  readonly defaultExcludes?: boolean
  /** Files that the caller writes after the run, such as the result: never packaged where they lie in the buildpack's folder. */
  readonly ownFiles?: readonly string[]
}

/** One file that will be in a layer, or is left out of it. */
export interface PlannedFile {
  readonly path: string
  readonly size: number
}

export interface PlannedLayer {
  readonly module: string
  /** The platform root, relative to the buildpack folder; `.` is the folder itself. */
  readonly root: string
  readonly targets: readonly string[]
  readonly files: readonly PlannedFile[]
  /** Bytes of all files before compression. */
  readonly bytes: number
  readonly excluded: readonly string[]
  /** What lies beside the platform folders and is in no layer of the module; absent where nothing does. */
  readonly outside?: readonly string[]
}

/** What `--dry-run` shows: the whole plan, plain data (SPEC.md). */
export interface PackagePlan {
  readonly schemaVersion: 1
  readonly dryRun: true
  readonly name: string
  readonly tags: readonly string[]
  readonly destination: Destination
  readonly path?: string
  /** A file for each image, in their order. */
  readonly files?: readonly string[]
  readonly kind: 'index' | 'image'
  readonly images: readonly { readonly target: string; readonly root: string; readonly platform: Platform; readonly tag?: string }[]
  readonly layers: readonly PlannedLayer[]
  readonly warnings: readonly string[]
}
