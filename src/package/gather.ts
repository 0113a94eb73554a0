import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Findings } from '../buildpacks/findings.ts'
import type { SaidKind } from '../buildpacks/local-module.ts'
import { readModule } from '../buildpacks/local-module.ts'
import type { LocalModule } from '../buildpacks/open.ts'
import { targetSources } from '../buildpacks/target-sources.ts'
import type { PackageConfig } from '../config/package.ts'
import { readPackageToml } from '../config/package.ts'
import type { ProjectConfig } from '../config/project.ts'
import { readProjectToml } from '../config/project.ts'
import type { Warning } from '../events.ts'
import { silent } from '../events.ts'
import type { RunContext } from '../publish/resources.ts'
import { targetProblems } from '../targets/resolve.ts'
import type { Dependency } from './dependencies.ts'
import { openDependencies } from './dependencies.ts'
import type { PackageOptions } from './options.ts'
import { findPackageToml, openMain, readFileAt, sourcePlace } from './places.ts'
import { projectProblems } from './project.ts'

/** Everything the author wrote, read and free of mistakes. */
export interface Gathered {
  readonly main: LocalModule
  readonly dependencies: readonly Dependency[]
  readonly packageConfig: PackageConfig | undefined
  readonly project: ProjectConfig | undefined
  readonly warnings: readonly Warning[]
}

/** What gathering needs beside the options. */
export type GatherContext = Pick<RunContext, 'spool' | 'openRepository' | 'download' | 'findInRegistry'>

/**
 * Finds and reads the config files: package.toml (`--config`, else the one in the path), the buildpack it or `--path` names,
 * what `[[dependencies]]` name, and bp-package.toml beside package.toml. All mistakes in all of them are reported together
 * (SPEC.md, "Results").
 *
 * @throws PackagerError `CONFIG` with every problem, `NOT_FOUND`, `UNREADABLE`
 */
export async function gather(options: PackageOptions, context: RunContext): Promise<Gathered> {
  const file = await findPackageToml(options)
  const report = new Findings(options.onEvent ?? silent, file === undefined ? [] : [file.shown])
  const read = file === undefined ? undefined : readPackageToml(file.bytes, file.shown)
  const packageConfig = read === undefined ? undefined : report.take(read)
  const draft = read?.value ?? read?.draft
  const folder = file === undefined ? undefined : dirname(file.path)
  const found = async (): Promise<Pick<Gathered, 'dependencies' | 'project'> & { readonly main: LocalModule | undefined }> => {
    const place = sourcePlace(options, draft, folder)
    const source = await openMain(options, place, draft, context.spool)
    const project = await readProject(options, folder ?? place.path, report)
    const main = await readModule(source, place.shown, saidOf(draft, options), report, (module) => targetProblems(targetSources(module, draft, options)))
    const dependencies = await gatherDependencies({ ...context, options, report, packageConfig, project, folder, main })
    return { main, dependencies, project }
  }
  const { main, ...others } = await found().catch((cause: unknown) => report.failWith(cause))
  if (main === undefined || report.failed) return report.fail()
  return { main, ...others, packageConfig, warnings: report.warnings }
}

/** A package.toml that names no source says nothing of its kind, and one beside `--path` not where it is. */
function saidOf(config: PackageConfig | undefined, { path }: PackageOptions): SaidKind | undefined {
  if (config?.uriDeclared !== true) return undefined
  const { kind, file, uri, uriAt } = config
  return path !== undefined || uriAt === undefined ? { kind, file } : { kind, file, named: { uri, at: { file, line: uriAt.line, column: uriAt.column, key: `${kind}.uri` } } }
}

async function readProject(options: PackageOptions, folder: string, report: Findings): Promise<ProjectConfig | undefined> {
  const file = await readFileAt(options, join(folder, 'bp-package.toml'))
  if (file === undefined) return undefined
  const read = readProjectToml(file.bytes, file.shown)
  const [project, draft] = [report.take(read), read.value ?? read.draft]
  if (draft !== undefined) report.add(projectProblems(draft))
  return project
}

interface DependencySources extends GatherContext {
  readonly options: PackageOptions
  readonly report: Findings
  readonly packageConfig: PackageConfig | undefined
  readonly project: ProjectConfig | undefined
  readonly folder: string | undefined
  readonly main: LocalModule | undefined
}

/** A component has none, whatever package.toml lists: pack takes them along only where an order names them, and says so else. */
async function gatherDependencies({ options, report, packageConfig, project, folder, ...context }: DependencySources): Promise<readonly Dependency[]> {
  if (packageConfig === undefined || folder === undefined || packageConfig.dependencies.length === 0) return []
  let spools = 0
  const spool = async (): Promise<string> => {
    const own = join(await context.spool(), `dependency-${(spools += 1)}`)
    await mkdir(own)
    return own
  }
  return openDependencies(packageConfig, project, {
    what: 'dependency',
    folder,
    spool,
    openRepository: context.openRepository,
    download: async (url) => context.download(url, await spool()),
    findInRegistry: context.findInRegistry,
    readModule: (source, uri) => readModule(source, uri, undefined, report),
    archiveLimit: options.archiveLimit,
    signal: options.signal,
  })
}
