import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readConfigFile } from '../buildpacks/config-file.ts'
import { parseLocator } from '../buildpacks/locator.ts'
import { isComposite } from '../buildpacks/module.ts'
import { openSource } from '../buildpacks/read.ts'
import type { ModuleSource } from '../buildpacks/source.ts'
import { targetSources } from '../buildpacks/target-sources.ts'
import type { ModuleConfig } from '../config/buildpack.ts'
import type { Checked } from '../config/checked.ts'
import { readBuildpackToml, readExtensionToml } from '../config/module-reader.ts'
import type { DependencyDeclaration, PackageConfig } from '../config/package.ts'
import { readPackageToml } from '../config/package.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, configError, formatProblem } from '../errors.ts'
import type { Report } from '../events.ts'
import { silent } from '../events.ts'
import { formatTarget } from '../targets/grammar.ts'
import { platformOf } from '../targets/platform.ts'
import { resolveTargets } from '../targets/resolve.ts'
import { platformRoot } from '../targets/root.ts'
import type { Target } from '../targets/target.ts'
import type { InspectedModule, InspectedPlatform } from './inspection.ts'
import type { InspectOptions } from './options.ts'

/** A module in a folder of this machine. */
interface FolderModule {
  readonly source: ModuleSource
  readonly config: ModuleConfig
}

/**
 * What packaging a buildpack's folder would make, as far as its config files tell: its targets, the root folder of each, its
 * modules. Nothing is built and no network is asked, so nothing has a digest yet, and dependencies that are no folders are
 * named among the problems.
 *
 * @throws PackagerError `CONFIG` with every mistake in the files
 */
export async function inspectFolder(path: string, options: InspectOptions): Promise<readonly InspectedPlatform[]> {
  const files = new ConfigFiles(options.onEvent ?? silent)
  const folder = resolve(options.cwd, path)
  const packageConfig = await files.read(join(folder, 'package.toml'), join(path, 'package.toml'), readPackageToml)
  const place = packageConfig === undefined ? '.' : packageConfig.uri.replace(/^file:\/\//, '')
  const main = await readModule(resolve(folder, place), join(path, place), packageConfig, files)
  files.check()
  if (main === undefined) throw new PackagerError({ code: 'CONFIG', step: 'read buildpack', value: path, found: 'neither at its top', wanted: 'buildpack.toml or extension.toml, or oci-layout of an image layout' })
  const { modules, problems } = await readDependencies(packageConfig?.dependencies ?? [], folder, files)
  files.check()
  const targets = targetsOf(main.config, packageConfig, options)
  return targets.map((target) => platformFor(target, main, modules, problems))
}

/** Collects what is wrong with all files; warnings are told at once. */
class ConfigFiles {
  readonly #report: Report
  readonly #problems: Problem[] = []

  constructor(report: Report) {
    this.#report = report
  }

  async read<T>(path: string, shown: string, reader: (text: string, file: string) => Checked<T>): Promise<T | undefined> {
    const bytes = await readConfigFile(path, shown)
    if (bytes === undefined) return undefined
    const { value, problems, warnings } = reader(bytes.toString('utf8'), shown)
    this.#problems.push(...problems)
    for (const warning of warnings) this.#report({ type: 'warning', message: formatProblem(warning) })
    return value
  }

  check(): void {
    if (this.#problems.length > 0) throw configError('read the config files', this.#problems)
  }
}

async function readModule(folder: string, place: string, packageConfig: PackageConfig | undefined, files: ConfigFiles): Promise<FolderModule | undefined> {
  const kind = packageConfig?.kind ?? (existsSync(join(folder, 'buildpack.toml')) ? 'buildpack' : 'extension')
  const config = await files.read(join(folder, `${kind}.toml`), join(place, `${kind}.toml`), kind === 'buildpack' ? readBuildpackToml : readExtensionToml)
  if (config === undefined) return undefined
  return { config, source: await openSource(folder, place, async () => folder) }
}

async function readDependencies(dependencies: readonly DependencyDeclaration[], folder: string, files: ConfigFiles): Promise<{ modules: readonly FolderModule[]; problems: readonly string[] }> {
  const modules: FolderModule[] = []
  const problems: string[] = []
  for (const { uri, image } of dependencies) {
    const path = folderOf(uri, folder)
    const module = path === undefined ? undefined : await readModule(path, uri ?? '', undefined, files)
    if (module === undefined) problems.push(`the dependency ${uri ?? image ?? ''} is not read: of a folder only the folders beside it are`)
    else modules.push(module)
  }
  return { modules, problems }
}

/** The folder that a dependency's uri names; undefined for an image, an archive and whatever else it may be. */
function folderOf(uri: string | undefined, folder: string): string | undefined {
  if (uri === undefined) return undefined
  try {
    const locator = parseLocator(uri, (path) => existsSync(resolve(folder, path)))
    const path = locator.kind === 'path' ? resolve(folder, locator.path) : undefined
    return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true && !existsSync(join(path, 'oci-layout')) ? path : undefined
  } catch {
    return undefined
  }
}

function targetsOf(main: ModuleConfig, packageConfig: PackageConfig | undefined, options: InspectOptions): readonly Target[] {
  const { targets, warnings } = resolveTargets(targetSources(main, packageConfig, { hostArch: options.hostArch ?? 'amd64' }))
  for (const warning of warnings) options.onEvent?.({ type: 'warning', ...warning })
  return targets
}

function platformFor(target: Target, main: FolderModule, dependencies: readonly FolderModule[], problems: readonly string[]): InspectedPlatform {
  const all = [main, ...dependencies]
  const { root } = platformRoot(target, (path) => main.source.isFolder(path), isComposite(main.config))
  const ofKind = (kind: ModuleConfig['kind']): readonly InspectedModule[] => all.filter(({ config }) => config.kind === kind).map(({ config }) => described(config))
  return {
    platform: platformOf(target),
    digest: null,
    mediaType: null,
    size: null,
    annotations: {},
    kind: main.config.kind === 'extension' ? 'extension' : 'buildpackage',
    buildpacks: ofKind('buildpack'),
    extensions: ofKind('extension'),
    attestations: 0,
    layers: [],
    labels: {},
    distro: target.distro === undefined ? null : { name: target.distro.name, version: target.distro.version ?? '' },
    stacks: main.config.stacks.map(({ id }) => id),
    main: { id: main.config.id, version: main.config.version },
    root,
    ...(problems.length === 0 ? {} : { problems }),
  }
}

function described(config: ModuleConfig): InspectedModule {
  const targets = config.targets.flatMap(({ os, arch, variant, distros }) => {
    const target = { os, arch, ...(variant === undefined ? {} : { variant }) }
    return distros.length === 0 ? [formatTarget(target)] : distros.map((distro) => formatTarget({ ...target, distro }))
  })
  return {
    id: config.id,
    version: config.version,
    api: config.api,
    homepage: config.homepage || null,
    name: config.name || null,
    layerDiffID: null,
    targets,
    order: config.order.map((group) => group.map(({ id, version, optional }) => ({ id, version, optional }))),
  }
}
