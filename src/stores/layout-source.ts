import { constants } from 'node:fs'
import { open, readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { PackagerError, reason, systemCode, throwIfCancelled } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { hexOf, isDigest } from '../oci/digest.ts'
import { isIndexType } from '../oci/media-types.ts'
import type { Source } from './store.ts'
import { verifying } from './verify.ts'

const step = 'read image layout'

/** The annotation that holds a tag in a layout's index.json (image-spec, annotations.md). */
export const refName = 'org.opencontainers.image.ref.name'

/** Below the folder of a layout, where the blob of this digest lies (image-spec, image-layout.md). */
export function blobPath(folder: string, descriptor: Descriptor): string {
  if (!isDigest(descriptor.digest)) {
    throw new PackagerError({ code: 'UNSUPPORTED', step, value: folder, found: `digest "${String(descriptor.digest)}"`, wanted: 'sha256' })
  }
  return join(folder, 'blobs', 'sha256', hexOf(descriptor.digest))
}

/**
 * Reads an OCI image layout folder. `resolve` takes a tag (the annotation `org.opencontainers.image.ref.name`), a digest
 * that index.json or an index below it names, or `''` for the one entry of a layout that has only one.
 * A blob that is a symlink is followed inside the folder, never out of it.
 */
export function layoutSource(folder: string): Source {
  return {
    resolve: (name, signal) => resolve(folder, name, signal),
    has: (descriptor) => hasBlob(folder, descriptor),
    open: (descriptor, signal) => openBlob(folder, descriptor, signal),
  }
}

async function resolve(folder: string, name: string, signal: AbortSignal | undefined): Promise<Descriptor> {
  const entries = await readIndex(folder)
  const found = isDigest(name) ? await findDigest(folder, entries, name, signal) : findTag(entries, name)
  if (found !== undefined) return found
  const tags = entries.flatMap((entry) => entry.annotations?.[refName] ?? [])
  throw new PackagerError({
    code: 'NOT_FOUND',
    step: 'find image in layout',
    value: name,
    found: name === '' ? `${entries.length} images in ${folder}` : `nothing of that name in ${folder}`,
    hint: tags.length === 0 ? 'the layout names no tags' : `the layout has ${tags.join(', ')}`,
  })
}

function findTag(entries: readonly Descriptor[], tag: string): Descriptor | undefined {
  if (tag === '') return entries.length === 1 ? entries[0] : undefined
  return entries.find((entry) => entry.annotations?.[refName] === tag)
}

/** Breadth first, so that an entry of index.json itself is found without reading any blob. */
async function findDigest(folder: string, entries: readonly Descriptor[], digest: string, signal: AbortSignal | undefined): Promise<Descriptor | undefined> {
  const seen = new Set<string>()
  let level = entries
  while (level.length > 0) {
    const found = level.find((entry) => entry.digest === digest)
    if (found !== undefined) return found
    const next: Descriptor[] = []
    for (const entry of level) {
      if (!isIndexType(entry.mediaType) || seen.has(entry.digest)) continue
      seen.add(entry.digest)
      throwIfCancelled(signal, step)
      next.push(...(await readChildren(folder, entry, signal)))
    }
    level = next
  }
  return undefined
}

/** What the image index that is a blob of this layout names. */
export async function readChildren(folder: string, index: Descriptor, signal?: AbortSignal): Promise<readonly Descriptor[]> {
  const bytes = await buffer(await openBlob(folder, index, signal))
  return parseIndex(bytes.toString('utf8'), blobPath(folder, index))
}

async function readIndex(folder: string): Promise<readonly Descriptor[]> {
  const path = join(folder, 'index.json')
  try {
    return parseIndex(await readFile(path, 'utf8'), path)
  } catch (cause) {
    if (systemCode(cause) === undefined) throw cause
    const code = systemCode(cause) === 'ENOENT' ? 'NOT_FOUND' : 'UNREADABLE'
    throw new PackagerError({ code, step, value: folder, found: reason(cause), wanted: 'an OCI image layout folder', cause })
  }
}

function parseIndex(text: string, path: string): readonly Descriptor[] {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'manifests' in value && Array.isArray(value.manifests)) {
      return value.manifests.map(checkDescriptor)
    }
  } catch (cause) {
    throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: reason(cause), wanted: 'an image index', cause })
  }
  throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: 'JSON without a list of manifests', wanted: 'an image index' })
}

function checkDescriptor(value: unknown): Descriptor {
  const { mediaType, digest, size } = (value ?? {}) as Record<string, unknown>
  if (typeof mediaType === 'string' && typeof digest === 'string' && isDigest(digest) && Number.isSafeInteger(size)) return value as Descriptor
  throw new TypeError(`manifest entry ${JSON.stringify(value)} lacks a media type, a sha256 digest or a size`)
}

async function hasBlob(folder: string, descriptor: Descriptor): Promise<boolean> {
  const file = await openInside(folder, descriptor).catch((error: unknown) => {
    if (error instanceof PackagerError && error.code === 'NOT_FOUND') return undefined
    throw error
  })
  if (file === undefined) return false
  try {
    const info = await file.stat()
    return info.isFile() && info.size === descriptor.size
  } finally {
    await file.close()
  }
}

async function openBlob(folder: string, descriptor: Descriptor, signal: AbortSignal | undefined): Promise<Readable> {
  throwIfCancelled(signal, step)
  const file = await openInside(folder, descriptor)
  const checked = verifying(descriptor, 'read blob')
  // The reader of `checked` sees every failure of the pipeline as its own error.
  pipeline(file.createReadStream(), checked, { signal }).catch(() => undefined)
  return checked
}

async function openInside(folder: string, descriptor: Descriptor): ReturnType<typeof open> {
  const path = blobPath(folder, descriptor)
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(path)])
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: `a symlink to ${real}`, wanted: `a file inside ${root}` })
    }
    return await open(real, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (cause) {
    if (systemCode(cause) === undefined) throw cause
    const code = systemCode(cause) === 'ENOENT' ? 'NOT_FOUND' : 'UNREADABLE'
    throw new PackagerError({ code, step: 'read blob', value: descriptor.digest, found: reason(cause), cause })
  }
}
