import { blockSize, memberSize } from './member-size.ts'

/**
 * A fixed number of blocks of shared memory, each with room for the gzip member that takes the place of its bytes. It bounds
 * a run's memory: whoever reads files waits here until what was read before is compressed and written.
 */
export class BlockPool {
  readonly #free: Buffer[] = []
  readonly #waiting: ((block: Buffer) => void)[] = []
  #unmade: number

  constructor(count: number) {
    this.#unmade = count
  }

  take(): Buffer | Promise<Buffer> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#unmade > 0) {
      this.#unmade -= 1
      return Buffer.from(new SharedArrayBuffer(memberSize))
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  give(block: Buffer): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(block)
    else next(block)
  }

  /** Leaves the memory of blocks that nobody has to others; it is taken anew when it is asked for. */
  rest(): void {
    this.#unmade += this.#free.length
    this.#free.length = 0
  }
}

/** Takes full blocks, in order; the last one may be shorter. Whoever is given a block gives it back to the pool. */
export type Deliver = (block: Buffer, length: number) => void

/** Cuts a stream of bytes into blocks without copying what is read from files. */
export class BlockWriter {
  readonly #pool: BlockPool
  readonly #deliver: Deliver
  #block: Buffer | undefined
  #used = 0

  constructor(pool: BlockPool, deliver: Deliver) {
    this.#pool = pool
    this.#deliver = deliver
  }

  /** Nothing to wait for where the bytes fit what is left of the block, as most headers and small files do. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#block === undefined || bytes.byteLength > blockSize - this.#used) return this.#writeOn(bytes)
    this.#block.set(bytes, this.#used)
    this.filled(bytes.byteLength)
    return undefined
  }

  async #writeOn(bytes: Uint8Array): Promise<void> {
    let start = 0
    while (start < bytes.byteLength) {
      const room = await this.room()
      const part = bytes.subarray(start, start + room.byteLength)
      room.set(part)
      this.filled(part.byteLength)
      start += part.byteLength
    }
  }

  /** What is left of the current block, at least one byte; `filled` says how much of it was used. */
  room(): Buffer | Promise<Buffer> {
    return this.#block?.subarray(this.#used, blockSize) ?? this.#roomInNext()
  }

  async #roomInNext(): Promise<Buffer> {
    this.#block = await this.#pool.take()
    return this.#block.subarray(0, blockSize)
  }

  filled(length: number): void {
    this.#used += length
    if (this.#used === blockSize) this.#flush()
  }

  end(): void {
    if (this.#used > 0) this.#flush()
    this.release()
  }

  /** After a failure: the block in hand goes back. */
  release(): void {
    if (this.#block !== undefined) this.#pool.give(this.#block)
    this.#block = undefined
    this.#used = 0
  }

  #flush(): void {
    const block = this.#block
    if (block === undefined) return
    const length = this.#used
    this.#block = undefined
    this.#used = 0
    this.#deliver(block, length)
  }
}
