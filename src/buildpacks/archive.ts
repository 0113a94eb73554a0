import { open } from 'node:fs/promises'
import { posix } from 'node:path'
import type { Content, Excludes, LayerEntry } from '../layers/entries.ts'
import type { EntryTable, Row } from '../layers/entry-table.ts'
import { bytesOfText, pathOfBytes, textOfBytes } from '../layers/names.ts'
import type { Unpacked } from '../layers/unpack.ts'
import type { Walked } from '../layers/walk.ts'
import { PackagerError } from '../errors.ts'
import { largestConfig } from './config-file.ts'
import type { ModuleSource } from './source.ts'

/** As many as Linux follows. */
const mostLinks = 40

/**
 * A buildpack in an archive that was unpacked (SPEC-package.md section 10: its platform folders count as those of a folder
 * do). Names are the archive's, cleaned.
 */
export class ArchiveSource implements ModuleSource {
  readonly place: string
  readonly #unpacked: Unpacked

  constructor(unpacked: Unpacked, place: string) {
    this.#unpacked = unpacked
    this.place = place
  }

  /** Also by a second name, a link to it. */
  async read(name: string): Promise<Buffer | undefined> {
    const found = this.#unpacked.find(this.#follow(name) ?? '')
    const entry = found?.type === 'hardlink' ? this.#unpacked.find(found.link) : found
    return entry?.content === undefined ? undefined : readContent(entry.content, entry.size)
  }

  isFolder(path: string): boolean {
    const real = this.#follow(path)
    return real !== undefined && (real === '.' || this.#unpacked.folders.has(real))
  }

  isLayoutFolder(path: string): boolean {
    return this.#unpacked.find(`${bytesOfText(path)}/oci-layout`)?.type === 'file'
  }

  /** The archive's own order; an overlay entry that the root does not have comes last. */
  async list(root: string, excludes: Excludes, overlay: readonly LayerEntry[]): Promise<Walked> {
    const real = this.#follow(root) ?? bytesOfText(root)
    const listing = new Listing(real === '.' ? '' : `${real}/`, excludes, overlay, this.#unpacked)
    for (const entry of this.#unpacked.entries) listing.add(entry)
    return listing.end()
  }

  /** Where a path leads when symlinks on the way are followed; `undefined` where that is outside. */
  #follow(path: string): string | undefined {
    const rest = bytesOfText(path).split('/')
    let reached = '.'
    for (let links = 0; rest.length > 0; ) {
      const next = posix.join(reached, rest.shift() ?? '')
      if (next === '..' || next.startsWith('../')) return undefined
      const entry = this.#unpacked.find(next)
      if (entry?.type === 'symlink') {
        const text = entry.link
        links += 1
        if (links > mostLinks || text.startsWith('/')) return undefined
        rest.unshift(...text.split('/').filter((part) => part !== ''))
      } else reached = next
    }
    return reached
  }
}

/** What lies below one folder of an archive, as the content of a layer. */
class Listing {
  readonly #prefix: string
  readonly #excludes: Excludes
  readonly #overlay: Map<string, LayerEntry>
  readonly #unpacked: Unpacked
  readonly #entries: EntryTable
  readonly #excluded = new Set<string>()
  /** What was found out about folders: the excluded path that each lies at or below, if there is one. */
  readonly #folders = new Map<string, string | undefined>()
  /** By the first name that a file of several has in the archive: the first one that it has here. */
  readonly #carriers = new Map<string, string>()

  constructor(prefix: string, excludes: Excludes, overlay: readonly LayerEntry[], unpacked: Unpacked) {
    this.#prefix = prefix
    this.#excludes = excludes
    this.#overlay = new Map(overlay.map((entry) => [entry.name, entry]))
    this.#unpacked = unpacked
    this.#entries = unpacked.entries.emptied()
  }

  add(entry: LayerEntry): void {
    if (!entry.name.startsWith(this.#prefix) || entry.name.length === this.#prefix.length) return
    const name = entry.name.slice(this.#prefix.length)
    const left = this.#excludedAt(name, entry.type === 'folder')
    const laid = this.#overlay.get(name)
    if (left !== undefined) this.#excluded.add(left)
    else if (laid === undefined) this.#entries.add(this.#own(entry, name))
    else this.#entries.lay(laid)
    this.#overlay.delete(name)
  }

  end(): Walked {
    for (const entry of this.#overlay.values()) this.#entries.lay(entry)
    return { entries: this.#entries, excluded: [...this.#excluded] }
  }

  /** A file counts as linked only to others seen before it in the same root (SPEC-package.md section 4, "Fields"). */
  #own(entry: LayerEntry, name: string): Row {
    const first = entry.type === 'hardlink' ? entry.link : entry.name
    if (!this.#unpacked.linked.has(first)) return rowOf(entry, name)
    const carrier = this.#carriers.get(first)
    if (carrier !== undefined) return { name, type: 'hardlink', executable: entry.executable, size: 0, link: carrier, ...stampOf(entry) }
    this.#carriers.set(first, name)
    return { ...rowOf(this.#unpacked.find(first) ?? entry, name), ...stampOf(entry) }
  }

  /** The excluded path that an entry lies at or below, if there is one. */
  #excludedAt(name: string, isFolder: boolean): string | undefined {
    if (isFolder) return this.#folderExcludedAt(name)
    const slash = name.lastIndexOf('/')
    const above = slash === -1 ? undefined : this.#folderExcludedAt(name.slice(0, slash))
    if (above !== undefined) return above
    const text = textOfBytes(name)
    return this.#excludes(text, false) ? text : undefined
  }

  #folderExcludedAt(name: string): string | undefined {
    if (this.#folders.has(name)) return this.#folders.get(name)
    const slash = name.lastIndexOf('/')
    const above = slash === -1 ? undefined : this.#folderExcludedAt(name.slice(0, slash))
    const text = textOfBytes(name)
    const left = above ?? (this.#excludes(text, true) ? `${text}/` : undefined)
    this.#folders.set(name, left)
    return left
  }
}

function rowOf(entry: LayerEntry, name: string): Row {
  const { type, executable, size, link, content } = entry
  return { name, type, executable, size, link, start: content?.kind === 'file' ? content.start : 0, ...stampOf(entry) }
}

function stampOf({ stamp }: LayerEntry): Pick<Row, 'stamp'> {
  return stamp === undefined ? {} : { stamp }
}

async function readContent(content: Content, size: number): Promise<Buffer> {
  if (content.kind === 'bytes') return Buffer.from(content.bytes)
  if (size > largestConfig) throw new PackagerError({ code: 'UNSUPPORTED', step: 'read archive', found: `a config file of ${size} bytes`, wanted: `at most ${largestConfig}` })
  const file = await open(pathOfBytes(content.path))
  try {
    const bytes = Buffer.alloc(size)
    const { bytesRead } = await file.read(bytes, 0, size, content.start)
    return bytes.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
