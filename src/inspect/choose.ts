import { PackagerError } from '../errors.ts'
import type { Platform } from '../oci/platform.ts'
import { formatPlatform } from '../oci/platform.ts'
import { variantOf } from '../targets/nearest-image.ts'

/** A `--platform`: what it leaves out it leaves open. */
interface Wanted {
  readonly text: string
  readonly os: string
  readonly architecture: string
  readonly variant: string | undefined
  readonly version: string | undefined
}

const pattern = /^([^/:\s]+)\/([^/:\s]+)(?:\/([^/:\s]+))?(?::(\S+))?$/

/**
 * Reads `os/arch[/variant][:os.version]` (SPEC-manifest.md, "Naming an entry").
 *
 * @throws PackagerError `USAGE`
 */
export class PlatformChoice {
  readonly #wanted: readonly Wanted[]

  constructor(texts: readonly string[]) {
    this.#wanted = texts.map((text) => {
      const [, os = '', architecture = '', variant, version] = pattern.exec(text) ?? []
      if (os === '') throw new PackagerError({ code: 'USAGE', step: 'read --platform', value: text, found: 'no platform', wanted: 'os/arch[/variant][:os.version], such as linux/arm64' })
      return { text, os, architecture, variant, version }
    })
  }

  /** Without any `--platform` all are. */
  takes(platform: Platform): boolean {
    return this.#wanted.length === 0 || this.#wanted.some((wanted) => fits(wanted, platform))
  }

  /** @throws PackagerError `NOT_FOUND` for a `--platform` that nothing fits */
  check(platforms: readonly Platform[], place: string): void {
    const unmet = this.#wanted.find((wanted) => !platforms.some((platform) => fits(wanted, platform)))
    if (unmet === undefined) return
    const there = [...new Set(platforms.map((platform) => formatPlatform(platform) || 'one without a platform'))]
    throw new PackagerError({ code: 'NOT_FOUND', step: `choose platform ${unmet.text} of`, value: place, found: there.length === 0 ? 'no images' : there.join(', '), wanted: unmet.text })
  }
}

function fits(wanted: Wanted, platform: Platform): boolean {
  if (wanted.os !== platform.os || wanted.architecture !== platform.architecture) return false
  if (wanted.version !== undefined && wanted.version !== platform['os.version']) return false
  // `linux/arm64/v8` is every linux/arm64 that says no variant, too.
  return wanted.variant === undefined || variantOf(wanted.architecture, wanted.variant) === variantOf(platform.architecture, platform.variant)
}
