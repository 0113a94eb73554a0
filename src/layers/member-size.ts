/** Bytes of tar in one gzip member. Part of what a layer's digest depends on, so it never changes. */
export const blockSize = 1024 * 1024

export const headerSize = 10
export const trailerSize = 8
/** Most bytes of one of DEFLATE's stored blocks (RFC 1951, 3.2.4). */
export const storedMax = 65_535

/** Room that the member of a full block can take: what cannot be compressed is stored, in pieces with five bytes each. */
export const memberSize = headerSize + storedSize(blockSize) + trailerSize

/** Bytes that stored blocks of so many bytes take. */
export function storedSize(size: number): number {
  return size + 5 * Math.max(1, Math.ceil(size / storedMax))
}
