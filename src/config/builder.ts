import type { GroupMember, TargetDeclaration } from './buildpack.ts'
import type { ModuleInfo } from './fields.ts'
import type { Position } from './toml.ts'

/** One of `[[buildpacks]]` or `[[extensions]]`: where it is, and what it must turn out to be where id and version are given. */
export interface BuilderModule extends ModuleInfo, Position {
  readonly uri: string
  /** Deprecated form of an image reference. */
  readonly image: string
}

/** One of `[[build.env]]`, a file in the builder's environment folder. */
export interface BuildEnvironment extends Position {
  readonly name: string
  readonly value: string
  /** `default`, `override`, `append`, `prepend`, or empty. */
  readonly suffix: string
  readonly delim: string
  readonly execEnv: readonly string[]
}

export interface RunImage extends Position {
  readonly image: string
  /** Absent where the file gives none; an empty list is kept, since run.toml repeats it. */
  readonly mirrors?: readonly string[]
}

/** builder.toml, read and checked (SPEC-builder.md section 2), with `[stack]` merged into `buildImage` and `runImages`. */
export interface BuilderConfig {
  readonly file: string
  readonly description: string
  readonly buildpacks: readonly BuilderModule[]
  readonly extensions: readonly BuilderModule[]
  /** Members may have no version: the builder's only one is meant. */
  readonly order: readonly (readonly GroupMember[])[]
  readonly orderExtensions: readonly (readonly GroupMember[])[]
  readonly system: { readonly pre: readonly GroupMember[]; readonly post: readonly GroupMember[] }
  readonly buildImage: string
  /** Where it is written. */
  readonly buildImageAt: Position
  readonly buildEnv: readonly BuildEnvironment[]
  readonly runImages: readonly RunImage[]
  /** Deprecated `[stack] id`. */
  readonly stackId?: string
  readonly lifecycle: { readonly uri?: string; readonly version?: string }
  readonly targets: readonly TargetDeclaration[]
}
