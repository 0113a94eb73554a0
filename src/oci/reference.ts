import { PackagerError } from '../errors.ts'
import type { Digest } from './digest.ts'
import { isDigest } from './digest.ts'

/** An image's name, taken apart: where the registry is, the repository there, and a tag, a digest, both or neither. */
export interface Reference {
  /** Lower case, with its port where one is named: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string
  /** Never empty; on Docker Hub with its `library/`. */
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}

const step = 'read image name'
const wanted = '[host[:port]/]path[/path...][:tag][@sha256:<64 hex digits>]'
const hub = 'docker.io'
const legacyHub = 'index.docker.io'
/** Of the name, so host and path without tag and digest (distribution/reference, `NameTotalLengthMax`). */
const longestName = 255

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const hostPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:.]+\\])(?::([0-9]{1,5}))?$`)
const partPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const loginPattern = /^(?:[a-z][a-z0-9+.-]*:\/\/)?[^/@:]+:[^/@]*@[^@]*\//i
const schemePattern = /^([a-z][a-z0-9+.-]*):\/\//i

/**
 * Reads an image name by the grammar of distribution/reference, with Docker Hub's short forms written out.
 * No tag is made up: see {@link tagOf}. Throws `USAGE` with what is wrong and the grammar.
 *
 * @example
 * parseReference('foo')                       // { registry: 'docker.io', repository: 'library/foo' }
 * parseReference('localhost:5000/acme/bp:1')  // { registry: 'localhost:5000', repository: 'acme/bp', tag: '1' }
 */
export function parseReference(text: string): Reference {
  if (loginPattern.test(text)) throw wrong(text, 'a user and password', 'leave them out, and log in with "docker login" or "podman login", or set CNB_REGISTRY_AUTH')
  const scheme = schemePattern.exec(text)
  if (scheme !== null) throw wrong(text, `the scheme "${scheme[0]}"`, 'leave the scheme out; --plain-http HOST asks for http')
  const at = text.indexOf('@')
  const digest = at === -1 ? undefined : readDigest(text, text.slice(at + 1))
  const named = at === -1 ? text : text.slice(0, at)
  const colon = named.lastIndexOf(':')
  const tagged = colon > named.lastIndexOf('/')
  const tag = tagged ? readTag(text, named.slice(colon + 1)) : undefined
  const { registry, repository } = readName(text, tagged ? named.slice(0, colon) : named)
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

/** The full form; {@link parseReference} reads it back to an equal value. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`
  return `${repositoryName(reference)}${tag}${digest}`
}

/** `registry/repository`, to which `@digest` can be added. */
export function repositoryName(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`
}

/** The tag that is meant where a name has none. */
export function tagOf(reference: Reference): string {
  return reference.tag ?? 'latest'
}

/** Whether a text may be a tag (distribution-spec, "Pulling manifests"). */
export function isTag(text: string): boolean {
  return tagPattern.test(text)
}

function readDigest(text: string, digest: string): Digest {
  if (isDigest(digest)) return digest
  throw wrong(text, `the digest "${digest}"`, 'a digest is sha256: and 64 lower-case hex digits')
}

function readTag(text: string, tag: string): string {
  if (isTag(tag)) return tag
  const hint = 'a tag has letters, digits, "_", "." and "-", at most 128 of them, and does not begin with "." or "-"'
  throw wrong(text, tag === '' ? 'an empty tag' : `the tag "${tag}"`, hint)
}

/** Docker's rule: the first part is a host where it has a dot or a colon, or is `localhost`; else the name is Docker Hub's. */
function readName(text: string, name: string): { registry: string; repository: string } {
  if (name === '') throw wrong(text, 'no repository')
  const slash = name.indexOf('/')
  const first = slash === -1 ? '' : name.slice(0, slash)
  const hosted = /[.:]/.test(first) || first.toLowerCase() === 'localhost'
  const host = hosted ? readHost(text, first) : hub
  const path = hosted ? name.slice(slash + 1) : name
  const registry = host === legacyHub ? hub : host
  const repository = registry === hub && !path.includes('/') ? `library/${path}` : path
  checkPath(text, path)
  if (registry.length + 1 + repository.length > longestName) throw wrong(text, `a name of more than ${longestName} characters`)
  return { registry, repository }
}

function readHost(text: string, host: string): string {
  const match = hostPattern.exec(host)
  const port = match?.[1]
  if (match === null || Number(port ?? 1) > 65_535 || Number(port ?? 1) === 0) {
    throw wrong(text, `the host "${host}"`, 'a host is a name, an IPv4 address or an IPv6 address in brackets, with a port up to 65535')
  }
  return host.toLowerCase()
}

function checkPath(text: string, path: string): void {
  const bad = path.split('/').find((part) => !partPattern.test(part))
  if (bad === undefined) {
    if (/^[0-9a-f]{64}$/.test(path)) throw wrong(text, 'a repository that looks like an image ID, 64 hex digits')
    return
  }
  if (path === '') throw wrong(text, 'no repository after the host')
  if (bad === '') throw wrong(text, 'an empty part between slashes')
  if (bad !== bad.toLowerCase() && partPattern.test(bad.toLowerCase())) {
    throw wrong(text, `upper case in "${bad}"`, `repositories are lower case: ${bad.toLowerCase()}`)
  }
  throw wrong(text, `the part "${bad}"`, 'a part has lower-case letters and digits, between them ".", "_", "__" or dashes')
}

function wrong(value: string, found: string, hint?: string): PackagerError {
  return new PackagerError({ code: 'USAGE', step, value, found, wanted, hint })
}
