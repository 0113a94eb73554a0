import { parentPort } from 'node:worker_threads'
import { gzipMember } from './gzip.ts'

/** What the pool sends: a block in shared memory. What it gets back: the member, whose memory moves over. */
export interface CompressRequest {
  readonly id: number
  readonly block: Uint8Array
  readonly level: number
}

export interface CompressAnswer {
  readonly id: number
  readonly member: Uint8Array
}

parentPort?.on('message', ({ id, block, level }: CompressRequest) => {
  const member = gzipMember(block, level)
  const answer: CompressAnswer = { id, member }
  if (member.buffer instanceof ArrayBuffer) parentPort?.postMessage(answer, [member.buffer])
})
