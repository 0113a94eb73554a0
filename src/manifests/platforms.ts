import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Platform } from '../oci/platform.ts'
import { samePlatform } from '../oci/platform.ts'
import { checkTarget } from '../targets/known.ts'
import type { PlatformFlags } from './options.ts'

/** Marks a manifest that is about an image, and says what it is; the second one says about which (BuildKit). */
const attestationType = 'vnd.docker.reference.type'
const attestationSubject = 'vnd.docker.reference.digest'

export function isAttestation(entry: Pick<Descriptor, 'annotations'>): boolean {
  return entry.annotations?.[attestationType] !== undefined
}

/** The image that an attestation is about. */
export function subjectOf(entry: Descriptor): string | undefined {
  return isAttestation(entry) ? entry.annotations?.[attestationSubject] : undefined
}

/** Whether a platform says enough to choose an image by. */
export function isComplete(platform: Platform | undefined): platform is Platform {
  return platform !== undefined && platform.os !== '' && platform.architecture !== ''
}

/** Whether two entries of one index cannot stand beside each other: `unknown/unknown` and attestations always can. */
export function collides(a: Descriptor, b: Descriptor): boolean {
  if (a.digest === b.digest || isAttestation(a) || isAttestation(b)) return false
  if (!isComplete(a.platform) || !isComplete(b.platform)) return false
  return a.platform.os !== 'unknown' && samePlatform(a.platform, b.platform)
}

/** `linux/arm64/v8`, `windows/amd64:10.0.20348.1`, `linux/?`, `no platform`: what commands print and take. */
export function platformText(platform: Platform | undefined): string {
  if (platform === undefined || (platform.os === '' && platform.architecture === '')) return 'no platform'
  const { os, architecture, variant, 'os.version': version } = platform
  const base = [os === '' ? '?' : os, architecture === '' ? '?' : architecture, ...(variant ? [variant] : [])].join('/')
  return version ? `${base}:${version}` : base
}

/** Words of a platform as somebody asks for it. What is absent fits all. */
export interface WantedPlatform {
  readonly os: string
  readonly architecture: string
  readonly variant: string | undefined
  readonly version: string | undefined
}

/** Reads `os/arch[/variant][:osversion]`; undefined where the first two are no known words: it may be an image then. */
export function readWanted(word: string): WantedPlatform | undefined {
  const match = /^([a-z0-9]+)\/([a-z0-9]+)(?:\/([a-z0-9.]*))?(?::([\w.-]+))?$/.exec(word)
  const [, os = '', architecture = '', variant = '', version] = match ?? []
  if (match === null || !isKnown(os, architecture)) return undefined
  return { os, architecture, variant: variant === '' ? undefined : variant, version }
}

/** A `--platform` value. */
export function parseWanted(word: string): WantedPlatform {
  const wanted = readWanted(word)
  if (wanted !== undefined) return wanted
  throw new PackagerError({ code: 'USAGE', step: 'read --platform', value: word, found: 'no platform', wanted: 'os/arch[/variant[:osversion]], such as linux/arm64' })
}

function isKnown(os: string, arch: string): boolean {
  return (os === 'unknown' && arch === 'unknown') || checkTarget({ os, arch }).length === 0
}

/**
 * The entries that a platform asks for. `linux/arm64` and `linux/arm64/v8` are the same; `linux/arm` is v7 where there are
 * several; otherwise a platform without variant means the entry without one, and any where there is none such.
 */
export function matching<T extends { readonly platform?: Platform }>(entries: readonly T[], wanted: WantedPlatform): readonly T[] {
  const base = entries.filter(
    ({ platform }) =>
      platform?.os === wanted.os &&
      platform.architecture === wanted.architecture &&
      (wanted.version === undefined || platform['os.version'] === wanted.version),
  )
  const variant = wanted.variant ?? usualVariant(wanted.architecture)
  const exact = base.filter(({ platform }) => (platform?.variant ?? usualVariant(wanted.architecture)) === variant)
  return exact.length > 0 || wanted.variant !== undefined ? exact : base
}

function usualVariant(architecture: string): string {
  return architecture === 'arm64' ? 'v8' : architecture === 'arm' ? 'v7' : ''
}

/** A platform with the words that flags give; an emptied word goes. */
export function withFlags(platform: Platform | undefined, flags: PlatformFlags): Platform | undefined {
  if (Object.keys(flags).length === 0) return platform
  const { architecture, os, variant, 'os.version': version, 'os.features': osFeatures, features, ...rest } = platform ?? { architecture: '', os: '' }
  const words = { variant: flags.variant ?? variant, 'os.version': flags.osVersion ?? version, 'os.features': flags.osFeatures ?? osFeatures, features: flags.features ?? features }
  return {
    architecture: flags.arch ?? architecture,
    os: flags.os ?? os,
    ...Object.fromEntries(Object.entries(words).filter(([, word]) => word !== undefined && word.length > 0)),
    ...rest,
  }
}
