import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { PackagerError, reason, systemCode, throwIfCancelled } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { hexOf, isDigest } from '../oci/digest.ts'
import { largestManifest } from '../oci/manifest.ts'
import { findImage, parseIndex } from './layout-index.ts'
import type { Source } from './store.ts'
import { verifying } from './verify.ts'

const step = 'read image layout'

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
  const entries = await layoutRoots(folder)
  return findImage({ place: folder, entries, children: (index) => readChildren(folder, index, signal) }, name, signal)
}

/** What the image index that is a blob of this layout names. */
export async function readChildren(folder: string, index: Descriptor, signal?: AbortSignal): Promise<readonly Descriptor[]> {
  if (index.size > largestManifest) throw wrongFile(index.digest, `${index.size} bytes`)
  const bytes = await buffer(await openBlob(folder, index, signal))
  return parseIndex(bytes.toString('utf8'), blobPath(folder, index))
}

/** What index.json lists, in its order. */
export async function layoutRoots(folder: string): Promise<readonly Descriptor[]> {
  const path = join(folder, 'index.json')
  try {
    return parseIndex(await readSmallFile(path), path)
  } catch (cause) {
    if (cause instanceof PackagerError || systemCode(cause) === undefined) throw cause
    const code = systemCode(cause) === 'ENOENT' ? 'NOT_FOUND' : 'UNREADABLE'
    throw new PackagerError({ code, step, value: folder, found: reason(cause), wanted: 'an OCI image layout folder', cause })
  }
}

/** Somebody else's folder may hold a pipe or a device here, and reading one can go on for ever. */
async function readSmallFile(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const info = await file.stat()
    if (!info.isFile()) throw wrongFile(path, 'no regular file')
    if (info.size > largestManifest) throw wrongFile(path, `${info.size} bytes`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function wrongFile(value: string, found: string): PackagerError {
  return new PackagerError({ code: 'UNSUPPORTED', step, value, found, wanted: `a file of at most ${largestManifest} bytes` })
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
  if (!(await file.stat()).isFile()) {
    await file.close()
    throw new PackagerError({ code: 'UNSUPPORTED', step: 'read blob', value: blobPath(folder, descriptor), found: 'no regular file', wanted: 'a file' })
  }
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
    return await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    if (cause instanceof PackagerError || systemCode(cause) === undefined) throw cause
    const code = systemCode(cause) === 'ENOENT' ? 'NOT_FOUND' : 'UNREADABLE'
    throw new PackagerError({ code, step: 'read blob', value: descriptor.digest, found: reason(cause), cause })
  }
}
