import { PackagerError } from '../errors.ts'
import { isDigest } from '../oci/digest.ts'
import type { Reference } from '../oci/reference.ts'
import { parseReference } from '../oci/reference.ts'

/** What SOURCE means, taken apart. Paths are as they were written. */
export type SourceWord =
  | { readonly kind: 'registry'; readonly reference: Reference }
  /** Of several images in a layout or an archive, `name` is the one that is meant: a tag or a digest; `''` is all there is. */
  | { readonly kind: 'layout' | 'archive'; readonly path: string; readonly name: string }
  | { readonly kind: 'folder'; readonly path: string }
  /** As the engine knows it: a name, also a short one, or an id. */
  | { readonly kind: 'daemon'; readonly name: string }
  /** A name without a word before it: a local list, else the registry's. */
  | { readonly kind: 'name'; readonly reference: Reference }
  | { readonly kind: 'local'; readonly reference: Reference }

/** What lies at a path: `layout` is a folder that holds `oci-layout`. */
export type PathKind = 'file' | 'folder' | 'layout'

const step = 'read the source'
const wanted = 'an image name, a .cnb, a layout or buildpack folder, or one of them after docker://, oci:, file:, daemon: or local:'

/** What can only be meant as a path, also where nothing is there. */
const pathPattern = /^(?:\.{0,2}\/|\.{1,2}$|~)|(?:\/|\.cnb|\.oci)$/

/**
 * Reads what SOURCE says (SPEC-manifest.md, "inspect SOURCE"): a word before a colon forces a reading, what exists as a path
 * is one, all else is an image name.
 *
 * @param kindAt what lies at a path, undefined for nothing
 * @throws PackagerError `USAGE` for what is none of these, `NOT_FOUND` for a path where nothing is
 * @example
 * parseSource('oci:out/bp.oci:1.0', kindAt) // { kind: 'layout', path: 'out/bp.oci', name: '1.0' }
 */
export function parseSource(text: string, kindAt: (path: string) => PathKind | undefined): SourceWord {
  if (text.trim() === '' || text.includes('\0')) throw new PackagerError({ code: 'USAGE', step, value: text, found: text.includes('\0') ? 'a zero byte' : 'nothing', wanted })
  const [, word = '', rest = ''] = /^(docker:\/\/|oci:|oci-archive:|file:|daemon:|docker-daemon:|local:)(.*)$/s.exec(text) ?? []
  switch (word) {
    case 'docker://':
      return { kind: 'registry', reference: nameIn(text, rest) }
    case 'local:':
      return { kind: 'local', reference: nameIn(text, rest) }
    case 'daemon:':
    case 'docker-daemon:':
      if (rest === '') throw new PackagerError({ code: 'USAGE', step, value: text, found: 'no name', wanted: 'an image of the engine, by name or id' })
      return { kind: 'daemon', name: rest }
    case 'oci:':
      return { kind: 'layout', ...withName(rest, kindAt) }
    case 'oci-archive:':
      return { kind: 'archive', ...withName(rest, kindAt) }
    case 'file:':
      return fromPath(withoutSlashes(rest), kindAt) ?? missing(text)
    default:
      return fromPath(text, kindAt) ?? (pathPattern.test(text) ? missing(text) : { kind: 'name', reference: nameIn(text, text) })
  }
}

function fromPath(path: string, kindAt: (path: string) => PathKind | undefined): SourceWord | undefined {
  const kind = kindAt(path)
  if (kind === undefined) return undefined
  return kind === 'folder' ? { kind, path } : { kind: kind === 'file' ? 'archive' : kind, path, name: '' }
}

/** `PATH`, `PATH:TAG` or `PATH@DIGEST`: what exists as a whole is a path. */
function withName(text: string, kindAt: (path: string) => PathKind | undefined): { readonly path: string; readonly name: string } {
  if (kindAt(text) !== undefined) return { path: text, name: '' }
  const at = text.lastIndexOf('@')
  if (at !== -1 && isDigest(text.slice(at + 1))) return { path: text.slice(0, at), name: text.slice(at + 1) }
  const colon = text.lastIndexOf(':')
  return colon === -1 || text.indexOf('/', colon) !== -1 ? { path: text, name: '' } : { path: text.slice(0, colon), name: text.slice(colon + 1) }
}

/** `file:///a` and `file:/a` are `/a`. */
function withoutSlashes(path: string): string {
  return path.replace(/^\/\//, '')
}

function missing(text: string): never {
  throw new PackagerError({ code: 'NOT_FOUND', step, value: text, found: 'no such file or folder', wanted: 'a .cnb, a layout folder or a buildpack folder' })
}

function nameIn(text: string, name: string): Reference {
  try {
    return parseReference(name)
  } catch (cause) {
    if (!(cause instanceof PackagerError)) throw cause
    const hint = cause.hint === undefined ? cause.message : `${cause.message}; ${cause.hint}`
    throw new PackagerError({ code: 'USAGE', step, value: text, found: 'neither something that exists nor an image name', wanted, hint, cause })
  }
}
