import type { Platform } from '../oci/platform.ts'
import { formatPlatform } from '../oci/platform.ts'

/**
 * What each platform is called in all that is shown: as `formatPlatform` writes it, made unique by a number where an index
 * has one twice, `unknown` where nobody says.
 *
 * @example
 * platformNames([{ os: 'linux', architecture: 'arm64' }, { os: 'linux', architecture: 'arm64' }])
 * // ['linux/arm64', 'linux/arm64 (2)']
 */
export function platformNames(platforms: readonly Platform[]): readonly string[] {
  const taken = new Set<string>()
  return platforms.map((platform) => {
    const name = formatPlatform(platform) || 'unknown'
    let unique = name
    for (let number = 2; taken.has(unique); number += 1) unique = `${name} (${number})`
    taken.add(unique)
    return unique
  })
}
