import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { spoolError, throwIfCancelled } from '../errors.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { ociLayer, ociLayerGzip } from '../oci/media-types.ts'
import type { BlockPool } from './blocks.ts'
import { BlockWriter } from './blocks.ts'
import type { Compression, CompressionPool } from './compression.ts'
import type { TarInput } from './tar.ts'
import { writeTar } from './tar.ts'

/** What making layers needs; one for a run, shared by all its layers. */
export interface Workshop {
  readonly blocks: BlockPool
  readonly compressors: CompressionPool
  readonly compression: Compression
  /** An existing folder of this run's own, which whoever made it removes. */
  readonly folder: string
  readonly signal?: AbortSignal | undefined
}

/** A finished layer: its two digests are known, its bytes can be read as often as an upload needs. */
export interface Layer {
  readonly diffID: Digest
  readonly blob: Blob
}

/** A layer in a file of this run's own. */
export interface SpooledLayer extends Layer {
  readonly blob: Blob & { readonly path: string }
}

/**
 * Makes a layer in one pass: tar, diffID, compressed blocks, digest, file. Memory stays at the pool's blocks whatever the
 * layer's size (SPEC-package.md section 4; the compressed form is ours, see `gzipMember`).
 *
 * @param onBytes absolute bytes of tar so far
 * @throws PackagerError `SPOOL` where the disk is full, and what `writeTar` throws
 */
export async function spoolLayer(input: TarInput, name: string, shop: Workshop, onBytes: (bytes: number) => void): Promise<SpooledLayer> {
  const path = join(shop.folder, name)
  const file = await open(path, 'wx').catch((cause: unknown) => {
    throw spoolError(path, cause)
  })
  const spool = new Spool(file, path, shop, onBytes)
  const writer = new BlockWriter(shop.blocks, (block, length) => spool.take(block, length))
  try {
    await writeTar(input, writer, shop.signal)
    return await spool.finish()
  } catch (cause) {
    writer.release()
    await spool.settle()
    await rm(path, { force: true })
    throw cause
  } finally {
    await file.close()
  }
}

/** The diffID alone: reads and hashes, compresses and writes nothing. */
export async function hashLayer(input: TarInput, shop: Pick<Workshop, 'blocks' | 'signal'>, onBytes: (bytes: number) => void): Promise<Digest> {
  const hash = createHash('sha256')
  let bytes = 0
  const writer = new BlockWriter(shop.blocks, (block, length) => {
    hash.update(block.subarray(0, length))
    shop.blocks.give(block)
    bytes += length
    onBytes(bytes)
  })
  try {
    await writeTar(input, writer, shop.signal)
  } finally {
    writer.release()
  }
  return `sha256:${hash.digest('hex')}`
}

/** A blob that lies in a file of this machine. */
export function fileBlob(path: string, descriptor: Descriptor): Blob & { readonly path: string } {
  return { descriptor, path, open: (start = 0) => createReadStream(path, { start, highWaterMark: 256 * 1024 }) }
}

export function layerMediaType(compression: Compression): string {
  return compression.kind === 'none' ? ociLayer : ociLayerGzip
}

class Spool {
  readonly #file: FileHandle
  readonly #path: string
  readonly #shop: Workshop
  readonly #onBytes: (bytes: number) => void
  readonly #diff = createHash('sha256')
  readonly #digest = createHash('sha256')
  #tarBytes = 0
  #size = 0
  #failure: Error | undefined
  #written: Promise<void> = Promise.resolve()

  constructor(file: FileHandle, path: string, shop: Workshop, onBytes: (bytes: number) => void) {
    this.#file = file
    this.#path = path
    this.#shop = shop
    this.#onBytes = onBytes
  }

  /** Hashes the block, hands it to a compressor, and lets its member be written when all before it are. */
  take(block: Buffer, length: number): void {
    if (this.#failure !== undefined) {
      this.#shop.blocks.give(block)
      throw this.#failure
    }
    const bytes = block.subarray(0, length)
    this.#diff.update(bytes)
    this.#tarBytes += length
    const { compression, compressors } = this.#shop
    const size = compression.kind === 'none' ? length : compressors.compress(block, length, compression.level)
    const written = this.#written
    const tarBytes = this.#tarBytes
    this.#written = this.#append(written, block, size, tarBytes).finally(() => this.#shop.blocks.give(block))
  }

  async finish(): Promise<SpooledLayer> {
    await this.#written
    if (this.#failure !== undefined) throw this.#failure
    const digest: Digest = `sha256:${this.#digest.digest('hex')}`
    const descriptor = { mediaType: layerMediaType(this.#shop.compression), size: this.#size, digest }
    return { diffID: `sha256:${this.#diff.digest('hex')}`, blob: fileBlob(this.#path, descriptor) }
  }

  /** Waits until no block of this layer is in use any more. */
  settle(): Promise<void> {
    return this.#written
  }

  /** Never rejects: the failure is kept for whoever hands over the next block, or asks for the result. */
  async #append(before: Promise<void>, block: Buffer, size: number | Promise<number>, tarBytes: number): Promise<void> {
    try {
      // Both, also where one fails: the last block of a layer settles after all others.
      await Promise.allSettled([size, before])
      const bytes = block.subarray(0, await size)
      if (this.#failure !== undefined) return
      throwIfCancelled(this.#shop.signal, 'write layer')
      this.#digest.update(bytes)
      await this.#write(bytes)
      this.#size += bytes.byteLength
      this.#onBytes(tarBytes)
    } catch (cause) {
      this.#failure ??= cause instanceof Error ? cause : new TypeError(String(cause))
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let done = 0
    try {
      while (done < bytes.byteLength) done += (await this.#file.write(bytes, done)).bytesWritten
    } catch (cause) {
      throw spoolError(this.#path, cause)
    }
  }
}
