import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { PackagerError, reason, systemCode, throwIfCancelled } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { digestOf, hexOf, isDigest } from '../oci/digest.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { readIndexContent } from '../oci/index-content.ts'
import { parseReference } from '../oci/reference.ts'
import { parseIndex } from './layout-index.ts'
import { listFolderName } from './list-names.ts'
import type { Source } from './store.ts'

/** Media types of a list, fixed when it is created. */
export type ListFormat = 'oci' | 'docker'

/** A local list, read whole: it has no layers, and the manifests of its children are small. */
export interface StoredList {
  readonly reference: string
  readonly format: ListFormat
  readonly root: Descriptor
  /** The bytes that `root` names. */
  readonly bytes: Buffer
  readonly content: IndexContent
  /** For each child the repositories it was found in, `host/repo`: there are its config and layers. */
  readonly sources: ReadonlyMap<Digest, readonly string[]>
  /** The bytes of each child's manifest, by its digest. */
  readonly manifests: ReadonlyMap<Digest, Buffer>
  /** The index and the manifests of its children; configs and layers stay where they came from. */
  readonly source: Source
}

/** A former list that a swap has moved aside: `.tmp-old-` and the folder's name. */
export const asidePrefix = '.tmp-old-'

const step = 'read local list'
/** How often a list is read again that somebody else is exchanging. */
const tries = 20
/** No index and no manifest is longer; `list.json` is far from it. */
const largestFile = 16 * 1024 ** 2

/**
 * Reads the list of that full name below `root` ({@link listsFolder}). No lock is needed: a list that is exchanged while it
 * is read is read again, and one whose exchange was cut off is still whole beside its place.
 *
 * @returns undefined where there is no such list
 * @throws PackagerError `LIST_CORRUPT` naming the file
 */
export async function readList(root: string, reference: string, signal?: AbortSignal): Promise<StoredList | undefined> {
  const name = listFolderName(reference)
  let failure: MissingFile | undefined
  for (let number = 0; number < tries; number += 1) {
    throwIfCancelled(signal, step)
    for (const folder of [join(root, name), join(root, `${asidePrefix}${name}`)]) {
      if (!(await isThere(folder))) continue
      const list = await readFolder(folder, reference).catch((cause: unknown) => {
        if (!(cause instanceof MissingFile)) throw cause
        failure = cause
        return undefined
      })
      if (list !== undefined) return list
    }
    if (failure === undefined) return undefined
    await sleep(number * 2)
  }
  throw failure?.corrupt ?? corrupt(join(root, name), 'a list that is exchanged all the time')
}

/** Whether the folder of a list is there, readable or not. */
export async function hasList(root: string, reference: string): Promise<boolean> {
  const name = listFolderName(reference)
  return (await isThere(join(root, name))) || (await isThere(join(root, `${asidePrefix}${name}`))) || isThere(join(root, name))
}

/** A file that is not there may be one of a list that is just being exchanged. */
class MissingFile extends Error {
  readonly corrupt: PackagerError

  constructor(corrupt: PackagerError) {
    super(corrupt.message)
    this.corrupt = corrupt
  }
}

/** Whether a list, or a part of one, is in its place. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false)
}

async function readFolder(folder: string, reference: string): Promise<StoredList> {
  const indexPath = join(folder, 'index.json')
  const text = (await readText(indexPath)).toString('utf8')
  const [root, ...others] = await judged(indexPath, () => parseIndex(text, 'index.json'))
  if (root === undefined || others.length > 0) throw corrupt(indexPath, `${others.length === 0 ? 'no' : String(others.length + 1)} descriptors`, 'exactly one')
  const { format, sources } = await readNotes(join(folder, 'list.json'))
  const bytes = await readBlob(folder, root.digest)
  const content = await judged(blobPath(folder, root.digest), () => readIndexContent(bytes, root.mediaType))
  const digests = [...new Set(content.manifests.map(({ digest }) => digest))]
  const manifests = new Map(await Promise.all(digests.map(async (digest) => [digest, await readBlob(folder, digest)] as const)))
  const descriptor = { mediaType: root.mediaType, size: bytes.length, digest: root.digest }
  return { reference, format, root: descriptor, bytes, content, sources, manifests, source: sourceOf(descriptor, bytes, content, manifests, reference) }
}

function isRepository(place: unknown): place is string {
  try {
    return typeof place === 'string' && parseReference(place).digest === undefined
  } catch {
    return false
  }
}

/** `list.json`: `{"version":1,"format":"oci","sources":{"sha256:...":["host/repo"]}}`. */
async function readNotes(path: string): Promise<Pick<StoredList, 'format' | 'sources'>> {
  const text = (await readText(path)).toString('utf8')
  const value = (await judged(path, () => JSON.parse(text) as unknown)) as { version?: unknown; format?: unknown; sources?: unknown } | null
  const { version, format, sources } = value ?? {}
  if (version !== 1) throw corrupt(path, `version ${JSON.stringify(version)}`, '1')
  if (format !== 'oci' && format !== 'docker') throw corrupt(path, `format ${JSON.stringify(format)}`, '"oci" or "docker"')
  if (typeof sources !== 'object' || sources === null) throw corrupt(path, 'no sources', 'an object of lists')
  const entries = Object.entries(sources).map(([digest, places]: [string, unknown]) => {
    if (!isDigest(digest) || !Array.isArray(places) || !places.every(isRepository)) throw corrupt(path, `sources of ${JSON.stringify(digest)}`, 'a list of repositories')
    return [digest, places] as const
  })
  return { format, sources: new Map(entries) }
}

function sourceOf(root: Descriptor, bytes: Buffer, content: IndexContent, manifests: ReadonlyMap<Digest, Buffer>, reference: string): Source {
  const held = (digest: Digest): Buffer | undefined => (digest === root.digest ? bytes : manifests.get(digest))
  const missing = (name: string): PackagerError => new PackagerError({ code: 'NOT_FOUND', step, value: reference, found: `nothing of the name ${name} in the list` })
  return {
    resolve: async (name) => {
      if (name === '' || name === root.digest || reference.endsWith(`:${name}`)) return root
      const entry = content.manifests.find(({ digest }) => digest === name)
      if (entry === undefined) throw missing(name)
      return entry
    },
    has: async ({ digest }) => held(digest) !== undefined,
    open: async ({ digest }) => {
      const content = held(digest)
      if (content === undefined) throw missing(digest)
      return Readable.from([content], { objectMode: false })
    },
  }
}

function blobPath(folder: string, digest: Digest): string {
  return join(folder, 'blobs', 'sha256', hexOf(digest))
}

async function readBlob(folder: string, digest: Digest): Promise<Buffer> {
  const path = blobPath(folder, digest)
  const bytes = await readText(path)
  const found = digestOf(bytes)
  if (found !== digest) throw corrupt(path, found, digest)
  return bytes
}

const missing: Readonly<Record<string, string>> = { ENOENT: 'no such file', ENOTDIR: 'a file in the place of a folder above it' }

async function readText(path: string): Promise<Buffer> {
  return regularFile(path).catch((cause: unknown) => {
    if (cause instanceof PackagerError) throw cause
    const failure = corrupt(path, missing[systemCode(cause) ?? ''] ?? reason(cause), undefined, cause)
    throw systemCode(cause) === 'ENOENT' ? new MissingFile(failure) : failure
  })
}

/** A pipe would be waited for, and a device has no end. */
async function regularFile(path: string): Promise<Buffer> {
  const info = await stat(path)
  if (!info.isFile()) throw corrupt(path, info.isDirectory() ? 'a folder' : 'no regular file', 'a file')
  if (info.size > largestFile) throw corrupt(path, `${info.size} bytes`, `at most ${largestFile}`)
  return readFile(path)
}

async function judged<T>(path: string, read: () => T): Promise<T> {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof PackagerError && cause.code === 'LIST_CORRUPT') throw cause
    throw corrupt(path, reason(cause), undefined, cause)
  }
}

function corrupt(path: string, found: string, wanted?: string, cause?: unknown): PackagerError {
  const hint = "'manifest create LIST --replace' starts it anew, 'manifest remove LIST' deletes it"
  return new PackagerError({ code: 'LIST_CORRUPT', step, value: path, found, wanted, hint, cause })
}
