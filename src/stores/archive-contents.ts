import { open } from 'node:fs/promises'
import { PackagerError, reason, throwIfCancelled } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import { ArchiveFault, broken, refused, tooMuch } from '../tar/fault.ts'
import type { Member } from '../tar/members.ts'
import { MemberReader } from '../tar/members.ts'
import { FileBytes } from './archive-bytes.ts'

/** Where a member's bytes lie in the file. */
export interface Extent {
  readonly start: number
  readonly size: number
}

/** What an archived layout holds, by place. Only names that a layout has are kept; none of them ever becomes a path. */
export interface ArchiveContents {
  readonly index: Extent
  readonly marker: Extent
  readonly blobs: ReadonlyMap<Digest, Extent>
}

const step = 'read archive'
/** More than any layout has: an index of all known platforms with a hundred layers each is far below it. */
const mostEntries = 65_536
const dockerHint = '`skopeo copy docker-archive:FILE oci-archive:FILE.cnb` makes one that can be read'

/**
 * Finds the members of a tar that holds an OCI image layout by reading its headers alone: a layer of a gigabyte is stepped
 * over. `path` is what is read, `shown` what messages name.
 *
 * @throws PackagerError `UNREADABLE` for a broken or incomplete archive, `UNSUPPORTED` for what it must not hold
 */
export async function findContents(path: string, shown: string = path, signal?: AbortSignal): Promise<ArchiveContents> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    return await scan(new FileBytes(file, size), signal)
  } catch (cause) {
    if (cause instanceof PackagerError) throw cause
    if (cause instanceof ArchiveFault) throw new PackagerError({ ...cause.fault, step, value: shown })
    throw new PackagerError({ code: 'UNREADABLE', step, value: shown, found: reason(cause), cause })
  } finally {
    await file.close()
  }
}

async function scan(bytes: FileBytes, signal: AbortSignal | undefined): Promise<ArchiveContents> {
  const reader = new MemberReader(bytes)
  const found = new LayoutMembers()
  for (let member = await reader.next(); member !== undefined; member = await reader.next()) {
    throwIfCancelled(signal, step)
    found.add(member, bytes.position)
  }
  return found.contents()
}

/** Members by the names that a layout has; whatever else there is may be there, but for what no layout has a use for. */
class LayoutMembers {
  readonly #members = new Map<string, Extent>()
  #entries = 0
  /** The first link. An archive of the Docker engine has links as well, and is better refused for what it is. */
  #link: ArchiveFault | undefined

  add({ name, type, size }: Member, start: number): void {
    this.#entries += 1
    if (this.#entries > mostEntries) throw tooMuch(`more than ${mostEntries} entries`, String(mostEntries))
    const parts = name.toString('latin1').split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..') || name.includes(0)) throw refused(name, 'a name that leaves the archive')
    if (type === 'symlink' || type === 'hardlink') this.#link ??= refused(name, type === 'symlink' ? 'a symlink' : 'a hard link')
    const key = parts.join('/')
    if (type !== 'file' || !isLayoutName(key)) return
    if (this.#members.has(key)) throw refused(name, 'an entry that is there twice')
    this.#members.set(key, { start, size })
  }

  contents(): ArchiveContents {
    const index = this.#members.get('index.json')
    const marker = this.#members.get('oci-layout')
    if (index === undefined && this.#members.has('manifest.json')) throw broken('an archive of the Docker engine', dockerHint)
    if (this.#link !== undefined) throw this.#link
    if (index !== undefined && marker !== undefined) return { index, marker, blobs: blobsOf(this.#members) }
    const found = this.#entries === 0 ? 'an empty tar' : `a tar without ${index === undefined ? 'index.json' : 'oci-layout'}`
    throw new ArchiveFault({ code: 'UNREADABLE', found, wanted: 'an OCI image layout in a tar' })
  }
}

/** manifest.json tells an archive of the Docker engine. */
function isLayoutName(key: string): boolean {
  return ['index.json', 'oci-layout', 'manifest.json'].includes(key) || digestIn(key) !== undefined
}

function digestIn(key: string): Digest | undefined {
  const [blobs, algorithm, hex, ...more] = key.split('/')
  const digest = `${algorithm}:${hex}`
  return blobs === 'blobs' && more.length === 0 && isDigest(digest) ? digest : undefined
}

function blobsOf(members: ReadonlyMap<string, Extent>): Map<Digest, Extent> {
  const blobs = new Map<Digest, Extent>()
  for (const [key, extent] of members) {
    const digest = digestIn(key)
    if (digest !== undefined) blobs.set(digest, extent)
  }
  return blobs
}
