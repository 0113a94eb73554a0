import type { Platform } from '../oci/platform.ts'
import type { Target } from './target.ts'

/**
 * The platform of a target's image: `os.version` is the version of its distribution, whose name is nowhere in it
 * (SPEC-package.md section 5).
 */
export function platformOf({ os, arch, variant = '', distro }: Target): Platform {
  const version = distro?.version ?? ''
  return { architecture: arch, os, ...(version === '' ? {} : { 'os.version': version }), ...(variant === '' ? {} : { variant }) }
}

/**
 * The part of a tag that tells a target's image from the others (`--append-image-name-suffix`):
 * `linux-arm64-v8-ubuntu-22.04`. What no tag may hold becomes `-`.
 */
export function targetSuffix({ os, arch, variant = '', distro }: Target): string {
  const parts = [os, arch, variant, distro?.name ?? '', distro?.version ?? '']
  return parts.filter((part) => part !== '').join('-').replaceAll(/[^A-Za-z0-9_.-]/g, '-')
}
