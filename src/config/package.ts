import type { TargetDeclaration } from './buildpack.ts'

/** One `[[dependencies]]` of package.toml: exactly one of the two is set. */
export interface DependencyDeclaration {
  readonly uri?: string
  /** Deprecated form of an image reference. */
  readonly image?: string
  readonly line: number
  readonly column: number
}

/** package.toml, read and checked (SPEC-package.md section 1). */
export interface PackageConfig {
  readonly file: string
  readonly kind: 'buildpack' | 'extension'
  /** `[buildpack] uri` or `[extension] uri`, as written. */
  readonly uri: string
  readonly dependencies: readonly DependencyDeclaration[]
  readonly targets: readonly TargetDeclaration[]
  /** Deprecated `[platform] os`. */
  readonly platformOs?: 'linux' | 'windows'
}
