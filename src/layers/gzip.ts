import { crc32 } from 'node:zlib'
import type { LibdeflateModule } from '../../node_modules/libdeflate/dist/libdeflate.wasm.mjs'
import createLibdeflate from '../../node_modules/libdeflate/dist/libdeflate.wasm.mjs'
import { blockSize, headerSize, storedMax, storedSize, trailerSize } from './member-size.ts'

const sampleSize = 16 * 1024
const sampleStride = 64

let opened: LibdeflateModule | undefined

/** One for the thread: each has its own memory, and takes its time to start. */
function openLibdeflate(): LibdeflateModule {
  opened ??= createLibdeflate()
  return opened
}

/**
 * Compresses blocks of at most 1 MiB at one level, 1 to 12. It is WebAssembly and looks at nothing but the block, so a
 * layer's bytes are the same on every Node version and CPU. Its memory is taken once.
 */
export class GzipCompressor {
  readonly #module = openLibdeflate()
  readonly #compressor: number
  readonly #input: number
  readonly #output: number

  constructor(level: number) {
    this.#compressor = this.#module._libdeflate_alloc_compressor(level)
    this.#input = this.#module._malloc(blockSize)
    this.#output = this.#module._malloc(storedSize(blockSize))
  }

  /**
   * Writes the block as a gzip member (RFC 1952) of its own; members one after another are a gzip file. A block that does
   * not shrink is stored. `out` may be the memory that the block lies in.
   *
   * @returns the member's size
   */
  member(block: Uint8Array, out: Uint8Array): number {
    const size = block.byteLength
    const sum = crc32(block)
    const random = looksRandom(block)
    this.#module.HEAPU8.set(block, this.#input)
    const deflated = random ? 0 : this.#deflate(size, storedSize(size) - 1)
    out.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
    const heap = this.#module.HEAPU8
    if (deflated > 0) out.set(heap.subarray(this.#output, this.#output + deflated), headerSize)
    else store(heap.subarray(this.#input, this.#input + size), out.subarray(headerSize))
    const end = headerSize + (deflated > 0 ? deflated : storedSize(size))
    const trailer = new DataView(out.buffer, out.byteOffset + end, trailerSize)
    trailer.setUint32(0, sum, true)
    trailer.setUint32(4, size, true)
    return end + trailerSize
  }

  /** 0 where the result would not fit the room: it is not smaller than the block stored. */
  #deflate(size: number, room: number): number {
    return this.#module._libdeflate_deflate_compress(this.#compressor, this.#input, size, this.#output, room)
  }
}

/**
 * Whether compressing would be in vain, as for archives and media: bytes taken at even steps all over a full block are
 * spread as evenly as random ones (chi-squared, 255 degrees of freedom; 330 is exceeded by one random block in a thousand,
 * text and programs are in the tens of thousands).
 */
function looksRandom(block: Uint8Array): boolean {
  if (block.byteLength < blockSize) return false
  const counts = new Uint32Array(256)
  for (let index = 0; index < blockSize; index += sampleStride) {
    const byte = block[index + ((index >> 12) & 63)] ?? 0
    counts[byte] = (counts[byte] ?? 0) + 1
  }
  const expected = sampleSize / 256
  let distance = 0
  for (const count of counts) distance += (count - expected) ** 2
  return distance / expected < 330
}

/** DEFLATE's stored blocks (RFC 1951, 3.2.4). */
function store(block: Uint8Array, out: Uint8Array): void {
  let offset = 0
  let start = 0
  do {
    const end = Math.min(start + storedMax, block.byteLength)
    const size = end - start
    out.set([end === block.byteLength ? 1 : 0, size & 0xff, size >> 8, ~size & 0xff, (~size >> 8) & 0xff], offset)
    out.set(block.subarray(start, end), offset + 5)
    offset += 5 + size
    start = end
  } while (start < block.byteLength)
}
