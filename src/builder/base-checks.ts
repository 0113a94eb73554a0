import type { BuilderConfig } from '../config/builder.ts'
import type { Problem } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { Digest } from '../oci/digest.ts'
import { formatPlatform, platformKey } from '../oci/platform.ts'
import { count } from '../quantities.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'
import type { PlatformImage } from './base.ts'

export interface BaseFindings {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Warning[]
}

/**
 * What is wrong with the build images of all targets, seen together: two of one platform, which an index could not tell apart
 * (SPEC-manifest.md, "Entries"), and images that contradict one another, or themselves, about their layers.
 */
export function checkBases(targets: readonly Target[], images: readonly PlatformImage[], { file, buildImageAt }: Pick<BuilderConfig, 'file' | 'buildImageAt'>): BaseFindings {
  const faults = [...samePlatforms(targets, images), ...contradictions(images)]
  return { problems: faults.map((message) => ({ file, ...buildImageAt, key: 'build.image', message })), warnings: images.flatMap(lostHistory) }
}

function samePlatforms(targets: readonly Target[], images: readonly PlatformImage[]): readonly string[] {
  const asking = new Map<string, { readonly image: PlatformImage; readonly names: string[] }>()
  for (const [at, image] of images.entries()) {
    const target = targets[at]
    if (target === undefined) continue
    const same = asking.get(platformKey(image.platform)) ?? { image, names: [] }
    asking.set(platformKey(image.platform), same)
    same.names.push(formatTarget(target))
  }
  return [...asking.values()].flatMap(({ image: { shown, platform }, names }) =>
    names.length === 1
      ? []
      : [
          `"${shown}" has images of one platform, ${formatPlatform(platform)}, for ${names.join(' and ')}, and an index tells images apart by their platform: leave all but one of these targets out, or name a build image whose configs tell them apart`,
        ],
  )
}

/** One blob cannot be two layers: somebody's config lies. */
function contradictions(images: readonly PlatformImage[]): readonly string[] {
  const known = new Map<Digest, Digest>()
  const faults = new Set<string>()
  for (const { shown, layers } of images) {
    for (const { descriptor: { digest }, diffID } of layers) {
      const other = known.get(digest) ?? diffID
      known.set(digest, other)
      if (other !== diffID) faults.add(`"${shown}" has the layer ${digest} in images for several platforms, which their configs say is ${other} and ${diffID}`)
    }
  }
  return [...faults]
}

/** Engines take such an image, and show nothing of how it came to be. */
function lostHistory({ shown, layers, history }: PlatformImage): readonly Warning[] {
  if (history.length === 0 || history.length === layers.length) return []
  return [{ message: `${shown} has a history of ${count(history.length, 'layer')}, and ${count(layers.length, 'layer')}: its texts are left out`, hint: 'build that image anew to keep them' }]
}
