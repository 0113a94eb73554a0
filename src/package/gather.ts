import { mkdir, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { ModuleSource } from '../buildpacks/source.ts'
import { readConfigFile } from '../buildpacks/config-file.ts'
import { openSource } from '../buildpacks/read.ts'
import { limitsOf } from '../layers/unpack-limits.ts'
import { readBuildpackToml, readExtensionToml } from '../config/module-reader.ts'
import type { Checked } from '../config/checked.ts'
import type { PackageConfig } from '../config/package.ts'
import { readPackageToml } from '../config/package.ts'
import type { ProjectConfig } from '../config/project.ts'
import { readProjectToml } from '../config/project.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, configError, formatProblem } from '../errors.ts'
import type { Report, Warning } from '../events.ts'
import { silent } from '../events.ts'
import type { RunContext } from '../publish/resources.ts'
import type { Dependency, LocalModule } from './dependencies.ts'
import { openDependencies } from './dependencies.ts'
import type { PackageOptions } from './options.ts'

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
export async function gather(options: PackageOptions, context: GatherContext): Promise<Gathered> {
  const report = new Findings(options.report ?? silent)
  const packageFile = await findPackageToml(options)
  const packageConfig = packageFile === undefined ? undefined : report.take(readPackageToml(packageFile.text, packageFile.shown))
  const folder = packageFile === undefined ? undefined : dirname(packageFile.path)
  // Without a readable package.toml it is not known where the buildpack lies; its own mistakes are then all there is to say.
  if (packageFile !== undefined && packageConfig === undefined && options.path === undefined) report.fail()
  const place = sourcePlace(options, packageConfig, folder)
  const source = await openSource(place.path, place.shown, context.spool, options.signal, limitsOf(options.archiveLimit))
  const project = await readProject(options, folder ?? place.path, report)
  const main = await readModule(source, place.shown, packageConfig, report)
  const dependencies = await gatherDependencies({ ...context, options, report, packageConfig, project, folder, main })
  if (main === undefined || report.failed) return report.fail()
  return { main, dependencies, packageConfig, project, warnings: report.warnings }
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

/** Collects what the readers find, so that the author sees all of it at once. */
class Findings {
  readonly #report: Report
  readonly #problems: Problem[] = []
  readonly #warnings: Warning[] = []

  constructor(report: Report) {
    this.#report = report
  }

  take<T>(checked: Checked<T>): T | undefined {
    this.#problems.push(...checked.problems)
    for (const warning of checked.warnings) this.warn({ message: formatProblem(warning) })
    return checked.value
  }

  warn(warning: Warning): void {
    this.#warnings.push(warning)
  }

  get warnings(): readonly Warning[] {
    return this.#warnings
  }

  get failed(): boolean {
    return this.#problems.length > 0
  }

  /** The warnings are told with the problems: a misspelt key is often why another one is missing. */
  fail(): never {
    for (const warning of this.#warnings) this.#report({ type: 'warning', ...warning })
    throw configError('read the config files', this.#problems)
  }
}

interface TextFile {
  readonly path: string
  /** Relative to the working folder where that is shorter. */
  readonly shown: string
  readonly text: string
}

async function findPackageToml(options: PackageOptions): Promise<TextFile | undefined> {
  if (options.config !== undefined) {
    const file = await readText(options, resolve(options.cwd, options.config))
    if (file !== undefined) return file
    throw new PackagerError({ code: 'NOT_FOUND', step: 'read package.toml', value: options.config, found: 'no such file', hint: 'name it with --config, or leave --config out: package.toml is not required' })
  }
  const folder = resolve(options.cwd, options.path ?? '.')
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
  return isFolder ? readText(options, join(folder, 'package.toml')) : undefined
}

/** `--path`, else what package.toml names relative to itself, else the working folder. */
function sourcePlace(options: PackageOptions, config: PackageConfig | undefined, folder: string | undefined): { path: string; shown: string } {
  if (options.path !== undefined) return { path: resolve(options.cwd, options.path), shown: options.path }
  if (config === undefined || folder === undefined) return { path: options.cwd, shown: '.' }
  const uri = config.uri.startsWith('file://') ? config.uri.slice('file://'.length) : config.uri
  if (/^[a-z][a-z0-9+.-]*:/i.test(uri)) {
    throw new PackagerError({ code: 'UNSUPPORTED', step: 'open buildpack', value: config.uri, found: 'a remote address', wanted: 'a folder or archive on this machine' })
  }
  const path = resolve(folder, uri)
  return { path, shown: shorter(options.cwd, path) }
}

async function readProject(options: PackageOptions, folder: string, report: Findings): Promise<ProjectConfig | undefined> {
  const file = await readText(options, join(folder, 'bp-package.toml'))
  return file === undefined ? undefined : report.take(readProjectToml(file.text, file.shown))
}

/** The module at a source's top: what package.toml says it is, else what its toml says. Its mistakes go to `report`. */
async function readModule(source: ModuleSource, uri: string, packageConfig: PackageConfig | undefined, report: Findings): Promise<LocalModule | undefined> {
  const buildpack = await source.read('buildpack.toml')
  const extension = await source.read('extension.toml')
  const kind = packageConfig?.kind ?? (buildpack === undefined ? 'extension' : 'buildpack')
  const toml = kind === 'buildpack' ? buildpack : extension
  if (toml === undefined) throw missingToml(source, packageConfig)
  if (buildpack !== undefined && extension !== undefined && packageConfig === undefined) {
    report.warn({ message: `${source.place} holds buildpack.toml and extension.toml: packaging the buildpack`, hint: 'a package.toml with [extension] uri = "." packages the extension' })
  }
  const tomlName = `${kind}.toml`
  const shown = source.place === '.' ? tomlName : join(source.place, tomlName)
  const read = kind === 'buildpack' ? readBuildpackToml : readExtensionToml
  const config = report.take(read(toml.toString('utf8'), shown))
  const ignoreFile = (await source.read('.bpignore'))?.toString('utf8') ?? ''
  return config === undefined ? undefined : { kind: 'local', uri, source, config, tomlName, toml, ignoreFile }
}

function missingToml(source: ModuleSource, packageConfig: PackageConfig | undefined): PackagerError {
  const wanted = packageConfig === undefined ? 'buildpack.toml or extension.toml' : `${packageConfig.kind}.toml, as ${packageConfig.file} says`
  return new PackagerError({
    code: 'CONFIG',
    step: 'read buildpack',
    value: source.place,
    found: 'neither at its top',
    wanted,
    hint: 'name the buildpack folder with --path, or in package.toml as [buildpack] uri',
  })
}

async function readText(options: PackageOptions, path: string): Promise<TextFile | undefined> {
  const shown = shorter(options.cwd, path)
  const bytes = await readConfigFile(path, shown)
  return bytes === undefined ? undefined : { path, shown, text: bytes.toString('utf8') }
}

function shorter(cwd: string, path: string): string {
  const below = relative(cwd, path)
  return below !== '' && !below.startsWith('..') ? below : path
}
