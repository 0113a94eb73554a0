import type { Digest } from './digest.ts'
import type { InlineBlob } from './descriptor.ts'
import { inlineBlob } from './descriptor.ts'
import { sortKeys } from './manifest.ts'
import { ociConfig } from './media-types.ts'
import type { Platform } from './platform.ts'

/** What an image config is made of: one history entry for each layer, labels, nothing that could run (SPEC-package.md section 5). */
export interface ImageConfigInput {
  readonly platform: Platform
  /** RFC 3339, seconds, UTC. */
  readonly created: string
  readonly labels: Readonly<Record<string, string>>
  /** Of the uncompressed layers, bottom first. */
  readonly diffIDs: readonly Digest[]
}

/**
 * The bytes of an OCI image config. Keys stand in one fixed order and labels are sorted, so that equal input has an equal digest.
 *
 * @example
 * encodeImageConfig({ platform: { os: 'linux', architecture: 'amd64' }, created: '1980-01-01T00:00:01Z', labels: { a: '1' }, diffIDs: [d] })
 * // {"architecture":"amd64","os":"linux","created":"1980-01-01T00:00:01Z","config":{"Labels":{"a":"1"}},
 * //  "rootfs":{"type":"layers","diff_ids":["sha256:..."]},"history":[{"created":"1980-01-01T00:00:01Z"}]}
 */
export function encodeImageConfig(input: ImageConfigInput): InlineBlob {
  const { platform, created, labels, diffIDs } = input
  const value = {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform['os.version'] ? { 'os.version': platform['os.version'] } : {}),
    ...(platform['os.features']?.length ? { 'os.features': platform['os.features'] } : {}),
    ...(platform.variant ? { variant: platform.variant } : {}),
    created,
    config: { Labels: sortKeys(labels) },
    rootfs: { type: 'layers', diff_ids: diffIDs },
    history: diffIDs.map(() => ({ created })),
  }
  return inlineBlob(ociConfig, Buffer.from(JSON.stringify(value)))
}
