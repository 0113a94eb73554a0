import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../folders.ts'
import type { Digest } from '../oci/digest.ts'
import { hexOf, isDigest } from '../oci/digest.ts'
import type { Remake } from './cached-blob.ts'
import { cachedBlob } from './cached-blob.ts'
import type { Compression } from './compression.ts'
import type { Layer, SpooledLayer } from './spool.ts'
import { layerMediaType } from './spool.ts'

/** What all layers in the cache may take together, in bytes; the ones longest unused go first. */
const defaultLimit = 5 * 1024 ** 3
/** How many names of layers are remembered to have been seen; the ones longest unused go first. */
const mostSeen = 1000

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
    const path = this.#seenPath(layerName)
    if ((await sizeOf(path)) === undefined) return false
    await touch(path)
    return true
  }

  /** @param remake makes the layer where its file turns out to be damaged when it is opened; without it that is an error */
  async find(diffID: Digest, compression: Compression, remake?: Remake): Promise<Layer | undefined> {
    const record = await this.#readRecord(diffID, compression)
    if (record === undefined) return undefined
    const path = this.#blobPath(record.digest)
    if ((await sizeOf(path)) !== record.size) return undefined
    await touch(path)
    const descriptor = { mediaType: layerMediaType(compression), size: record.size, digest: record.digest }
    return { diffID, blob: cachedBlob(path, descriptor, remake) }
  }

  /** Takes a finished layer in. The file under its former path stays where it is. */
  async keep(layerName: string, layer: SpooledLayer, compression: Compression): Promise<void> {
    const { digest, size } = layer.blob.descriptor
    // Also over a file of that size: after a crash of the machine it may hold anything.
    await this.#place('blob', this.#blobPath(digest), (staged) => shareFile(layer.blob.path, staged))
    await this.#place('record', this.#recordPath(layer.diffID, compression), (staged) => writeFile(staged, JSON.stringify({ digest, size })))
    await writeFile(this.#seenPath(layerName), '')
  }

  /** Makes a file under a name of its own and renames it in, so that nobody sees half of it. */
  async #place(kind: string, path: string, make: (staged: string) => Promise<void>): Promise<void> {
    const staged = join(this.spoolParent, unique(kind))
    try {
      await make(staged)
      await rename(staged, path)
    } finally {
      // After a failure; and between two names of one file a rename does nothing, and the former name stays.
      await rm(staged, { force: true })
    }
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
    await this.#trimSeen()
    const dayAgo = now - 24 * 60 * 60 * 1000
    for (const left of await this.#list('tmp')) if (left.used < dayAgo) await rm(left.path, { recursive: true, force: true })
  }

  /** Names of layers never come to an end: every version of every buildpack has its own. */
  async #trimSeen(): Promise<void> {
    if ((await readdir(join(this.#folder, 'seen'))).length <= mostSeen) return
    const seen = await this.#list('seen')
    for (const { path } of seen.sort((a, b) => b.used - a.used).slice(mostSeen)) await rm(path, { force: true })
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

/**
 * Gives a file a second name or, where the file system can share blocks of files that are then each other's no more, a copy
 * that takes no time. By the second name a layout that was written shares its layers with the cache, and whoever writes into
 * the layout's files in place damages them here as well: that is why they are hashed before they are used, and made anew.
 * Copying each layer instead would cost every run what only such a writer has to pay.
 */
async function shareFile(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE)
    .catch(() => link(from, to))
    .catch(() => copyFile(from, to))
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
