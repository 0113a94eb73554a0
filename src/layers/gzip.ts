import { crc32 } from 'node:zlib'
import { deflate } from 'libdeflate'

/** Bytes of tar in one gzip member. Part of what a layer's digest depends on, so it never changes. */
export const blockSize = 1024 * 1024

const storedMax = 65_535
const sampleCount = 16
const sampleSize = 4096

/**
 * One block of a layer as a gzip member (RFC 1952) of its own; members one after another are a gzip file. The same bytes on
 * every Node version and CPU, because the compressor is WebAssembly and looks at nothing but the block. A block that does
 * not shrink is stored.
 */
export function gzipMember(block: Uint8Array, level: number): Uint8Array {
  const deflated = looksRandom(block) ? undefined : deflate(block, level)
  const body = deflated === undefined || deflated.byteLength >= storedSize(block.byteLength) ? stored(block) : deflated
  const member = Buffer.allocUnsafeSlow(10 + body.byteLength + 8)
  member.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
  member.set(body, 10)
  member.writeUInt32LE(crc32(block), member.byteLength - 8)
  member.writeUInt32LE(block.byteLength, member.byteLength - 4)
  return member
}

/**
 * Whether compressing would be in vain: sixteen samples spread over a full block, compressed together, do not shrink by one
 * percent. Archives and media inside a package then cost a copy instead of a compression.
 */
function looksRandom(block: Uint8Array): boolean {
  if (block.byteLength < blockSize) return false
  const sample = new Uint8Array(sampleCount * sampleSize)
  const stride = blockSize / sampleCount
  for (let index = 0; index < sampleCount; index += 1) {
    const start = index * stride
    sample.set(block.subarray(start, start + sampleSize), index * sampleSize)
  }
  return deflate(sample, 1).byteLength > sample.byteLength * 0.99
}

function storedSize(size: number): number {
  return size + 5 * Math.max(1, Math.ceil(size / storedMax))
}

/** DEFLATE's stored blocks (RFC 1951, 3.2.4). */
function stored(block: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(storedSize(block.byteLength))
  let offset = 0
  let start = 0
  do {
    const end = Math.min(start + storedMax, block.byteLength)
    out[offset] = end === block.byteLength ? 1 : 0
    out.writeUInt16LE(end - start, offset + 1)
    out.writeUInt16LE(~(end - start) & 0xffff, offset + 3)
    out.set(block.subarray(start, end), offset + 5)
    offset += 5 + end - start
    start = end
  } while (start < block.byteLength)
  return out
}
