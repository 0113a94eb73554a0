import type { BuilderOptions } from '../builder/options.ts'
import type { PackageOptions, PackagePlan } from '../package/options.ts'
import type { RunResult } from '../publish/options.ts'
import type { RunPlan } from '../publish/run-plan.ts'

/** What the commands call. A test of the command line gives its own. */
export interface Library {
  readonly packageBuildpack: (options: PackageOptions) => Promise<RunResult>
  readonly planPackage: (options: PackageOptions) => Promise<PackagePlan>
  readonly createBuilder: (options: BuilderOptions) => Promise<RunResult>
  readonly planBuilder: (options: BuilderOptions) => Promise<RunPlan>
}

/** The library itself, loaded when a command first needs it: `--help` and `--version` never do. */
export const library: Library = {
  packageBuildpack: async (options) => (await import('../package/run.ts')).packageBuildpack(options),
  planPackage: async (options) => (await import('../package/run.ts')).planPackage(options),
  createBuilder: async (options) => (await import('../builder/run.ts')).createBuilder(options),
  planBuilder: async (options) => (await import('../builder/run.ts')).planBuilder(options),
}
