import { readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { ModuleSource } from '../buildpacks/read.ts'
import { openSource } from '../buildpacks/read.ts'
import type { ModuleConfig } from '../config/buildpack.ts'
import { readBuildpackToml, readExtensionToml } from '../config/buildpack.ts'
import type { Checked } from '../config/checked.ts'
import type { PackageConfig } from '../config/package.ts'
import { readPackageToml } from '../config/package.ts'
import type { ProjectConfig } from '../config/project.ts'
import { readProjectToml } from '../config/project.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, configError, formatProblem, reason, systemCode } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { PackageOptions } from './options.ts'

/** Everything the author wrote, read and free of mistakes. */
export interface Gathered {
  readonly source: ModuleSource
  readonly module: ModuleConfig
  /** The bytes of buildpack.toml or extension.toml: the same ones go into every platform's layer. */
  readonly tomlName: string
  readonly toml: Buffer
  readonly packageConfig: PackageConfig | undefined
  readonly project: ProjectConfig | undefined
  readonly ignoreFile: string
  readonly warnings: readonly Warning[]
}

/**
 * Finds and reads the config files: package.toml (`--config`, else the one in the path), the buildpack it or `--path` names,
 * and bp-package.toml beside package.toml. All mistakes in all of them are reported together (SPEC.md, "Results").
 *
 * @throws PackagerError `CONFIG` with every problem, `NOT_FOUND`, `UNREADABLE`
 */
export async function gather(options: PackageOptions, spool: () => Promise<string>): Promise<Gathered> {
  const report = new Findings()
  const packageFile = await findPackageToml(options)
  const packageConfig = packageFile === undefined ? undefined : report.take(readPackageToml(packageFile.text, packageFile.shown))
  const folder = packageFile === undefined ? undefined : dirname(packageFile.path)
  // Without a readable package.toml it is not known where the buildpack lies; its own mistakes are then all there is to say.
  if (packageFile !== undefined && packageConfig === undefined && options.path === undefined) report.fail()
  const place = sourcePlace(options, packageConfig, folder)
  const source = await openSource(place.path, place.shown, spool, options.signal)
  const project = await readProject(options, folder ?? place.path, report)
  const found = await readModule(source, packageConfig, report)
  const ignoreFile = (await source.read('.bpignore'))?.toString('utf8') ?? ''
  if (found.module === undefined || report.failed) return report.fail()
  return { source, module: found.module, tomlName: found.name, toml: found.bytes, packageConfig, project, ignoreFile, warnings: report.warnings }
}

/** Collects what the readers find, so that the author sees all of it at once. */
class Findings {
  readonly #problems: Problem[] = []
  readonly #warnings: Warning[] = []

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

  fail(): never {
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

async function readModule(source: ModuleSource, packageConfig: PackageConfig | undefined, report: Findings): Promise<{ module: ModuleConfig | undefined; name: string; bytes: Buffer }> {
  const buildpack = await source.read('buildpack.toml')
  const extension = await source.read('extension.toml')
  const kind = packageConfig?.kind ?? (buildpack === undefined ? 'extension' : 'buildpack')
  const bytes = kind === 'buildpack' ? buildpack : extension
  if (bytes === undefined) throw missingToml(source, packageConfig)
  if (buildpack !== undefined && extension !== undefined && packageConfig === undefined) {
    report.warn({ message: `${source.place} holds buildpack.toml and extension.toml: packaging the buildpack`, hint: 'a package.toml with [extension] uri = "." packages the extension' })
  }
  const name = `${kind}.toml`
  const shown = source.place === '.' ? name : join(source.place, name)
  const read = kind === 'buildpack' ? readBuildpackToml : readExtensionToml
  return { module: report.take(read(bytes.toString('utf8'), shown)), name, bytes }
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
  try {
    return { path, shown: shorter(options.cwd, path), text: await readFile(path, 'utf8') }
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') return undefined
    throw new PackagerError({ code: 'UNREADABLE', step: 'read', value: shorter(options.cwd, path), found: reason(cause), cause })
  }
}

function shorter(cwd: string, path: string): string {
  const below = relative(cwd, path)
  return below !== '' && !below.startsWith('..') ? below : path
}
