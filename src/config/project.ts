import type { Checked } from './checked.ts'
import type { Findings } from './findings.ts'
import type { Section } from './section.ts'
import { readDocument } from './section.ts'
import type { Position } from './toml.ts'
import type { TomlSource } from './toml-bytes.ts'

/** Which platforms a dependency of a composite is meant for; elsewhere it is left out on purpose. */
export interface DependencyPlatforms {
  /** The dependency's `uri` as package.toml writes it. */
  readonly uri: string
  /** In the `--target` grammar. */
  readonly platforms: readonly string[]
  readonly line: number
  readonly column: number
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
  /** Where its keys stand. */
  readonly places: Readonly<Record<string, Position>>
}

/** Reads bp-package.toml. It is ours alone, so an unknown key is a problem. */
export function readProjectToml(source: TomlSource, file: string): Checked<ProjectConfig> {
  return readDocument(source, file, (root, findings) => {
    const repository = root.text('repository')
    const config = {
      file,
      ...(repository === '' ? {} : { repository }),
      tags: root.texts('tags'),
      exclude: root.texts('exclude'),
      annotations: root.textMap('annotations'),
      shared: root.texts('shared'),
      dependencies: root.sections('dependencies').map((section) => readDependencyPlatforms(section, findings)),
      places: root.places(['repository', 'tags', 'annotations']),
    }
    root.close('refuse', { targets: 'buildpack.toml', buildpack: 'package.toml' })
    return config
  })
}

function readDependencyPlatforms(section: Section, findings: Findings): DependencyPlatforms {
  const uri = section.text('uri')
  const platforms = section.texts('platforms')
  if (uri === '') findings.problem(section.at('uri'), 'is required: the uri of a dependency as package.toml writes it')
  if (platforms.length === 0) findings.problem(section.at('platforms'), 'is required: such as platforms = ["linux/amd64"]')
  section.close('refuse')
  return { uri, platforms, ...section.position }
}
