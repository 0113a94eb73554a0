import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, link, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PackagerError, reason } from '../errors.ts'
import { makeFolders } from '../folders.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { hexOf, isDigest } from '../oci/digest.ts'
import type { Compression } from './compression.ts'
import type { Layer, SpooledLayer } from './spool.ts'
import { fileBlob, layerMediaType } from './spool.ts'

/** What all layers in the cache may take together, in bytes; the ones longest unused go first. */
const defaultLimit = 5 * 1024 ** 3

/**
 * Compressed layers by the content they hold, kept between runs (SPEC.md, `--cache-dir`). Nothing in it is trusted: a
 * layer is found only under the diffID that was just computed from the files, and its bytes are hashed before they are used.
 */
export class LayerCache {
  readonly #folder: string
  readonly #limit: number

  constructor(folder: string, limit = defaultLimit) {
    this.#folder = folder
    this.#limit = limit
  }

  /** Makes the folders. Rejects where the place cannot be written to. */
  async prepare(): Promise<void> {
    for (const name of ['blobs', 'layers', 'seen', 'tmp']) {
      await makeFolders(join(this.#folder, name))
      // Folders that were there already may be another user's, or of a file system that is read-only by now.
      const probe = join(this.#folder, name, unique('probe'))
      await writeFile(probe, '')
      await rm(probe, { force: true })
    }
  }

  /** The cache's own folder: other content that goes by its digest may lie in its `blobs`, and is bounded with the layers. */
  get folder(): string {
    return this.#folder
  }

  /** Where a run can keep its spool so that a layer moves into the cache without being copied. */
  get spoolParent(): string {
    return join(this.#folder, 'tmp')
  }

  /**
   * Whether a layer of this name was made before, here, so that hashing its files first is likely to save compressing them.
   * A wrong answer costs time, never correctness.
   */
  async hasSeen(layerName: string): Promise<boolean> {
    return (await sizeOf(this.#seenPath(layerName))) !== undefined
  }

  async find(diffID: Digest, compression: Compression): Promise<Layer | undefined> {
    const record = await this.#readRecord(diffID, compression)
    if (record === undefined) return undefined
    const path = this.#blobPath(record.digest)
    if ((await sizeOf(path)) !== record.size) return undefined
    await touch(path)
    const descriptor = { mediaType: layerMediaType(compression), size: record.size, digest: record.digest }
    return { diffID, blob: checkedBlob(path, descriptor) }
  }

  /** Takes a finished layer in. The file under its former path stays where it is. */
  async keep(layerName: string, layer: SpooledLayer, compression: Compression): Promise<void> {
    const { digest, size } = layer.blob.descriptor
    const path = this.#blobPath(digest)
    const stagedBlob = join(this.spoolParent, unique('blob'))
    await link(layer.blob.path, stagedBlob).catch(() => copyFile(layer.blob.path, stagedBlob))
    // Also over a file of that size: after a crash of the machine it may hold anything.
    await rename(stagedBlob, path)
    // Between two names of one file a rename does nothing and the former name stays.
    await rm(stagedBlob, { force: true })
    const stagedRecord = join(this.spoolParent, unique('record'))
    await writeFile(stagedRecord, JSON.stringify({ digest, size }))
    await rename(stagedRecord, this.#recordPath(layer.diffID, compression))
    await writeFile(this.#seenPath(layerName), '')
  }

  /** Removes the layers longest unused until the rest fit the limit, and what interrupted runs left behind a day ago. */
  async trim(now: number): Promise<void> {
    const blobs = await this.#list('blobs')
    const before = blobs.reduce((sum, blob) => sum + blob.size, 0)
    let total = before
    for (const blob of blobs.sort((a, b) => a.used - b.used)) {
      if (total <= this.#limit) break
      await rm(blob.path, { force: true })
      total -= blob.size
    }
    if (total < before) await this.#forget()
    const dayAgo = now - 24 * 60 * 60 * 1000
    for (const left of await this.#list('tmp')) if (left.used < dayAgo) await rm(left.path, { recursive: true, force: true })
  }

  /** Removes the records of layers that are not there any more. */
  async #forget(): Promise<void> {
    const held = new Set(await readdir(join(this.#folder, 'blobs')))
    for (const { path } of await this.#list('layers')) {
      const record = parseRecord(await readFile(path, 'utf8').catch(() => ''))
      if (record === undefined || !held.has(hexOf(record.digest))) await rm(path, { force: true })
    }
  }

  async #list(name: string): Promise<{ path: string; size: number; used: number }[]> {
    const folder = join(this.#folder, name)
    const found = await Promise.all(
      (await readdir(folder)).map(async (child) => {
        const path = join(folder, child)
        const stats = await stat(path).catch(() => undefined)
        return stats === undefined ? [] : [{ path, size: stats.size, used: stats.mtimeMs }]
      }),
    )
    return found.flat()
  }

  async #readRecord(diffID: Digest, compression: Compression): Promise<{ digest: Digest; size: number } | undefined> {
    // Whatever keeps it from being read: a cache that cannot help must not hinder.
    return parseRecord(await readFile(this.#recordPath(diffID, compression), 'utf8').catch(() => ''))
  }

  #blobPath(digest: Digest): string {
    return join(this.#folder, 'blobs', hexOf(digest))
  }

  #recordPath(diffID: Digest, compression: Compression): string {
    const how = compression.kind === 'none' ? 'none' : `gzip${compression.level}`
    return join(this.#folder, 'layers', `${hexOf(diffID)}.${how}`)
  }

  #seenPath(layerName: string): string {
    return join(this.#folder, 'seen', createHash('sha256').update(layerName).digest('hex'))
  }
}

/** A name that no other run takes. */
function unique(kind: string): string {
  return `${kind}-${randomBytes(6).toString('hex')}`
}

/** A record that was cut short by a crash counts as none. */
function parseRecord(text: string): { digest: Digest; size: number } | undefined {
  const match = /^\{"digest":"(sha256:[0-9a-f]{64})","size":(\d{1,15})\}$/.exec(text)
  const digest = match?.[1]
  return digest !== undefined && isDigest(digest) ? { digest, size: Number(match?.[2]) } : undefined
}

/**
 * The first opening hashes the file: what lay around for weeks may have been changed by whoever can write there.
 * The path stays untold, since a store that links the file in would not read it.
 */
function checkedBlob(path: string, descriptor: Descriptor): Blob {
  const blob = fileBlob(path, descriptor)
  let checked: Promise<void> | undefined
  return {
    descriptor,
    open: async (start = 0) => {
      checked ??= checkFile(path, descriptor)
      await checked
      return blob.open(start)
    },
  }
}

async function checkFile(path: string, descriptor: Descriptor): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), hash).catch((cause: unknown) => {
    throw new PackagerError({ code: 'SPOOL', step: 'read cached layer', value: path, found: reason(cause), hint: 'another run may have made room: run again, or say --no-cache', cause })
  })
  const found = `sha256:${hash.digest('hex')}`
  if (found === descriptor.digest) return
  await rm(path, { force: true })
  throw new PackagerError({
    code: 'DIGEST_MISMATCH',
    step: 'read cached layer',
    value: path,
    found,
    wanted: descriptor.digest,
    hint: 'the damaged file was removed from the cache: run again',
  })
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (stats) => stats.size,
    () => undefined,
  )
}

/** Marks a layer as used. In a cache that is another user's it stays unmarked. */
async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch(() => undefined)
}
