/**
 * The library behind the command line: typed, prints nothing, reads nothing from `process`, stops on an `AbortSignal`, and
 * tells what it does through `onEvent`.
 */
export { inspect } from './inspect/read.ts'
export type { InspectOptions } from './inspect/options.ts'
export type { Difference, Inspection, InspectedFile, InspectedLayer, InspectedModule, InspectedOrderMember, InspectedPlatform, InspectedSource, Note } from './inspect/inspection.ts'
export { packageBuildpack, planPackage } from './package/run.ts'
export type { PackageOptions, PackagePlan } from './package/options.ts'
export { createBuilder, planBuilder } from './builder/run.ts'
export type { BuilderOptions } from './builder/options.ts'
export type { PlannedFile, PlannedImage, PlannedLayer, RunPlan } from './publish/run-plan.ts'
export type { Destination, ImageResult, LayerResult, NetworkOptions, RegistrySettings, RunResult } from './publish/options.ts'
export { createIndex } from './manifests/create.ts'
export type { CreateIndexOptions } from './manifests/create.ts'
export type { Copied, PushResult, PushedImage, PushedPlatform, SendOptions } from './manifests/options.ts'
export { PackagerError, formatProblem } from './errors.ts'
export type { ErrorCode, Problem } from './errors.ts'
export type { Event, PutStatus, Report, Warning } from './events.ts'
export type { Digest } from './oci/digest.ts'
export type { Platform } from './oci/platform.ts'
