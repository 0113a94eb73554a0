import { createHash } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
import { PackagerError } from '../errors.ts'
import type { Reference } from '../oci/reference.ts'
import { formatReference, tagOf } from '../oci/reference.ts'

/** Above this many bytes a name is cut and made unique by a hash: some file systems take no more than 255. */
const longest = 180
const kept = 100

/** Where local lists lie (SPEC-manifest.md, "Local lists"); a relative or empty XDG value counts as unset, as that standard says. */
export function listsFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { XDG_DATA_HOME: xdg, HOME: home, USERPROFILE: profile, LOCALAPPDATA: local } = env
  if (xdg?.startsWith('/') === true) return join(xdg, 'bp-package', 'manifests')
  if (local !== undefined && isAbsolute(local)) return join(local, 'bp-package', 'manifests')
  const base = [home, profile].find((folder) => folder !== undefined && isAbsolute(folder))
  if (base !== undefined) return join(base, '.local', 'share', 'bp-package', 'manifests')
  throw new PackagerError({ code: 'OUTPUT', step: 'find local lists', found: 'no home folder', wanted: 'HOME or XDG_DATA_HOME', hint: '--publish works without local lists' })
}

/** The full name of a list: `host/repo:tag`, the tag `latest` where there is none. */
export function listReference(reference: Reference): string {
  return formatReference({ registry: reference.registry, repository: reference.repository, tag: tagOf(reference) })
}

/**
 * The folder of a list. No two references have the same one, also where the file system ignores case.
 *
 * @example
 * listFolderName('127.0.0.1:5001/a/b:V1') // '127.0.0.1%3A5001%2Fa%2Fb%3A%561'
 */
export function listFolderName(reference: string): string {
  const name = Array.from(Buffer.from(reference), (byte) => {
    const char = String.fromCharCode(byte)
    return /[a-z0-9._-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
  return name.length <= longest ? name : `${name.slice(0, kept)}-${createHash('sha256').update(reference).digest('hex')}`
}
