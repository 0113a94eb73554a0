import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ModuleConfig } from '../config/buildpack.ts'
import { PackagerError } from '../errors.ts'
import { limitsOf } from '../layers/unpack-limits.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Reference } from '../oci/reference.ts'
import { formatReference, parseReference, tagOf } from '../oci/reference.ts'
import type { Source } from '../stores/store.ts'
import { PackageReader } from './image.ts'
import type { Locator, RegistryLocator } from './locator.ts'
import { parseLocator, shownUrl } from './locator.ts'
import { openSource } from './read.ts'
import type { ModuleSource } from './source.ts'

/** A module in a folder or archive of this machine, and the toml that says what it is. */
export interface LocalModule {
  readonly kind: 'local'
  /** As the config file writes it. */
  readonly uri: string
  readonly source: ModuleSource
  readonly config: ModuleConfig
  readonly tomlName: string
  /** The bytes of that file: the same ones go into every platform's layer. */
  readonly toml: Buffer
  readonly ignoreFile: string
}

/** A package that is an image already: its layers are taken as they are. */
export interface ImageDependency {
  readonly kind: 'image'
  readonly uri: string
  readonly content: Source
  readonly root: Descriptor
  readonly reader: PackageReader
  readonly origin?: { readonly registry: string; readonly repository: string }
}

/** What opening a module needs from the run. */
export interface OpenContext {
  /** What messages call it. */
  readonly what: 'dependency' | 'module'
  /** The config file's folder: what relative paths are relative to. */
  readonly folder: string
  /** A new, empty folder for an archive's contents. */
  readonly spool: () => Promise<string>
  readonly openRepository: (registry: string, repository: string) => Promise<Source>
  /** Gets an archive into a folder of the run's own, and gives its path. */
  readonly download: (url: URL) => Promise<string>
  /** The image that a buildpack registry has for an id. */
  readonly findInRegistry: (locator: RegistryLocator) => Promise<string>
  readonly readModule: (source: ModuleSource, uri: string) => Promise<LocalModule | undefined>
  /** Bytes that an archive may unpack to. */
  readonly archiveLimit: number | undefined
  /** Entries of archives keep what their headers say. */
  readonly stamps?: boolean
  readonly signal: AbortSignal | undefined
}

/** Where a config file names a module. */
export interface ModuleDeclaration {
  readonly uri?: string | undefined
  /** Deprecated form of an image reference. */
  readonly image?: string | undefined
  readonly file: string
  readonly line: number
  readonly column: number
  /** `dependencies[0]` */
  readonly key: string
}

/**
 * Opens what config files name, in their order; several at once. `context.readModule` collects what is wrong in modules' own
 * files, and gives undefined for them.
 *
 * @throws PackagerError with all that cannot be opened, each at its place
 */
export async function openModules(declarations: readonly ModuleDeclaration[], context: OpenContext): Promise<readonly (LocalModule | ImageDependency | undefined)[]> {
  const opening = await Promise.allSettled(declarations.map((declaration) => openModule(declaration, context)))
  const failures = opening.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  if (failures.length > 0) throw joined(failures, `open the ${context.what === 'dependency' ? 'dependencies' : 'modules'}`)
  return opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

async function openModule({ uri, image, file, line, column, key }: ModuleDeclaration, context: OpenContext): Promise<LocalModule | ImageDependency | undefined> {
  const text = uri ?? image ?? ''
  let isPath = false
  let shown = text
  try {
    const locator: Locator = uri === undefined ? { kind: 'image', reference: parseReference(text) } : parseLocator(text, (path) => existsSync(resolve(context.folder, path)))
    isPath = locator.kind === 'path'
    if (locator.kind === 'url') shown = shownUrl(locator.url)
    return await openLocator(locator, { uri: text, shown }, context)
  } catch (cause) {
    if (!(cause instanceof PackagerError) || cause.problems.length > 0 || cause.code === 'CANCELLED') throw cause
    const problem = { file, line, column, key, message: cause.message }
    throw new PackagerError({
      code: isAuthors(cause, isPath) ? 'CONFIG' : cause.code,
      step: `open ${context.what}`,
      value: shown,
      found: cause.message,
      hint: cause.hint,
      problems: [problem],
      cause,
    })
  }
}

/** What the author says wrongly, and not what a registry does: a uri that is none, or a path where nothing is. */
function isAuthors({ code }: PackagerError, isPath: boolean): boolean {
  return code === 'USAGE' || (isPath && code === 'NOT_FOUND')
}

/** A module's address as it is written, which tells it from others, and as it may be shown. */
interface Address {
  readonly uri: string
  readonly shown: string
}

async function openLocator(locator: Locator, address: Address, context: OpenContext): Promise<LocalModule | ImageDependency | undefined> {
  if (locator.kind === 'image') return openImage(locator.reference, address.uri, context)
  if (locator.kind === 'registry') return openImage(parseReference(await context.findInRegistry(locator)), address.uri, context)
  return openPath(locator.kind === 'url' ? await context.download(locator.url) : resolve(context.folder, locator.path), address, context)
}

/** A layout, in a folder or in an archive, is a package; all else is a buildpack's own files. */
async function openPath(path: string, { uri, shown }: Address, context: OpenContext): Promise<LocalModule | ImageDependency | undefined> {
  if (existsSync(join(path, 'oci-layout'))) return openLayout(path, shown, context)
  if (path.endsWith('.cnb')) return openArchive(path, shown, context)
  const source = await openSource(path, shown, context.spool, context.signal, {
    ...limitsOf(context.archiveLimit),
    stamps: context.stamps === true,
  }).catch((cause: unknown) => openRootedArchive(cause, path, shown, context))
  if ('kind' in source) return source
  return (await source.read('oci-layout')) === undefined ? context.readModule(source, uri) : openArchive(path, shown, context)
}

/** A package's names begin at the root, which no buildpack's own may: it is told from one by its layout alone, whatever its name. */
async function openRootedArchive(cause: unknown, path: string, uri: string, context: OpenContext): Promise<ImageDependency> {
  if (!(cause instanceof PackagerError) || cause.code !== 'UNSUPPORTED') throw cause
  return openArchive(path, uri, context).catch(() => {
    throw cause
  })
}

async function openArchive(path: string, uri: string, context: OpenContext): Promise<ImageDependency> {
  const { archiveSource } = await import('../stores/archive-source.ts')
  const content = await archiveSource(path, await context.spool(), { limit: limitsOf(context.archiveLimit).bytes, ...(context.signal === undefined ? {} : { signal: context.signal }) })
  // Readers of a .cnb take the first image that it lists (SPEC-package.md section 8).
  const [root] = content.roots()
  if (root === undefined) throw new PackagerError({ code: 'UNSUPPORTED', step: 'read archive', value: uri, found: 'an archive that lists no image', wanted: 'a buildpackage' })
  return { kind: 'image', uri, content, root, reader: new PackageReader(content, uri, context.signal) }
}

async function openImage(reference: Reference, uri: string, context: OpenContext): Promise<ImageDependency> {
  const { registry, repository, digest } = reference
  const content = await context.openRepository(registry, repository)
  const root = await content.resolve(digest ?? tagOf(reference), context.signal)
  const reader = new PackageReader(content, formatReference(reference), context.signal)
  return { kind: 'image', uri, content, root, reader, origin: { registry, repository } }
}

async function openLayout(path: string, uri: string, context: OpenContext): Promise<ImageDependency> {
  const { layoutSource } = await import('../stores/layout-source.ts')
  const content = layoutSource(path)
  return { kind: 'image', uri, content, root: await content.resolve('', context.signal), reader: new PackageReader(content, uri, context.signal) }
}

/**
 * What cannot be opened, in several places of a config file, as one error; a failure that has no place goes first. It is the
 * file's fault where it is that of any of them: else two registries that do not answer would be a mistake of the author's.
 */
export function joined(failures: readonly unknown[], step: string): unknown {
  const located = failures.filter(isLocated)
  const [first, ...others] = located
  if (located.length < failures.length) return failures.find((failure) => !isLocated(failure))
  if (first === undefined || others.length === 0) return first
  const { code } = located.find((failure) => failure.code === 'CONFIG') ?? first
  const problems = located.flatMap((failure) => failure.problems)
  return new PackagerError({ code, step, found: `${problems.length} problems`, problems })
}

function isLocated(failure: unknown): failure is PackagerError {
  return failure instanceof PackagerError && failure.problems.length > 0
}
