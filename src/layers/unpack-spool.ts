import type { FileHandle } from 'node:fs/promises'
import { open, rm } from 'node:fs/promises'
import { spoolError } from '../errors.ts'

/** Small files are written together. */
const bufferSize = 256 * 1024

/** The one file that an archive's contents go into, one after another. */
export class SpoolFile {
  readonly #file: FileHandle
  readonly #path: string
  readonly #buffer = Buffer.allocUnsafe(bufferSize)
  #buffered = 0
  #size = 0

  private constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  /** A new file: one that is there already is somebody else's, and stays as it is. */
  static async create(path: string): Promise<SpoolFile> {
    const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
      throw spoolError(path, cause)
    })
    return new SpoolFile(file, path)
  }

  /** Where the next byte goes. */
  get size(): number {
    return this.#size
  }

  /** Nothing to wait for where there is room. The bytes may be overwritten once this is done. */
  write(bytes: Buffer): Promise<void> | undefined {
    this.#size += bytes.length
    if (bytes.length > bufferSize - this.#buffered) return this.#writeOn(bytes)
    bytes.copy(this.#buffer, this.#buffered)
    this.#buffered += bytes.length
    return undefined
  }

  async flush(): Promise<void> {
    const length = this.#buffered
    this.#buffered = 0
    await this.#put(this.#buffer.subarray(0, length))
  }

  async #writeOn(bytes: Buffer): Promise<void> {
    await this.flush()
    await this.#put(bytes)
  }

  async #put(bytes: Buffer): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) done += (await this.#file.write(bytes, done)).bytesWritten
    } catch (cause) {
      throw spoolError(this.#path, cause)
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true })
  }
}
