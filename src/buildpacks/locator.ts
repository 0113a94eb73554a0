import { PackagerError, reason } from '../errors.ts'
import type { Reference } from '../oci/reference.ts'
import { parseReference } from '../oci/reference.ts'

/** Where a buildpack is, taken apart: what a `uri` or `image` of package.toml or builder.toml says. */
export type Locator =
  /** A folder, an archive, a `.cnb` or a layout, relative to the config file's folder or absolute. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'url'; readonly url: URL }
  | { readonly kind: 'image'; readonly reference: Reference }
  | RegistryLocator

/** A buildpack in a buildpack registry; without a version the newest one. */
export interface RegistryLocator {
  readonly kind: 'registry'
  readonly namespace: string
  readonly name: string
  readonly version?: string
}

const step = 'read buildpack uri'
const wanted = 'a path, file:PATH, https://HOST/ARCHIVE, docker://IMAGE, an image name, NAMESPACE/NAME[@VERSION] or urn:cnb:registry:NAMESPACE/NAME[@VERSION]'
/** The spec of the buildpack registry: what a namespace and a name may consist of. */
const idPart = '[a-z0-9.-]{1,253}'
const idPattern = new RegExp(`^(?<namespace>${idPart})/(?<name>${idPart})(?:@(?<version>[^@:/]*))?$`)
const versionPattern = /^[0-9A-Za-z][0-9A-Za-z.+_-]*$/
const pathPattern = /^(?:\.{0,2}\/|\.{1,2}$|~)|(?:\/|\.(?:tgz|tar|tar\.gz|cnb))$/

/**
 * Reads where a buildpack is (SPEC-package.md section 1, "package.toml"). What has a scheme is what the scheme says; a bare
 * value is, in this order, an existing path, an id of a buildpack registry, an image name. What can only be meant as a path
 * (`./x`, `/x`, `x/`, `x.tgz`) is one even where nothing is there: whoever opens it says so.
 *
 * @param exists whether there is something at a path, as {@link Locator} has it
 * @throws PackagerError `USAGE`
 * @example
 * parseLocator('file://meta/bp.tgz', exists)                 // { kind: 'path', path: 'meta/bp.tgz' }
 * parseLocator('paketo-buildpacks/yarn@1.3.15', () => false) // { kind: 'registry', namespace: 'paketo-buildpacks', ... }
 * parseLocator('docker://localhost:5000/acme/bp:1', exists)  // { kind: 'image', reference: { registry: 'localhost:5000', ... } }
 */
export function parseLocator(text: string, exists: (path: string) => boolean): Locator {
  if (text.trim() === '' || text.includes('\0')) throw wrong(text, text.trim() === '' ? 'nothing' : 'a zero byte')
  return fromBuilder(text) ?? withScheme(text, exists) ?? bare(text, exists)
}

/** Only `pack build` knows a builder to look into. */
function fromBuilder(text: string): undefined {
  if (!/^(?:from=builder|urn:cnb:builder)(?::|$)/i.test(text)) return undefined
  throw wrong(text, 'a buildpack of a builder', 'a package holds its dependencies: name a folder, an archive or an image')
}

function withScheme(text: string, exists: (path: string) => boolean): Locator | undefined {
  // Not every word before a colon is a scheme: `localhost:5000/acme/bp` and `acme:1` are image names.
  const scheme = /^(file|libcnb|urn)(?=:)|^(docker|https?)(?=:\/)|^[a-z][a-z0-9+.-]*(?=:\/\/)/i.exec(text)?.[0]
  if (scheme === undefined) return undefined
  const rest = text.slice(scheme.length + 1)
  switch (scheme.toLowerCase()) {
    case 'file':
      return { kind: 'path', path: filePath(text, rest, exists) }
    case 'http':
    case 'https':
      return { kind: 'url', url: address(text) }
    case 'docker':
      return image(text, rest.replace(/^\/+/, ''))
    case 'urn':
      return urn(text, rest)
    case 'libcnb':
      throw wrong(text, 'a reference that only libcnb understands', 'run "cargo libcnb package" first and package what it wrote, or name a folder or an image')
    default:
      throw wrong(text, `the scheme "${scheme}:"`, scheme.toLowerCase() === 'oci' ? `write docker:${rest} for an image in a registry` : undefined)
  }
}

function bare(text: string, exists: (path: string) => boolean): Locator {
  if (exists(text)) return { kind: 'path', path: text }
  if (/\{\{|\$\{/.test(text)) throw wrong(text, 'a template that nobody has filled in')
  if (text.includes('\\') || /^[a-z]:\//i.test(text)) throw wrong(text, 'a Windows path', 'write a path relative to this file, with "/" between folders')
  if (pathPattern.test(text)) return { kind: 'path', path: text }
  return registry(text, text) ?? image(text, text)
}

/**
 * `file:///abs`, `file:/abs` and `file://localhost/abs` are absolute. Elsewhere what follows the slashes would be a host; what
 * people write there is a path (`file://meta/bp.tgz`). `%20` is a space unless a file is really named so.
 */
function filePath(text: string, rest: string, exists: (path: string) => boolean): string {
  const path = rest.replace(/^\/\/localhost(?=\/)/i, '').replace(/^\/\/(?!\/)|^\/\/(?=\/)/, '')
  if (path === '') throw wrong(text, 'no path')
  const decoded = decode(path)
  return decoded === undefined || decoded.includes('\0') || exists(path) ? path : decoded
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** An address as messages show it: what stands in front of the host and behind the path often lets anyone in who has it. */
export function shownUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}

function address(text: string): URL {
  if (!/^https?:\/\/[^/?#]/i.test(text) || !URL.canParse(text)) throw wrong(text, 'an address without a host')
  const url = new URL(text)
  url.hash = ''
  return url
}

function urn(text: string, rest: string): Locator {
  const id = /^cnb:registry:/i.exec(rest)
  const found = id === null ? undefined : registry(text, rest.slice(id[0].length))
  if (found !== undefined) return found
  throw wrong(text, id === null ? 'a URN that is not urn:cnb:registry' : 'no buildpack id of a registry', 'such an id is NAMESPACE/NAME, lower case, with digits, "-" and "."')
}

function registry(text: string, id: string): RegistryLocator | undefined {
  const { namespace, name, version } = idPattern.exec(id)?.groups ?? {}
  if (namespace === undefined || name === undefined) return undefined
  if (version === undefined) return { kind: 'registry', namespace, name }
  if (version === '') throw wrong(text, 'no version after "@"', `leave the "@" out for the newest version: ${namespace}/${name}`)
  if (!versionPattern.test(version)) throw wrong(text, `the version "${version}"`)
  return { kind: 'registry', namespace, name, version }
}

function image(text: string, name: string): Locator {
  try {
    return { kind: 'image', reference: parseReference(name) }
  } catch (cause) {
    const hint = [reason(cause), ...(cause instanceof PackagerError && cause.hint !== undefined ? [cause.hint] : [])].join('; ')
    throw wrong(text, name === text ? 'neither something that exists, nor a buildpack id, nor an image name' : 'no image name', hint)
  }
}

function wrong(value: string, found: string, hint?: string): PackagerError {
  return new PackagerError({ code: 'USAGE', step, value, found, wanted, hint })
}
