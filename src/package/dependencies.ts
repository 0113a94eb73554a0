import type { ImageDependency, LocalModule, OpenContext } from '../buildpacks/open.ts'
import { openModules } from '../buildpacks/open.ts'
import type { PackageConfig } from '../config/package.ts'
import type { ProjectConfig } from '../config/project.ts'
import type { Problem } from '../errors.ts'
import { configError } from '../errors.ts'
import { parseTarget } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'

/** Where a config file says something. */
export type Place = Omit<Problem, 'message'>

export type Dependency = (LocalModule | ImageDependency) & {
  /** Where package.toml names it. */
  readonly at: Place
  /** Set where bp-package.toml means it for some targets only. */
  readonly platforms?: readonly Target[]
}

/** Opens what package.toml's `[[dependencies]]` name, in their order; several at once. `readModule` collects config problems. */
export async function openDependencies(config: PackageConfig, project: ProjectConfig | undefined, context: OpenContext): Promise<readonly Dependency[]> {
  checkProject(config, project)
  const declarations = config.dependencies.map((declaration, index) => ({ ...declaration, file: config.file, key: `dependencies[${index}]` }))
  const opened = await openModules(declarations, context)
  return declarations.flatMap(({ file, line, column, key }, index): Dependency[] => {
    const dependency = opened[index]
    if (dependency === undefined) return []
    const entry = project?.dependencies.find((candidate) => candidate.uri === dependency.uri)
    const placed = { ...dependency, at: { file, line, column, key } }
    return [entry === undefined ? placed : { ...placed, platforms: entry.platforms.flatMap((text) => parseTarget(text)) }]
  })
}

/** A uri that matches nothing would leave a dependency in where it is not wanted. */
function checkProject(config: PackageConfig, project: ProjectConfig | undefined): void {
  const uris = config.dependencies.map(({ uri, image }) => uri ?? image ?? '')
  const problems = (project?.dependencies ?? []).flatMap(({ uri, line, column }, index) => {
    if (project === undefined || uris.includes(uri)) return []
    return [
      {
        file: project.file,
        line,
        column,
        key: `dependencies[${index}].uri`,
        message: `"${uri}" is no dependency of ${config.file}, which has ${uris.map((known) => `"${known}"`).join(', ')}`,
      },
    ]
  })
  if (problems.length > 0) throw configError('read the config files', problems)
}
