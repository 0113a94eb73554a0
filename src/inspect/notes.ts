import type { Digest } from '../oci/digest.ts'
import type { InspectedPlatform, Note } from './inspection.ts'
import { platformNames } from './platform-names.ts'

/**
 * What several platforms share (SPEC-manifest.md): one image under several, and layers that are the same bytes. Layers of
 * images that are the same anyway are not told again.
 */
export function findNotes(platforms: readonly InspectedPlatform[]): readonly Note[] {
  const names = platformNames(platforms.map(({ platform }) => platform))
  const images = new Map<Digest, string[]>()
  const layers = new Map<Digest, { platforms: string[]; images: Set<Digest | null> }>()
  platforms.forEach((image, index) => {
    const name = names[index] ?? ''
    if (image.digest !== null) images.set(image.digest, [...(images.get(image.digest) ?? []), name])
    for (const digest of new Set(image.layers.map((layer) => layer.digest))) {
      const users = layers.get(digest) ?? { platforms: [], images: new Set() }
      users.platforms.push(name)
      users.images.add(image.digest)
      layers.set(digest, users)
    }
  })
  return [
    ...[...images].filter(([, users]) => users.length > 1).map(([digest, users]): Note => ({ kind: 'shared-image', digest, platforms: users })),
    ...[...layers].filter(([, users]) => users.images.size > 1).map(([digest, users]): Note => ({ kind: 'shared-layer', digest, platforms: users.platforms })),
  ]
}
