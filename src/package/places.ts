import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readConfigFile, shorter } from '../buildpacks/config-file.ts'
import { openSource } from '../buildpacks/read.ts'
import type { ModuleSource } from '../buildpacks/source.ts'
import type { PackageConfig } from '../config/package.ts'
import { PackagerError, configError, systemCode } from '../errors.ts'
import { limitsOf } from '../layers/unpack-limits.ts'
import type { PackageOptions } from './options.ts'

/** A config file that is there. */
export interface ConfigFile {
  readonly path: string
  /** Relative to the working folder where that is shorter. */
  readonly shown: string
  readonly bytes: Uint8Array
}

/** A folder or archive, and how messages name it. */
export interface SourcePlace {
  readonly path: string
  readonly shown: string
}

/** `--config`, else the package.toml in the path, if there is one. */
export async function findPackageToml(options: PackageOptions): Promise<ConfigFile | undefined> {
  if (options.config !== undefined) {
    const path = resolve(options.cwd, options.config)
    const file = (await isFolder(path)) ? undefined : await readFileAt(options, path)
    if (file !== undefined) return file
    const found = (await isFolder(path)) ? 'a folder' : 'no such file'
    throw new PackagerError({
      code: 'USAGE',
      step: 'read --config',
      value: options.config,
      found,
      wanted: 'a package.toml',
      hint: 'leave --config out where there is none: it is not required',
    })
  }
  const folder = resolve(options.cwd, options.path ?? '.')
  return (await isFolder(folder)) ? readFileAt(options, join(folder, 'package.toml')) : undefined
}

/** Whether there is anything where `--path` leads. */
export async function findPath({ cwd, path }: PackageOptions): Promise<void> {
  if (path === undefined || (await isThere(resolve(cwd, path)))) return
  throw noPath(path)
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    // What is there and cannot be looked at is told when it is opened.
    (cause: unknown) => systemCode(cause) !== 'ENOENT',
  )
}

function noPath(shown: string, cause?: unknown): PackagerError {
  return new PackagerError({ code: 'USAGE', step: 'open buildpack', value: shown, found: noSource, wanted, cause })
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/** Where the buildpack lies: `--path`, else what package.toml names relative to itself, else package.toml's folder or the working folder. */
export function sourcePlace(options: PackageOptions, config: PackageConfig | undefined, folder: string | undefined): SourcePlace {
  if (options.path !== undefined) return { path: resolve(options.cwd, options.path), shown: options.path }
  if (folder === undefined) return { path: options.cwd, shown: '.' }
  if (config === undefined) return { path: folder, shown: shorter(options.cwd, folder) || '.' }
  const uri = config.uri.startsWith('file://') ? config.uri.slice('file://'.length) : config.uri
  if (/^[a-z][a-z0-9+.-]*:/i.test(uri)) {
    throw wrongUri(config, 'a remote address, want a folder or archive on this machine')
  }
  const path = resolve(folder, uri)
  return { path, shown: shorter(options.cwd, path) || '.' }
}

/**
 * Opens the buildpack's folder or archive.
 *
 * @throws PackagerError where there is nothing: `USAGE` for `--path`, `CONFIG` at its place for what package.toml names
 */
export async function openMain(options: PackageOptions, { path, shown }: SourcePlace, config: PackageConfig | undefined, spool: () => Promise<string>): Promise<ModuleSource> {
  return openSource(path, shown, spool, options.signal, limitsOf(options.archiveLimit)).catch((cause: unknown) => {
    if (!(cause instanceof PackagerError) || cause.code !== 'NOT_FOUND') throw cause
    if (options.path !== undefined) throw noPath(shown, cause)
    throw config === undefined ? cause : wrongUri(config, `${noSource}, want ${wanted}`)
  })
}

function wrongUri({ file, kind, uri, uriAt = { line: 1, column: 1 } }: PackageConfig, found: string): PackagerError {
  return configError('read the config files', [{ file, line: uriAt.line, column: uriAt.column, key: `${kind}.uri`, message: `"${uri}": ${found}` }])
}

const noSource = 'no such file or folder'
const wanted = 'a folder with buildpack.toml or extension.toml, or a .tgz of one'

/** A file beside another; none where there is none. */
export async function readFileAt(options: PackageOptions, path: string): Promise<ConfigFile | undefined> {
  const shown = shorter(options.cwd, path)
  const bytes = await readConfigFile(path, shown)
  return bytes === undefined ? undefined : { path, shown, bytes }
}
