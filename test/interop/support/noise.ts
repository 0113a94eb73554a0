import { createHash } from 'node:crypto'

/** Bytes that do not compress and are the same in every run: SHA-256 of a counter, over and over. */
export function noise(bytes: number, seed = 'noise'): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, at) => createHash('sha256').update(`${seed} ${at}`).digest())
  return Buffer.concat(blocks).subarray(0, bytes)
}

/** Bytes that compress about as well as a program does: words of the noise, many of them repeated. */
export function prose(bytes: number): Buffer {
  const words = noise(4096, 'words').toString('hex').match(/.{3,11}/g) ?? []
  const picks = noise(Math.ceil(bytes / 2), 'picks')
  const text = Array.from({ length: Math.ceil(bytes / 4) }, (_, at) => words[picks.readUInt16LE((at * 2) % (picks.length - 1)) % words.length]).join(' ')
  return Buffer.from(text).subarray(0, bytes)
}
