import type { Descriptor } from '../oci/descriptor.ts'
import type { Platform } from '../oci/platform.ts'
import { platformOf } from './platform.ts'
import type { Target } from './target.ts'

/**
 * The image for a target out of what an index lists: of those that run there the nearest by variant, then by os.version, and
 * of equals the first. Undefined where none runs there.
 */
export function nearestImage(children: readonly Descriptor[], target: Target): Descriptor | undefined {
  const ranked = children.flatMap((child) => {
    const { platform } = child
    const rank = platform?.os === target.os && platform.architecture === target.arch ? distance(platform, target) : undefined
    return rank === undefined ? [] : [{ child, rank }]
  })
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.child
}

/** More than any two variants are apart. */
const farAway = 1000

/** How far an image of the same os and architecture is from what a target asks for; undefined where it does not run there. */
function distance(platform: Platform, target: Target): number | undefined {
  const version = versionDistance(platform['os.version'], platformOf(target)['os.version'])
  const variant = variantDistance(platform.variant ?? '', target)
  return version === undefined || variant === undefined ? undefined : variant * 2 + version
}

/** An image without an os.version runs on any; one for another version than the one asked for is not taken. */
function versionDistance(has: string | undefined, wanted: string | undefined): number | undefined {
  if (has === wanted) return 0
  return has === undefined || wanted === undefined ? 1 : undefined
}

/** An image without a variant runs on any; one for an older variant runs on a newer, and of those the newest is the best. */
function variantDistance(has: string, { arch, variant }: Target): number | undefined {
  const [found, wanted] = [variantOf(arch, has), variantOf(arch, variant)]
  if (found === wanted) return 0
  if (has === '') return farAway
  const older = Number(wanted?.replace(/^v/, '')) - Number(found?.replace(/^v/, ''))
  return older > 0 ? older : undefined
}

/** What a variant that is left out means: the first arm64 and amd64 there are, and for arm what containerd takes it for. */
export function variantOf(arch: string, variant: string | undefined): string | undefined {
  if (variant !== undefined && variant !== '') return variant
  return { arm64: 'v8', arm: 'v7', amd64: 'v1' }[arch]
}
