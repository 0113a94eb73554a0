/** What an image runs on (image-spec, image-index.md, "platform"). Keys are the ones of the JSON. */
export interface Platform {
  readonly architecture: string
  readonly os: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
  readonly variant?: string
  /** Docker's manifest lists alone have it: features of the processor. */
  readonly features?: readonly string[]
}

/** `linux/arm64/v8`, with `:22.04` where there is an os.version: what `--platform` takes. For people, not for files. */
export function formatPlatform(platform: Platform): string {
  const base = [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined && part !== '').join('/')
  const version = platform['os.version']
  return version === undefined || version === '' ? base : `${base}:${version}`
}

/** Whether two descriptors in one index would answer to the same request; features compare as a set. */
export function samePlatform(a: Platform, b: Platform): boolean {
  return platformKey(a) === platformKey(b)
}

/** A text that is the same for the same platforms, to find them by. */
export function platformKey(platform: Platform): string {
  const features = [...(platform['os.features'] ?? [])].sort()
  return JSON.stringify([platform.os, platform.architecture, platform.variant ?? '', platform['os.version'] ?? '', features])
}
