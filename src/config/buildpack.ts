import type { Position } from './toml.ts'

/** `[[stacks]]` of buildpack.toml. */
export interface Stack {
  readonly id: string
  /** In the order written. */
  readonly mixins: readonly string[]
}

/** `[[targets.distros]]`. */
export interface Distro {
  readonly name: string
  readonly version?: string
}

/** `[[targets]]` as written; `''` where a key is absent. `path` is RFC 0128's `targets.path`, never part of a label. */
export interface TargetDeclaration {
  readonly os: string
  readonly arch: string
  readonly variant?: string
  readonly distros: readonly Distro[]
  readonly path?: string
  /** Where the table begins, for messages about it. */
  readonly line: number
  readonly column: number
  /** Where its keys stand, for messages about one of them. */
  readonly places?: Readonly<Record<string, Position>>
}

export interface License {
  readonly type: string
  readonly uri: string
}

/** One entry of `[[order.group]]`; `extra` holds other descriptive keys, spelled and ordered as the label has them. */
export interface GroupMember {
  readonly id: string
  readonly version: string
  readonly optional: boolean
  readonly extra: Readonly<Record<string, unknown>>
  readonly line: number
  readonly column: number
}

/** buildpack.toml or extension.toml, read and checked (SPEC-package.md section 1). A composite is a buildpack with `order`. */
export interface ModuleConfig {
  readonly kind: 'buildpack' | 'extension'
  /** The file's name as messages show it. */
  readonly file: string
  /** `N.M`; `0.1` where the file has none. */
  readonly api: string
  readonly id: string
  readonly version: string
  readonly name: string
  readonly homepage: string
  readonly description: string
  readonly keywords: readonly string[]
  readonly execEnv: readonly string[]
  readonly clearEnv: boolean
  readonly licenses: readonly License[]
  readonly stacks: readonly Stack[]
  readonly targets: readonly TargetDeclaration[]
  readonly order: readonly (readonly GroupMember[])[]
}
