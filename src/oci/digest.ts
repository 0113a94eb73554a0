import { createHash } from 'node:crypto'

/** `sha256:` and 64 lower-case hex digits (image-spec, descriptor.md, "Digests"). No other algorithm is written or read. */
export type Digest = `sha256:${string}`

const pattern = /^sha256:[0-9a-f]{64}$/

/** Whether a text from outside is a digest. */
export function isDigest(text: string): text is Digest {
  return pattern.test(text)
}

/** The 64 hex digits, the name of a blob's file in a layout. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length)
}

/** The digest of bytes that are all in memory: a manifest or a config, never a layer. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
