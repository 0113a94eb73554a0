import { listPlatforms } from '../buildpacks/image.ts'
import type { TargetDeclaration } from '../config/buildpack.ts'
import { PackagerError } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Platform } from '../oci/platform.ts'
import { formatTarget } from '../targets/grammar.ts'
import { platformOf } from '../targets/platform.ts'
import type { Target } from '../targets/target.ts'

/** Whether a module that declares this is meant for the target. A word that the declaration leaves out fits any. */
export function declares(declaration: TargetDeclaration, target: Target): boolean {
  if (!fits(declaration.os, target.os) || !fits(declaration.arch, target.arch)) return false
  if (!fits(variantOf(target.arch, declaration.variant), variantOf(target.arch, target.variant)) && !fits(declaration.variant, target.variant)) return false
  const { distro } = target
  return distro === undefined || declaration.distros.length === 0 || declaration.distros.some((one) => one.name === distro.name && fits(one.version, distro.version))
}

function fits(declared: string | undefined, wanted: string | undefined): boolean {
  return declared === undefined || declared === '' || declared === wanted
}

/** Whether a platform of bp-package.toml means this target: what it leaves out it leaves open. */
export function covers(platform: Target, target: Target): boolean {
  if (platform.os !== target.os || platform.arch !== target.arch) return false
  if (platform.variant !== undefined && variantOf(platform.arch, platform.variant) !== variantOf(target.arch, target.variant)) return false
  return platform.distro === undefined || (platform.distro.name === target.distro?.name && (platform.distro.version ?? target.distro.version) === target.distro.version)
}

/**
 * The image for a target out of what an index lists: of those that run there the nearest by variant, then by os.version.
 * One that names no architecture is the last resort, with a warning (SPEC-package.md section 9, `composite-wrong-platform`).
 *
 * @throws PackagerError `CONFIG` with the platforms that there are
 */
export function chooseImage(children: readonly Descriptor[], target: Target, uri: string): { child: Descriptor; warning?: Warning } {
  const sameOs = children.filter(({ platform }) => platform?.os === target.os)
  const ranked = sameOs.flatMap((child) => {
    const rank = child.platform?.architecture === target.arch ? distance(child.platform, target) : undefined
    return rank === undefined ? [] : [{ child, rank }]
  })
  const [nearest] = ranked.sort((a, b) => a.rank - b.rank)
  if (nearest !== undefined) return { child: nearest.child }
  const open = sameOs.find(({ platform }) => platform?.architecture === '')
  if (open !== undefined) {
    const message = `${uri} names no architecture: it is taken for ${formatTarget(target)}`
    return { child: open, warning: { message, hint: 'publish that package anew with a target that names one' } }
  }
  throw new PackagerError({
    code: 'CONFIG',
    step: 'take dependency',
    value: uri,
    found: children.length === 0 ? 'an index without images' : `images for ${listPlatforms(children)}`,
    wanted: `one for ${formatTarget(target)}`,
    hint: 'publish that package for this target, or leave it out there with [[dependencies]] uri and platforms in bp-package.toml',
  })
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
