import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { PackagerError, reason, throwIfCancelled } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import { paddingOf } from '../oci/tar-header.ts'
import type { TarHeader } from './archive-header.ts'
import { decodeHeader, decodeRecords, hasContent, text } from './archive-header.ts'

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

const blockSize = 512
/** More than any layout has: an index of all known platforms with a hundred layers each is far below it. */
const mostEntries = 65_536
/** Extended headers hold names, not content. */
const largestExtension = 1024 * 1024
const wanted = 'an OCI image layout in a tar'
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
    return await new Scan(file, size, shown).run(signal)
  } catch (cause) {
    if (cause instanceof PackagerError) throw cause
    throw new PackagerError({ code: 'UNREADABLE', step: 'read archive', value: shown, found: reason(cause), cause })
  } finally {
    await file.close()
  }
}

class Scan {
  readonly #file: FileHandle
  readonly #size: number
  readonly #shown: string
  readonly #members = new Map<string, Extent>()
  #window: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) }
  /** What an extended header says of the entry after it. */
  #name: string | undefined
  #length: number | undefined
  /** The first link, device or the like. An archive of the Docker engine has links as well, and is better refused for what it is. */
  #unwanted: PackagerError | undefined

  constructor(file: FileHandle, size: number, shown: string) {
    this.#file = file
    this.#size = size
    this.#shown = shown
  }

  async run(signal: AbortSignal | undefined): Promise<ArchiveContents> {
    let entries = 0
    for (let at = 0; at < this.#size; entries += 1) {
      throwIfCancelled(signal, 'read archive')
      if (entries >= mostEntries) throw this.#refused(`more than ${mostEntries} entries`)
      if (this.#size - at < blockSize) throw this.#broken(`it is cut short: ${this.#size - at} bytes where entry ${entries + 1} should begin`)
      const block = await this.#read(at, blockSize)
      if (isZero(block)) break
      const header = decodeHeader(block)
      if (header === undefined) throw this.#broken(`no tar header at byte ${at}`)
      at = await this.#pass(header, at + blockSize)
    }
    return this.#contents(entries)
  }

  /** Takes note of one entry; gives where the next one begins. */
  async #pass(header: TarHeader, start: number): Promise<number> {
    const name = this.#name ?? header.name
    const extension = 'xgLK'.includes(header.type)
    const stated = extension ? header.size : (this.#length ?? header.size)
    const size = hasContent(header.type) ? stated : 0
    if (size > this.#size - start) throw this.#broken(`it is cut short: entry ${quote(name)} has ${size} bytes, the file ${this.#size - start} from there on`)
    if (extension) await this.#extend(header.type, start, size)
    else {
      this.#take(header.type, name, { start, size })
      this.#name = undefined
      this.#length = undefined
    }
    return start + size + paddingOf(size)
  }

  async #extend(type: string, start: number, size: number): Promise<void> {
    if (size > largestExtension) throw this.#refused(`an extended header of ${size} bytes`)
    if (type === 'L') this.#name = text(await this.#read(start, size))
    if (type !== 'x') return
    const records = decodeRecords(await this.#read(start, size))
    if (records === undefined) throw this.#broken(`a broken extended header at byte ${start}`)
    if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) throw this.#refused('a sparse file')
    this.#name = records.get('path') ?? this.#name
    const length = records.get('size')
    if (length === undefined) return
    if (!/^\d{1,15}$/.test(length)) throw this.#broken(`an extended header with size ${quote(length)}`)
    this.#length = Number(length)
  }

  #take(type: string, name: string, extent: Extent): void {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..') || name.includes('\0')) throw this.#refused(`a name that leaves the archive: ${quote(name)}`)
    if (type === '5') return
    const key = parts.join('/')
    if (type !== '0' && type !== '7') {
      this.#unwanted ??= this.#refused(`${kinds.get(type) ?? `an entry of type ${quote(type)}`}: ${quote(name)}`)
      return
    }
    if (!isLayoutName(key)) return
    if (this.#members.has(key)) throw this.#refused(`${quote(name)} twice`)
    this.#members.set(key, extent)
  }

  #contents(entries: number): ArchiveContents {
    const index = this.#members.get('index.json')
    const marker = this.#members.get('oci-layout')
    if (index === undefined && this.#members.has('manifest.json')) throw this.#broken('an archive of the Docker engine', dockerHint)
    if (this.#unwanted !== undefined) throw this.#unwanted
    if (index !== undefined && marker !== undefined) return { index, marker, blobs: blobsOf(this.#members) }
    const found = entries === 0 ? 'an empty tar' : `a tar without ${index === undefined ? 'index.json' : 'oci-layout'}`
    throw this.#broken(found, 'the file may be cut short, or be another kind of archive')
  }

  /** Headers come one after another where blobs are small: a few of them with each read. */
  async #read(start: number, size: number): Promise<Buffer> {
    const from = start - this.#window.start
    if (from < 0 || from + size > this.#window.bytes.length) {
      const bytes = Buffer.alloc(Math.min(Math.max(size, 16 * 1024), this.#size - start))
      const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, start)
      if (bytesRead < size) throw this.#broken('it became shorter while it was read')
      this.#window = { start, bytes: bytes.subarray(0, bytesRead) }
    }
    return this.#window.bytes.subarray(start - this.#window.start, start - this.#window.start + size)
  }

  #broken(found: string, hint?: string): PackagerError {
    return new PackagerError({ code: 'UNREADABLE', step: 'read archive', value: this.#shown, found, wanted, hint })
  }

  #refused(found: string): PackagerError {
    return new PackagerError({ code: 'UNSUPPORTED', step: 'read archive', value: this.#shown, found, wanted })
  }
}

const kinds = new Map([
  ['1', 'a hard link'],
  ['2', 'a symlink'],
  ['3', 'a device'],
  ['4', 'a device'],
  ['6', 'a pipe'],
  ['S', 'a sparse file'],
])

/** manifest.json tells an archive of the Docker engine by its name. */
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

/** A name from outside, short enough for a message. */
function quote(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}...` : name)
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}
