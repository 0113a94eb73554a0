/** Which platforms a dependency of a composite is meant for; elsewhere it is left out on purpose. */
export interface DependencyPlatforms {
  /** The dependency's `uri` as package.toml writes it. */
  readonly uri: string
  /** In the `--target` grammar. */
  readonly platforms: readonly string[]
}

/** bp-package.toml: what a team would otherwise repeat on the command line (SPEC.md, "package: options"). Flags win over it. */
export interface ProjectConfig {
  readonly file: string
  readonly repository?: string
  readonly tags: readonly string[]
  readonly exclude: readonly string[]
  /** `[scope:]key` to value, as `--annotation` takes them. */
  readonly annotations: Readonly<Record<string, string>>
  /** Globs of files of the buildpack folder that are laid under each platform root (SPEC-vendor.md). */
  readonly shared: readonly string[]
  readonly dependencies: readonly DependencyPlatforms[]
}
