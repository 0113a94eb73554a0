import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { PackagerError, reason, throwIfCancelled } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { largestManifest } from '../oci/manifest.ts'
import { isManifestType } from '../oci/media-types.ts'
import type { ArchiveContents, Extent } from './archive-contents.ts'
import { findContents } from './archive-contents.ts'
import type { ArchiveOptions } from './archive-plain.ts'
import { plainTar } from './archive-plain.ts'
import { findImage, parseIndex } from './layout-index.ts'
import type { Source } from './store.ts'
import { verifying } from './verify.ts'

const step = 'read archive'

/** An archive's images. `resolve` takes what a layout folder's does: a tag, a digest, or `''` for the only one. */
export interface ArchiveSource extends Source {
  /** What index.json lists, in its order: one image in a .cnb, or an index of several. */
  roots(): readonly Descriptor[]
}

/**
 * Opens a `.cnb` or another OCI image layout in a tar, plain or gzip (SPEC-package.md section 8): its headers are read now,
 * and each blob when it is opened, straight from its place in the file. Nothing is extracted, so no name in it becomes a path.
 * A gzip archive is decompressed once, into a file in `spoolFolder` that goes when the caller removes that folder.
 *
 * @throws PackagerError `NOT_FOUND`, `UNREADABLE` for a broken archive, `UNSUPPORTED` for what it must not hold
 */
export async function archiveSource(path: string, spoolFolder: string, options: ArchiveOptions = {}): Promise<ArchiveSource> {
  throwIfCancelled(options.signal, step)
  const tar = await plainTar(path, spoolFolder, options)
  const contents = await findContents(tar, path, options.signal)
  await checkMarker(path, tar, contents.marker)
  const entries = parseIndex(await readSmall(path, tar, 'index.json', contents.index), `index.json in ${path}`)
  return new OpenArchive(path, tar, contents, entries)
}

class OpenArchive implements ArchiveSource {
  readonly #path: string
  readonly #tar: string
  readonly #blobs: ArchiveContents['blobs']
  readonly #roots: readonly Descriptor[]

  constructor(path: string, tar: string, contents: ArchiveContents, roots: readonly Descriptor[]) {
    this.#path = path
    this.#tar = tar
    this.#blobs = contents.blobs
    this.#roots = roots
  }

  roots(): readonly Descriptor[] {
    return this.#roots
  }

  async resolve(name: string, signal?: AbortSignal): Promise<Descriptor> {
    const children = async (index: Descriptor): Promise<readonly Descriptor[]> => {
      const bytes = await buffer(await this.open(index, signal))
      return parseIndex(bytes.toString('utf8'), `${index.digest} in ${this.#path}`)
    }
    return findImage({ place: this.#path, entries: this.#roots, children }, name, signal)
  }

  async has({ digest, size }: Descriptor): Promise<boolean> {
    return this.#blobs.get(digest)?.size === size
  }

  async open(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
    throwIfCancelled(signal, step)
    const value = `${descriptor.digest} in ${this.#path}`
    const extent = this.#blobs.get(descriptor.digest)
    if (extent === undefined) {
      throw new PackagerError({ code: 'NOT_FOUND', step: 'read blob', value, found: 'no such blob', hint: 'the archive is not complete' })
    }
    if (isManifestType(descriptor.mediaType) && descriptor.size > largestManifest) throw tooLarge(value, descriptor.size)
    const checked = verifying(descriptor, 'read blob', value)
    // The reader of `checked` sees every failure of the pipeline as its own error.
    pipeline(Readable.from(rangeOf(this.#tar, value, extent), { objectMode: false }), checked, { signal }).catch(() => undefined)
    return checked
  }
}

async function* rangeOf(path: string, value: string, { start, size }: Extent): AsyncGenerator<Buffer> {
  if (size === 0) return
  try {
    for await (const chunk of createReadStream(path, { start, end: start + size - 1, highWaterMark: 256 * 1024 })) yield chunk as Buffer
  } catch (cause) {
    throw new PackagerError({ code: 'UNREADABLE', step: 'read blob', value, found: reason(cause), cause })
  }
}

async function readSmall(path: string, tar: string, name: string, extent: Extent): Promise<string> {
  const value = `${name} in ${path}`
  if (extent.size > largestManifest) throw tooLarge(value, extent.size)
  return (await buffer(rangeOf(tar, value, extent))).toString('utf8')
}

async function checkMarker(path: string, tar: string, extent: Extent): Promise<void> {
  const version = versionIn(await readSmall(path, tar, 'oci-layout', extent))
  if (version === '1.0.0') return
  throw new PackagerError({ code: 'UNSUPPORTED', step, value: `oci-layout in ${path}`, found: 'another layout version, or none', wanted: '"1.0.0"' })
}

function versionIn(marker: string): unknown {
  try {
    const value: unknown = JSON.parse(marker)
    return typeof value === 'object' && value !== null && 'imageLayoutVersion' in value ? value.imageLayoutVersion : undefined
  } catch {
    return undefined
  }
}

function tooLarge(value: string, size: number): PackagerError {
  return new PackagerError({ code: 'UNSUPPORTED', step, value, found: `${size} bytes`, wanted: `at most ${largestManifest}` })
}
