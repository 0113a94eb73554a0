import { isAbsolute } from 'node:path'
import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { isIndexType } from '../oci/media-types.ts'
import type { Platform } from '../oci/platform.ts'
import type { Reference } from '../oci/reference.ts'
import { PlatformChoice } from './choose.ts'
import { findDifferences } from './differences.ts'
import { Documents } from './documents.ts'
import type { Entries } from './entries.ts'
import { readEntries, sortOut, toEntry } from './entries.ts'
import { readImage } from './image.ts'
import { findFileDifferences, findWrongMachines } from './file-differences.ts'
import type { Inspection, InspectedPlatform, InspectedSource } from './inspection.ts'
import { findNotes } from './notes.ts'
import type { OpenSource } from './open.ts'
import { openArchive, openLayout, openRegistry, pathKindIn } from './open.ts'
import type { InspectOptions } from './options.ts'
import { textsOf } from './shape.ts'
import type { SourceWord } from './source.ts'
import { parseSource } from './source.ts'

/**
 * Reads what is in a package, a builder or an index, for each platform, and where platforms differ (SPEC-manifest.md,
 * "inspect SOURCE"): indexes, manifests and configs, each once, and no layer unless `files` asks for them.
 *
 * @throws PackagerError
 */
export async function inspect(options: InspectOptions): Promise<Inspection> {
  const choice = new PlatformChoice(options.platforms ?? [])
  const word = parseSource(options.source, pathKindIn(options.cwd))
  if (options.files === true && (word.kind === 'folder' || word.kind === 'daemon')) throw noLayers(options.source, word.kind)
  if (word.kind === 'folder') return fromModules(word, await readModules(word.path, options), choice)
  if (word.kind === 'daemon') return readDaemon(word.name, choice, options)
  const opened = await openSource(word, options).catch((cause: unknown) => readArchivedModules(word, options, cause))
  if (!('content' in opened)) return fromModules({ kind: 'archive', path: 'path' in word ? word.path : options.source }, opened, choice)
  try {
    return await readOpened(opened, choice, options)
  } finally {
    await opened.close()
  }
}

/**
 * The index or manifest as it is stored, byte for byte (`--raw`).
 *
 * @throws PackagerError `USAGE` where nothing of the kind is stored
 */
export async function inspectRaw(options: InspectOptions): Promise<Buffer> {
  const word = parseSource(options.source, pathKindIn(options.cwd))
  if (word.kind === 'folder' || word.kind === 'daemon') throw noManifest(options.source, word.kind === 'folder' ? 'a buildpack folder' : "an engine's image")
  const opened = await openSource(word, options)
  try {
    const { root, entries } = opened
    if (root === undefined) throw noManifest(options.source, `a layout of ${entries.length} images`, 'name one of them: oci:PATH:TAG, oci:PATH@DIGEST, oci-archive:PATH:TAG')
    return await new Documents(opened.content, options.signal).bytes(root)
  } finally {
    await opened.close()
  }
}

function noLayers(value: string, kind: 'folder' | 'archive' | 'daemon'): PackagerError {
  if (kind !== 'daemon') {
    return new PackagerError({
      code: 'USAGE',
      step: 'read --files of',
      value,
      found: kind === 'folder' ? 'a buildpack folder' : "a buildpack's archive",
      wanted: 'what has layers',
      hint: 'bp-package --dry-run -v lists what would be in them',
    })
  }
  return new PackagerError({
    code: 'USAGE',
    step: 'read --files of',
    value,
    found: "an engine's image",
    wanted: 'what can be read layer by layer',
    hint: 'copy it first: skopeo copy docker-daemon:NAME oci:FOLDER',
  })
}

function noManifest(value: string, found: string, hint?: string): PackagerError {
  return new PackagerError({ code: 'USAGE', step: 'read --raw of', value, found, wanted: 'what is stored as one index or manifest', hint })
}

/** A source that has manifests and configs to read. */
async function openSource(word: Exclude<SourceWord, { readonly kind: 'folder' | 'daemon' }>, options: InspectOptions): Promise<OpenSource> {
  if ('path' in word) return (word.kind === 'layout' ? openLayout : openArchive)(word.path, word.name, options)
  if (word.kind === 'registry') return openRegistry(word.reference, options)
  const { openLocal, noList } = await import('./local.ts')
  const list = word.kind === 'name' && !mayBeList(word.reference, options) ? undefined : await openLocal(word.reference, options)
  if (list === undefined && word.kind === 'local') throw noList(options.source)
  return list ?? openRegistry(word.reference, options)
}

/** A list has a tag, and lies in the home of whoever made it. */
function mayBeList({ digest }: Reference, { env }: InspectOptions): boolean {
  return digest === undefined && [env['HOME'], env['XDG_DATA_HOME'], env['USERPROFILE'], env['LOCALAPPDATA']].some((folder) => folder !== undefined && isAbsolute(folder))
}

/** What a buildpack's folder, or its archive, would become. */
async function readModules(path: string, options: InspectOptions): Promise<readonly InspectedPlatform[]> {
  return (await import('./folder.ts')).inspectFolder(path, options)
}

function fromModules({ kind, path }: { readonly kind: 'folder' | 'archive'; readonly path: string }, all: readonly InspectedPlatform[], choice: PlatformChoice): Inspection {
  choice.check(all.map(({ platform }) => platform), path)
  return summarize({ source: { type: kind, name: path }, root: undefined, annotations: {}, platforms: all.filter(({ platform }) => choice.takes(platform)) })
}

/** An archive that holds no image may be that of a buildpack; where it is neither, what is wrong with the first counts. */
async function readArchivedModules(word: SourceWord, options: InspectOptions, cause: unknown): Promise<readonly InspectedPlatform[]> {
  const mayBe = cause instanceof PackagerError && (cause.code === 'UNREADABLE' || cause.code === 'UNSUPPORTED')
  if (!mayBe || word.kind !== 'archive' || word.name !== '' || word.path.endsWith('.cnb')) throw cause
  const modules = await readModules(word.path, options).catch((failure: unknown) => {
    throw failure instanceof PackagerError && failure.problems.length > 0 ? failure : cause
  })
  if (options.files === true) throw noLayers(options.source, 'archive')
  return modules
}

async function readDaemon(name: string, choice: PlatformChoice, options: InspectOptions): Promise<Inspection> {
  const { inspectDaemon } = await import('./daemon.ts')
  const { id, image } = await inspectDaemon(name, options)
  choice.check([image.platform], name)
  return { ...summarize({ source: { type: 'daemon', name }, root: undefined, annotations: {}, platforms: [image] }), digest: id }
}

async function readOpened(opened: OpenSource, choice: PlatformChoice, { signal, files = false }: InspectOptions): Promise<Inspection> {
  const { root, source } = opened
  const documents = new Documents(opened.content, signal)
  const isIndex = root === undefined || isIndexType(root.mediaType)
  const { images, attestations } = await entriesOf(opened, documents)
  const known = images.filter(({ platform }) => platform === undefined || choice.takes(platform))
  const read = await Promise.all(known.map((entry) => readImage(entry, attestations.get(entry.descriptor?.digest ?? '') ?? 0, documents)))
  const chosen = read.filter(({ platform }) => choice.takes(platform))
  const all: readonly Platform[] = [...images.flatMap(({ platform }) => platform ?? []), ...read.map(({ platform }) => platform)]
  choice.check(all, source.name)
  const platforms = files ? await withLayerFiles(chosen, opened, signal) : chosen
  const annotations = root === undefined ? {} : isIndex ? textsOf((await documents.object(root))['annotations']) : (platforms[0]?.annotations ?? {})
  return summarize({ source, root, annotations, platforms })
}

async function withLayerFiles(platforms: readonly InspectedPlatform[], opened: OpenSource, signal: AbortSignal | undefined): Promise<readonly InspectedPlatform[]> {
  const { withFiles } = await import('./files.ts')
  return withFiles(platforms, opened.content, signal)
}

async function entriesOf({ root, entries }: OpenSource, documents: Documents): Promise<Entries> {
  if (root === undefined) return sortOut(entries.map(toEntry))
  if (isIndexType(root.mediaType)) return readEntries(root, documents)
  return sortOut([{ descriptor: root, platform: undefined, annotations: {} }])
}

/** What has been read, with what can be told from it. */
export function summarize({
  source,
  root,
  annotations,
  platforms,
}: {
  readonly source: InspectedSource
  readonly root: Descriptor | undefined
  readonly annotations: Readonly<Record<string, string>>
  readonly platforms: readonly InspectedPlatform[]
}): Inspection {
  return {
    source,
    digest: root?.digest ?? null,
    mediaType: root?.mediaType ?? null,
    annotations,
    platforms,
    differences: [...findDifferences(platforms), ...findFileDifferences(platforms)],
    notes: [...findNotes(platforms), ...findWrongMachines(platforms)],
    root: root ?? null,
  }
}
