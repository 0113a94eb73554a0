import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Gunzip } from 'node:zlib'
import { createGunzip } from 'node:zlib'
import { PackagerError, reason } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { isGzip } from '../tar/format.ts'
import { isZstd } from './zstd.ts'

/** What a layer's config says of it, and where it comes from, for an error. */
export interface ClaimedLayer {
  readonly diffID: Digest
  /** The image. */
  readonly place: string
  /** Whether zstd, which cannot be checked, is taken at its word: a base image may have it, a package may not. */
  readonly mayBeZstd?: boolean
}

/**
 * Passes a layer of somebody else's image on, and fails with `DIGEST_MISMATCH` where what it unpacks to is not the diffID that
 * the image's config claims: an engine would refuse what is made of it. The last piece is held back until that is known.
 * A layer compressed with zstd passes unchecked, where it may be that: not every Node.js that this runs on can read it.
 */
export function checkingDiffID(content: Readable, claimed: ClaimedLayer): Readable {
  const passed = new PassThrough()
  // The reader of `passed` sees every failure of the pipeline as its own error.
  pipeline(content, (source: AsyncIterable<Buffer>) => checked(source, claimed), passed).catch(() => undefined)
  // Whoever gives up does not wait for a piece that may never come.
  passed.once('close', () => content.destroy())
  return passed
}

async function* checked(source: AsyncIterable<Buffer>, { diffID, place, mayBeZstd = false }: ClaimedLayer): AsyncGenerator<Buffer> {
  const unpacked = new Unpacked()
  const wrong = (found: string, cause?: unknown): PackagerError =>
    new PackagerError({
      code: 'DIGEST_MISMATCH',
      step: 'read layer',
      value: place,
      found,
      wanted: `${diffID}, as its config says`,
      hint: 'that image is broken, and so would be what is made of it: build it anew',
      cause,
    })
  const broken = (cause: unknown): never => {
    throw wrong(`a layer that cannot be unpacked (${reason(cause)})`, cause)
  }
  try {
    let held: Buffer | undefined
    for await (const chunk of source) {
      if (held !== undefined) yield held
      await unpacked.add(chunk).catch(broken)
      held = chunk
    }
    const found = await unpacked.digest().catch(broken)
    if (found === undefined && !mayBeZstd) throw wrong('a zstd stream')
    if (found !== undefined && found !== diffID) throw wrong(`a layer that unpacks to ${found}`)
    if (held !== undefined) yield held
  } finally {
    unpacked.close()
  }
}

/** Bytes that tell a layer's compression. */
const magicBytes = 4

/** The digest of what bytes unpack to. What they are compressed with, they tell themselves: media types are often wrong. */
class Unpacked {
  readonly #hash = createHash('sha256')
  #head = Buffer.alloc(0)
  #form: 'unknown' | 'gzip' | 'plain' | 'zstd' = 'unknown'
  #gunzip: Gunzip | undefined
  #hashed: Promise<void> | undefined

  async add(chunk: Buffer): Promise<void> {
    if (this.#form !== 'unknown') return this.#take(chunk)
    this.#head = Buffer.concat([this.#head, chunk])
    if (this.#head.length >= magicBytes) await this.#begin()
  }

  /** Undefined where it cannot be told. */
  async digest(): Promise<string | undefined> {
    if (this.#form === 'unknown') await this.#begin()
    this.#gunzip?.end()
    await this.#hashed
    return this.#form === 'zstd' ? undefined : `sha256:${this.#hash.digest('hex')}`
  }

  close(): void {
    this.#gunzip?.destroy()
  }

  async #begin(): Promise<void> {
    const head = this.#head
    this.#form = isGzip(head) ? 'gzip' : isZstd(head) ? 'zstd' : 'plain'
    this.#head = Buffer.alloc(0)
    if (this.#form === 'gzip') {
      this.#gunzip = createGunzip()
      this.#hashed = this.#hashAll(this.#gunzip)
      // Whoever adds the next piece, or asks for the digest, is told.
      this.#hashed.catch(() => undefined)
    }
    await this.#take(head)
  }

  async #take(chunk: Buffer): Promise<void> {
    if (this.#form === 'plain') this.#hash.update(chunk)
    if (this.#gunzip === undefined || this.#hashed === undefined || this.#gunzip.write(chunk)) return
    await Promise.race([once(this.#gunzip, 'drain'), this.#hashed])
  }

  async #hashAll(gunzip: Gunzip): Promise<void> {
    for await (const piece of gunzip as AsyncIterable<Buffer>) this.#hash.update(piece)
  }
}
