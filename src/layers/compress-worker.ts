import { parentPort } from 'node:worker_threads'
import { GzipCompressor } from './gzip.ts'

/** A block in shared memory, `length` bytes of which are tar. The member takes their place. */
export interface CompressRequest {
  readonly id: number
  readonly block: Uint8Array
  readonly length: number
  readonly level: number
}

/** `size`: bytes of the member, which now stand at the beginning of the block. */
export interface CompressAnswer {
  readonly id: number
  readonly size: number
}

const compressors = new Map<number, GzipCompressor>()

parentPort?.on('message', ({ id, block, length, level }: CompressRequest) => {
  const compressor = compressors.get(level) ?? new GzipCompressor(level)
  compressors.set(level, compressor)
  const answer: CompressAnswer = { id, size: compressor.member(block.subarray(0, length), block) }
  parentPort?.postMessage(answer)
})
