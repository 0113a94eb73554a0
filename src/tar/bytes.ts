const noBytes = Buffer.alloc(0)

/** The bytes of a tar, from a stream or from a file. Each takes up where the last one left off. */
export interface TarBytes {
  /** So many bytes; fewer at the end, where there are no more. */
  take(length: number): Promise<Buffer>
  /** The same without ever holding more than one piece. */
  pass(length: number): AsyncIterable<Buffer>
  /** Passes over so many bytes; gives how many there were. */
  skip(length: number): Promise<number>
}

/** Takes a stream of bytes apart in pieces of the sizes that are asked for. */
export class ByteReader implements TarBytes {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = noBytes

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Buffer> {
    // Most headers lie in what is at hand: a hundred thousand of them need no generator each.
    if (this.#rest.length >= length) return this.#cut(length)
    const pieces: Buffer[] = []
    for await (const piece of this.pass(length)) pieces.push(piece)
    const [only = noBytes] = pieces
    return pieces.length === 1 ? only : Buffer.concat(pieces)
  }

  async *pass(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#more())) return
      const piece = this.#cut(left)
      left -= piece.length
      yield piece
    }
  }

  async skip(length: number): Promise<number> {
    if (this.#rest.length >= length) return this.#cut(length).length
    let skipped = 0
    for await (const piece of this.pass(length)) skipped += piece.length
    return skipped
  }

  /** Ends the stream, read or not. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  #cut(most: number): Buffer {
    const piece = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  async #more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next()
      if (next.done === true) return false
      this.#rest = next.value
    }
    return true
  }
}
