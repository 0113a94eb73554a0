import type { RunOptions } from '../publish/options.ts'

export type { RunPlan as PackagePlan } from '../publish/run-plan.ts'

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
