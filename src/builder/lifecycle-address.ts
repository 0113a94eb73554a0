import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseLocator, shownUrl } from '../buildpacks/locator.ts'
import { PackagerError } from '../errors.ts'
import type { Reference } from '../oci/reference.ts'
import type { Target } from '../targets/target.ts'

/** Where the lifecycle for one target is. */
export type LifecycleAddress =
  | { readonly kind: 'path'; readonly path: string; readonly shown: string }
  | { readonly kind: 'url'; readonly url: URL; readonly shown: string; readonly sha256?: string; readonly isRelease?: boolean }
  | { readonly kind: 'image'; readonly reference: Reference; readonly shown: string }

/** `[lifecycle]` of builder.toml, and what a run says besides. */
export interface LifecycleRequest {
  readonly uri?: string
  readonly version?: string
  /** builder.toml's folder: what relative paths are relative to. */
  readonly folder: string
  /** Where releases are, in place of the project's own downloads. */
  readonly template?: string
}

/** What pack takes where builder.toml names no lifecycle. */
const defaultLifecycleVersion = '0.21.0'

const releases = 'https://github.com/buildpacks/lifecycle/releases/download/v{version}/lifecycle-v{version}+{os}.{arch}.tgz'

/** As releases spell architectures; there are none for others. */
const releaseArchs: Readonly<Record<string, string>> = { amd64: 'x86-64', arm64: 'arm64', ppc64le: 'ppc64le', s390x: 's390x' }

/**
 * Where to take the lifecycle from for a target (SPEC-builder.md section 5). In a `uri` `{os}`, `{arch}` and `{variant}` are
 * the target's own words; in the template of a release's address, where `{version}` stands too, `{arch}` is as releases
 * spell it. A template may be a path or a `docker://` image as well.
 *
 * @example
 * lifecycleAddress({ uri: 'lifecycle-{arch}.tgz', folder: '/b' }, { os: 'linux', arch: 'arm64' }) // path /b/lifecycle-arm64.tgz
 * lifecycleAddress({ folder: '/b' }, { os: 'linux', arch: 'amd64' }).shown // 'https://.../v0.21.0/lifecycle-v0.21.0+linux.x86-64.tgz'
 * @throws PackagerError `CONFIG`, `UNSUPPORTED`
 */
export function lifecycleAddress({ uri, version = defaultLifecycleVersion, folder, template }: LifecycleRequest, target: Target): LifecycleAddress {
  if (uri !== undefined) return parse(fill(uri, uri, { os: target.os, arch: target.arch, variant: target.variant }), folder)
  const own = template === undefined || template === ''
  const arch = releaseArchs[target.arch] ?? (own ? undefined : target.arch)
  if (arch === undefined) {
    throw new PackagerError({
      code: 'UNSUPPORTED',
      step: 'find lifecycle',
      value: version,
      found: `no release for ${target.os}/${target.arch}`,
      wanted: `one of ${Object.keys(releaseArchs).join(', ')}`,
      hint: 'name an archive or an image for it: [lifecycle] uri, with {arch} in it where targets differ',
    })
  }
  const text = own ? releases : template
  const address = parse(fill(text, text, { version: version.replace(/^v/, ''), os: target.os, arch, variant: target.variant }), folder)
  return address.kind === 'url' ? { ...address, isRelease: own } : address
}

/** A placeholder that a target has no word for becomes nothing. */
function fill(text: string, shown: string, words: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    if (Object.hasOwn(words, name)) return words[name] ?? ''
    throw new PackagerError({ code: 'CONFIG', step: 'read lifecycle address', value: shown, found: `{${name}}`, wanted: Object.keys(words).map((word) => `{${word}}`).join(', ') })
  })
}

/** What has no scheme is a path, whether or not something is there: whoever opens it says so. */
function parse(text: string, folder: string): LifecycleAddress {
  if (!/^(?:docker|file|https?|urn|libcnb):|:\/\//i.test(text)) return { kind: 'path', path: resolve(folder, text), shown: text }
  const locator = parseLocator(text, (path) => existsSync(resolve(folder, path)))
  if (locator.kind === 'path') return { kind: 'path', path: resolve(folder, locator.path), shown: text }
  if (locator.kind === 'image') return { kind: 'image', reference: locator.reference, shown: text }
  if (locator.kind === 'url') return { kind: 'url', url: locator.url, shown: shownUrl(locator.url), ...digestIn(text) }
  throw new PackagerError({ code: 'CONFIG', step: 'read lifecycle address', value: text, found: 'a buildpack of a registry', wanted: 'a path, https://HOST/ARCHIVE or docker://IMAGE' })
}

/** `#sha256=...` behind an address says what its bytes have to be. */
function digestIn(text: string): { sha256?: string } {
  const fragment = text.split('#')[1]
  if (fragment === undefined) return {}
  const sha256 = /^sha256[=:]([0-9a-f]{64})$/.exec(fragment)?.[1]
  if (sha256 !== undefined) return { sha256 }
  throw new PackagerError({ code: 'CONFIG', step: 'read lifecycle address', value: text, found: `#${fragment}`, wanted: '#sha256= and 64 hexadecimal digits' })
}
