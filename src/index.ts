/**
 * The library behind the command line: typed, prints nothing, reads nothing from `process`, stops on an `AbortSignal`, and
 * tells what it does through `report`.
 */
export { inspect } from './inspect/read.ts'
export type { InspectOptions } from './inspect/options.ts'
export type { Difference, Inspection, InspectedFile, InspectedLayer, InspectedModule, InspectedOrderMember, InspectedPlatform, InspectedSource, Note } from './inspect/inspection.ts'
export { packageBuildpack, planPackage } from './package/run.ts'
export type { PackageOptions, PackagePlan, PlannedFile, PlannedLayer } from './package/options.ts'
export type { Destination, ImageResult, LayerResult, RegistrySettings, RunResult } from './publish/options.ts'
export { PackagerError, formatProblem } from './errors.ts'
export type { ErrorCode, Problem } from './errors.ts'
export type { Event, PutStatus, Report, Warning } from './events.ts'
export type { Digest } from './oci/digest.ts'
export type { Platform } from './oci/platform.ts'
