import type { FileHandle } from 'node:fs/promises'
import type { TarBytes } from '../tar/bytes.ts'

const pieceSize = 64 * 1024
/** Headers come one after another where blobs are small: some of them with each read. */
const aheadSize = 16 * 1024

/** The bytes of a tar in a file that is read from anywhere: what is skipped is not read. */
export class FileBytes implements TarBytes {
  readonly #file: FileHandle
  readonly #size: number
  #position = 0
  #ahead: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) }

  constructor(file: FileHandle, size: number) {
    this.#file = file
    this.#size = size
  }

  /** Where the next byte is. */
  get position(): number {
    return this.#position
  }

  async take(length: number): Promise<Buffer> {
    const { start, bytes } = this.#ahead
    const from = this.#position - start
    const known = from <= bytes.length && from + length <= bytes.length
    if (!known) this.#ahead = { start: this.#position, bytes: await this.#read(Math.max(length, aheadSize)) }
    const begin = this.#position - this.#ahead.start
    const piece = this.#ahead.bytes.subarray(begin, begin + length)
    this.#position += piece.length
    return piece
  }

  async *pass(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      const piece = await this.#read(Math.min(left, pieceSize))
      if (piece.length === 0) return
      this.#position += piece.length
      left -= piece.length
      yield piece
    }
  }

  async skip(length: number): Promise<number> {
    const skipped = Math.min(length, Math.max(0, this.#size - this.#position))
    this.#position += skipped
    return skipped
  }

  async #read(most: number): Promise<Buffer> {
    const length = Math.min(most, Math.max(0, this.#size - this.#position))
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(length), 0, length, this.#position)
    return buffer.subarray(0, bytesRead)
  }
}
