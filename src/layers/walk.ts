import { existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { PackagerError, reason, systemCode, throwIfCancelled } from '../errors.ts'
import type { Entries, Excludes, LayerEntry } from './entries.ts'
import type { Row } from './entry-table.ts'
import { EntryTable } from './entry-table.ts'
import { bytesOfText, pathOfBytes, textOfBytes } from './names.ts'

export interface WalkOptions {
  /** The folder on disk whose content becomes the layer's. */
  readonly folder: string
  readonly excludes: Excludes
  /** Entries of the root folder itself that take the place of what lies there under the same name. */
  readonly overlay: readonly LayerEntry[]
  readonly signal?: AbortSignal | undefined
}

export interface Walked {
  readonly entries: Entries
  /** Paths below the root that were left out, folders with a slash at their end and not looked into. */
  readonly excluded: readonly string[]
}

const yieldEvery = 512

/** How much is shown of a path that no system call takes. */
const shownOfPath = 200

/**
 * A folder's content in the order of a layer: in each folder all names sorted by their bytes, a folder's entry followed at
 * once by its content (SPEC-package.md section 4). Sockets are left out as pack leaves them out; pipes and devices are
 * refused, since reading one never ends. Calls are synchronous, which for twenty thousand names is ten times faster, and
 * make way for others every few hundred entries.
 *
 * @throws PackagerError `UNREADABLE`, `SOURCE_CHANGED`, `UNSUPPORTED`, `CANCELLED`
 */
export async function walk(options: WalkOptions): Promise<Walked> {
  const walker = new Walker(options)
  await walker.enter(bytesOfText(options.folder), '')
  return { entries: walker.entries, excluded: walker.excluded }
}

/** Paths and names are bytes (names.ts). */
class Walker {
  readonly entries: EntryTable
  readonly excluded: string[] = []
  readonly #options: WalkOptions
  readonly #overlay: ReadonlyMap<string, LayerEntry>
  /** First name of each inode that has several. */
  readonly #inodes = new Map<string, string>()
  #sinceYield = 0

  constructor(options: WalkOptions) {
    this.#options = options
    this.entries = new EntryTable({ kind: 'folder', path: bytesOfText(options.folder) })
    this.#overlay = new Map(options.overlay.map((entry) => [entry.name, entry]))
  }

  async enter(folder: string, name: string): Promise<void> {
    for (const child of this.#names(folder, name)) {
      const laid = name === '' ? this.#overlay.get(child) : undefined
      if (laid === undefined) await this.#visit(`${folder}/${child}`, name === '' ? child : `${name}/${child}`)
      else this.entries.lay(laid)
      this.#sinceYield += 1
      if (this.#sinceYield >= yieldEvery) {
        this.#sinceYield = 0
        throwIfCancelled(this.#options.signal, 'list files')
        await setImmediate()
      }
    }
  }

  #names(folder: string, name: string): string[] {
    const found = attempt(folder, 'list folder', (path) => readdirSync(path, { encoding: 'latin1' }))
    if (name === '') {
      const known = new Set(found)
      for (const key of this.#overlay.keys()) if (!known.has(key)) found.push(key)
    }
    // One character is one byte, so this is the order of the bytes.
    return found.sort((a, b) => (a < b ? -1 : 1))
  }

  async #visit(path: string, name: string): Promise<void> {
    const stats = attempt(path, 'read', (file) => lstatSync(file))
    const text = textOfBytes(name)
    if (this.#options.excludes(text, stats.isDirectory())) {
      this.excluded.push(stats.isDirectory() ? `${text}/` : text)
      return
    }
    if (stats.isDirectory()) {
      this.entries.add({ name, type: 'folder', executable: true, size: 0, link: '' })
      await this.enter(path, name)
    } else if (stats.isSymbolicLink()) {
      const link = attempt(path, 'read link', (file) => readlinkSync(file, { encoding: 'latin1' }))
      this.entries.add({ name, type: 'symlink', executable: true, size: 0, link })
    } else if (stats.isFile()) {
      this.entries.add(this.#file(path, name, stats))
    } else if (!stats.isSocket()) {
      throw special(text, stats)
    }
  }

  #file(path: string, name: string, stats: Stats): Row {
    const executable = (stats.mode & 0o111) !== 0
    const row: Row = { name, type: 'file', executable, size: stats.size, link: '', modified: stats.mtimeMs, changed: stats.ctimeMs }
    if (stats.nlink < 2) return row
    // Inode numbers can be larger than a double holds; only files with several names need the exact one.
    const exact = attempt(path, 'read', (file) => lstatSync(file, { bigint: true }))
    const key = `${exact.dev}:${exact.ino}`
    const first = this.#inodes.get(key)
    if (first !== undefined) return { name, type: 'hardlink', executable, size: 0, link: first }
    this.#inodes.set(key, name)
    return row
  }
}

/** A folder that is an OCI image layout: what an earlier run wrote, never part of a buildpack. */
export function isLayoutFolder(path: string): boolean {
  return existsSync(`${path}/oci-layout`)
}

function attempt<T>(path: string, step: string, action: (path: string | Buffer) => T): T {
  try {
    return action(pathOfBytes(path))
  } catch (cause) {
    throw fileError(textOfBytes(path), step, cause)
  }
}

/** A file that cannot be read, in the author's words: which file, why, and what to do. */
export function fileError(value: string, step: string, cause: unknown): PackagerError {
  const code = systemCode(cause)
  if (code === 'ENOENT' || code === 'ELOOP') {
    return new PackagerError({
      code: 'SOURCE_CHANGED',
      step,
      value,
      found: 'it vanished while the package was made',
      hint: 'run again when nothing else writes into the buildpack folder',
      cause,
    })
  }
  if (code === 'ENAMETOOLONG') {
    const found = `a path of ${Buffer.byteLength(value)} bytes, more than the system opens`
    return new PackagerError({ code: 'UNREADABLE', step, value: `${value.slice(0, shownOfPath)}...`, found, hint: 'leave it out with .bpignore or --exclude', cause })
  }
  const hint = code === 'EACCES' || code === 'EPERM' ? 'make it readable, or leave it out with .bpignore or --exclude' : undefined
  return new PackagerError({ code: 'UNREADABLE', step, value, found: reason(cause), hint, cause })
}

function special(path: string, stats: Stats): PackagerError {
  const found = stats.isFIFO() ? 'a named pipe' : 'a device'
  return new PackagerError({ code: 'UNSUPPORTED', step: 'package', value: path, found, wanted: 'a file, a folder or a link', hint: 'leave it out with .bpignore or --exclude' })
}
