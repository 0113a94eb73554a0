import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { PackagerError } from '../errors.ts'
import type { CompressAnswer, CompressRequest } from './compress-worker.ts'
import type { GzipCompressor } from './gzip.ts'

/** How layers are compressed: gzip at libdeflate's level 1 (fastest) to 12 (smallest), or not at all. */
export type Compression = { readonly kind: 'gzip'; readonly level: number } | { readonly kind: 'none' }

/** Level 1 already makes layers smaller than pack's, in a third of the time of level 6. */
export const defaultCompression: Compression = { kind: 'gzip', level: 1 }

/** `gzip`, `gzip:1` to `gzip:12`, `none` (SPEC.md, `--compression`). */
export function parseCompression(text: string): Compression {
  if (text === 'none') return { kind: 'none' }
  if (text === 'gzip') return defaultCompression
  const level = Number(/^gzip:(\d{1,2})$/.exec(text)?.[1] ?? Number.NaN)
  if (level >= 1 && level <= 12) return { kind: 'gzip', level }
  throw new PackagerError({ code: 'USAGE', step: 'read --compression', found: `"${text}"`, wanted: 'gzip, gzip:1 to gzip:12, or none' })
}

interface Job {
  readonly resolve: (size: number) => void
  readonly reject: (cause: unknown) => void
}

interface Seat {
  readonly worker: Worker
  readonly jobs: Map<number, Job>
}

/** A thread's own heap has five megabytes in use; the bound makes V8 clear up what was needed for the start alone. */
const threadLimits = { maxOldGenerationSizeMb: 32 }

/**
 * Worker threads that turn blocks into gzip members. Threads start when there is work for them, and a waiting pool never
 * keeps the process alive. A pool of none does the work itself: a thread takes longer to start than a few blocks to compress.
 */
export class CompressionPool {
  readonly #size: number
  readonly #seats: Seat[] = []
  readonly #own = new Map<number, Promise<GzipCompressor>>()
  #nextId = 0
  #closed = false

  constructor(size: number) {
    this.#size = size
  }

  /**
   * Puts a gzip member in the place of the first `length` bytes of `block`, which is one of a `BlockPool` and is nobody
   * else's until the promise settles with the member's size.
   */
  async compress(block: Uint8Array, length: number, level: number): Promise<number> {
    if (this.#closed) throw new PackagerError({ code: 'CANCELLED', step: 'compress', found: 'the run ended' })
    if (this.#size === 0) return (await this.#compressor(level)).member(block.subarray(0, length), block)
    const seat = this.#seat()
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      seat.jobs.set(id, { resolve, reject })
      seat.worker.ref()
      const request: CompressRequest = { id, block, length, level }
      seat.worker.postMessage(request)
    })
  }

  /** Ends the threads that have nothing to do, each of which takes ten megabytes or more. The next block starts one anew. */
  async rest(): Promise<void> {
    const idle = this.#seats.filter((seat) => seat.jobs.size === 0)
    for (const seat of idle) this.#seats.splice(this.#seats.indexOf(seat), 1)
    await Promise.all(idle.map((seat) => seat.worker.terminate()))
  }

  /** Ends the threads; what they still worked on fails. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#seats.map((seat) => seat.worker.terminate()))
  }

  #compressor(level: number): Promise<GzipCompressor> {
    const known = this.#own.get(level) ?? import('./gzip.ts').then((gzip) => new gzip.GzipCompressor(level))
    this.#own.set(level, known)
    return known
  }

  #seat(): Seat {
    const idle = this.#seats.find((seat) => seat.jobs.size === 0)
    if (idle !== undefined) return idle
    if (this.#seats.length < this.#size) return this.#start()
    return this.#seats.reduce((least, seat) => (seat.jobs.size < least.jobs.size ? seat : least))
  }

  #start(): Seat {
    const worker = new Worker(createRequire(import.meta.url).resolve('#compress-worker'), { resourceLimits: threadLimits })
    const seat: Seat = { worker, jobs: new Map() }
    worker.on('message', ({ id, size }: CompressAnswer) => {
      const job = seat.jobs.get(id)
      seat.jobs.delete(id)
      if (seat.jobs.size === 0) worker.unref()
      job?.resolve(size)
    })
    const fail = (cause: unknown): void => {
      const index = this.#seats.indexOf(seat)
      if (index >= 0) this.#seats.splice(index, 1)
      const error = new PackagerError({ code: 'INTERNAL', step: 'compress', found: 'a compression thread ended', cause })
      for (const job of seat.jobs.values()) job.reject(error)
      seat.jobs.clear()
    }
    worker.on('error', fail)
    worker.on('exit', () => fail(undefined))
    this.#seats.push(seat)
    return seat
  }
}
