import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readConfigFile } from '../buildpacks/config-file.ts'
import { Findings } from '../buildpacks/findings.ts'
import type { SaidKind } from '../buildpacks/local-module.ts'
import { readModule } from '../buildpacks/local-module.ts'
import { parseLocator } from '../buildpacks/locator.ts'
import { isComposite } from '../buildpacks/module.ts'
import type { LocalModule } from '../buildpacks/open.ts'
import { openSource } from '../buildpacks/read.ts'
import { targetSources } from '../buildpacks/target-sources.ts'
import type { ModuleConfig } from '../config/buildpack.ts'
import type { DependencyDeclaration, PackageConfig } from '../config/package.ts'
import { readPackageToml } from '../config/package.ts'
import { PackagerError } from '../errors.ts'
import { silent } from '../events.ts'
import { spoolIn } from '../publish/workshop.ts'
import { formatTarget } from '../targets/grammar.ts'
import { platformOf } from '../targets/platform.ts'
import { resolveTargets } from '../targets/resolve.ts'
import { platformRoot } from '../targets/root.ts'
import type { Target } from '../targets/target.ts'
import type { InspectedModule, InspectedPlatform } from './inspection.ts'
import type { InspectOptions } from './options.ts'

/** What reading one module from this machine takes. */
interface Reading {
  readonly spool: () => Promise<string>
  readonly findings: Findings
  readonly signal: AbortSignal | undefined
}

/**
 * What packaging a buildpack's folder, or its `.tgz`, would make, as far as its config files tell: its targets, the root
 * folder of each, its modules. Nothing is built and no network is asked, so nothing has a digest yet, and dependencies that
 * are neither folders nor archives of buildpacks are named among the problems.
 *
 * @throws PackagerError `CONFIG` with every mistake in the files
 */
export async function inspectFolder(path: string, options: InspectOptions): Promise<readonly InspectedPlatform[]> {
  const { onEvent: report = silent, signal } = options
  const spool = spoolIn(undefined, options.env, report)
  const findings = new Findings(report, [])
  try {
    return await readFolder(path, options, { spool: spool.folder, findings, signal }).catch((cause: unknown) => findings.failWith(cause))
  } finally {
    await spool.remove()
  }
}

async function readFolder(path: string, options: InspectOptions, reading: Reading): Promise<readonly InspectedPlatform[]> {
  const { findings } = reading
  const folder = resolve(options.cwd, path)
  const bytes = await readConfigFile(join(folder, 'package.toml'), join(path, 'package.toml'))
  const packageConfig = bytes === undefined ? undefined : findings.take(readPackageToml(bytes, join(path, 'package.toml')))
  const place = packageConfig === undefined ? '.' : packageConfig.uri.replace(/^file:\/\//, '')
  const source = await openSource(resolve(folder, place), join(path, place), reading.spool, reading.signal)
  const said = saidOf(packageConfig)
  const main = await readModule(source, path, said, findings).catch((cause: unknown) => {
    throw cause instanceof PackagerError && cause.code === 'CONFIG' && said === undefined ? noModule(path, cause) : cause
  })
  const { modules, problems } = await readDependencies(packageConfig?.dependencies ?? [], folder, reading)
  if (main === undefined || findings.failed) return findings.fail()
  for (const warning of findings.warnings) options.onEvent?.({ type: 'warning', ...warning })
  const targets = targetsOf(main.config, packageConfig, options)
  return targets.map((target) => platformFor(target, main, modules, problems))
}

/** The folder may have been meant as a layout as well. */
function noModule(path: string, cause: PackagerError): PackagerError {
  return new PackagerError({
    code: 'CONFIG',
    step: 'read buildpack',
    value: path,
    found: 'neither at its top',
    wanted: 'buildpack.toml or extension.toml, or oci-layout of an image layout',
    cause,
  })
}

/** A package.toml that names no source says nothing of its kind. */
function saidOf(config: PackageConfig | undefined): SaidKind | undefined {
  return config?.uriDeclared === true ? { kind: config.kind, file: config.file } : undefined
}

async function readDependencies(dependencies: readonly DependencyDeclaration[], folder: string, reading: Reading): Promise<{ modules: readonly LocalModule[]; problems: readonly string[] }> {
  const modules: LocalModule[] = []
  const problems: string[] = []
  for (const { uri, image } of dependencies) {
    const path = pathOf(uri, folder)
    const found = path === undefined ? notLocal : await readDependency(path, uri ?? '', reading)
    if (typeof found === 'string') problems.push(`the dependency ${uri ?? image ?? ''} is not read: ${found}`)
    else if (found !== undefined) modules.push(found)
  }
  return { modules, problems }
}

const notLocal = 'of a folder only the folders and archives of buildpacks beside it are'

/** Why it is not read, where that is no mistake in its files; those are collected, and give undefined. */
async function readDependency(path: string, uri: string, { spool, findings, signal }: Reading): Promise<LocalModule | string | undefined> {
  try {
    const source = await openSource(path, uri, spool, signal)
    return (await source.read('oci-layout')) === undefined ? await readModule(source, uri, undefined, findings) : notLocal
  } catch (cause) {
    if (!(cause instanceof PackagerError) || cause.code === 'CANCELLED') throw cause
    return cause.message
  }
}

/** The folder or archive that a dependency's uri names; undefined for an image, a package and whatever else it may be. */
function pathOf(uri: string | undefined, folder: string): string | undefined {
  if (uri === undefined) return undefined
  try {
    const locator = parseLocator(uri, (path) => existsSync(resolve(folder, path)))
    const path = locator.kind === 'path' ? resolve(folder, locator.path) : undefined
    return path === undefined || path.endsWith('.cnb') || statSync(path, { throwIfNoEntry: false }) === undefined || existsSync(join(path, 'oci-layout')) ? undefined : path
  } catch {
    return undefined
  }
}

function targetsOf(main: ModuleConfig, packageConfig: PackageConfig | undefined, options: InspectOptions): readonly Target[] {
  const { targets, warnings } = resolveTargets(targetSources(main, packageConfig, { hostArch: options.hostArch ?? 'amd64' }))
  for (const warning of warnings) options.onEvent?.({ type: 'warning', ...warning })
  return targets
}

function platformFor(target: Target, main: LocalModule, dependencies: readonly LocalModule[], problems: readonly string[]): InspectedPlatform {
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
