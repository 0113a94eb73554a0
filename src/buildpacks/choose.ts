import { listPlatforms, platformLie } from './image.ts'
import type { TargetDeclaration } from '../config/buildpack.ts'
import { PackagerError } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Platform } from '../oci/platform.ts'
import { formatTarget } from '../targets/grammar.ts'
import { nearestImage, variantOf } from '../targets/nearest-image.ts'
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
  const nearest = nearestImage(children, target)
  if (nearest !== undefined) return { child: nearest }
  const open = children.find(({ platform }) => platform?.os === target.os && platform.architecture === '')
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

/** An index that says one thing of an image whose config says another would put the wrong programs into a package. */
export function checkPlatform(uri: string, child: Descriptor, platform: Platform): void {
  const found = platformLie(child, platform)
  if (found !== undefined) throw new PackagerError({ code: 'UNSUPPORTED', step: 'take dependency', value: uri, found, wanted: 'both to agree', hint: 'publish that package anew' })
}
