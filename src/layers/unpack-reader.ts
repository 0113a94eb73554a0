const noBytes = Buffer.alloc(0)

/** Takes a stream of bytes apart in pieces of the sizes that are asked for. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = noBytes

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** So many bytes; fewer at the end of the stream, where there are no more. */
  async take(length: number): Promise<Buffer> {
    // Most headers lie in what is at hand: a hundred thousand of them need no generator each.
    if (this.#rest.length >= length) return this.#cut(length)
    const pieces: Buffer[] = []
    for await (const piece of this.pass(length)) pieces.push(piece)
    const [only = noBytes] = pieces
    return pieces.length === 1 ? only : Buffer.concat(pieces)
  }

  /** The same without ever holding more than one piece. */
  async *pass(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#more())) return
      const piece = this.#cut(left)
      left -= piece.length
      yield piece
    }
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
