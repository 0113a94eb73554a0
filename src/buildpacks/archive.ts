import { open } from 'node:fs/promises'
import { posix } from 'node:path'
import type { Content, Excludes, LayerEntry } from '../layers/entries.ts'
import type { Walked } from '../layers/walk.ts'
import { PackagerError } from '../errors.ts'
import { largestConfig } from './config-file.ts'
import type { ModuleSource } from './source.ts'

/** As many as Linux follows. */
const mostLinks = 40

/** Names are bytes, and need be no text: inside they are latin1, one character for each byte. */
function keyOf(name: Buffer | string): string {
  return (typeof name === 'string' ? Buffer.from(name) : name).toString('latin1')
}

function textOf(key: string): string {
  return Buffer.from(key, 'latin1').toString('utf8')
}

/**
 * A buildpack in an archive that was unpacked (SPEC-package.md section 10: its platform folders count as those of a folder
 * do). Names are the archive's, cleaned.
 */
export class ArchiveSource implements ModuleSource {
  readonly place: string
  readonly #entries: readonly LayerEntry[]
  readonly #byName: ReadonlyMap<string, LayerEntry>
  /** Of all folders, also those that only stand in the names of others. */
  readonly #folders = new Set<string>(['.'])

  constructor(entries: readonly LayerEntry[], place: string) {
    this.#entries = entries
    this.place = place
    this.#byName = new Map(entries.map((entry) => [keyOf(entry.name), entry]))
    for (const [name, { type }] of this.#byName) {
      const first = type === 'folder' ? name : posix.dirname(name)
      for (let folder = first; !this.#folders.has(folder); folder = posix.dirname(folder)) this.#folders.add(folder)
    }
  }

  /** Also by a second name, a link to it. */
  async read(name: string): Promise<Buffer | undefined> {
    const found = this.#byName.get(this.#follow(name) ?? '')
    const entry = found?.type === 'hardlink' ? this.#byName.get(keyOf(found.link)) : found
    return entry?.content === undefined ? undefined : readContent(entry.content, entry.size)
  }

  isFolder(path: string): boolean {
    const real = this.#follow(path)
    return real !== undefined && this.#folders.has(real)
  }

  isLayoutFolder(path: string): boolean {
    return this.#byName.get(`${keyOf(path)}/oci-layout`)?.type === 'file'
  }

  /** The archive's own order; an overlay entry that the root does not have comes last. */
  async list(root: string, excludes: Excludes, overlay: readonly LayerEntry[]): Promise<Walked> {
    const real = this.#follow(root) ?? keyOf(root)
    const listing = new Listing(real === '.' ? '' : `${real}/`, excludes, overlay, this.#byName)
    for (const entry of this.#entries) listing.add(entry)
    return listing.end()
  }

  /** Where a path leads when symlinks on the way are followed; `undefined` where that is outside. */
  #follow(path: string): string | undefined {
    const rest = keyOf(path).split('/')
    let reached = '.'
    for (let links = 0; rest.length > 0; ) {
      const next = posix.join(reached, rest.shift() ?? '')
      if (next === '..' || next.startsWith('../')) return undefined
      const entry = this.#byName.get(next)
      if (entry?.type === 'symlink') {
        const text = keyOf(entry.link)
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
  readonly #byName: ReadonlyMap<string, LayerEntry>
  readonly #entries: LayerEntry[] = []
  readonly #excluded = new Set<string>()
  /** By the first name of a file in the archive: the first name that it has here. */
  readonly #carriers = new Map<string, Buffer>()

  constructor(prefix: string, excludes: Excludes, overlay: readonly LayerEntry[], byName: ReadonlyMap<string, LayerEntry>) {
    this.#prefix = prefix
    this.#excludes = excludes
    this.#overlay = new Map(overlay.map((entry) => [keyOf(entry.name), entry]))
    this.#byName = byName
  }

  add(entry: LayerEntry): void {
    const path = keyOf(entry.name)
    if (!path.startsWith(this.#prefix) || path.length === this.#prefix.length) return
    const name = path.slice(this.#prefix.length)
    const left = excludedAt(textOf(name), entry.type === 'folder', this.#excludes)
    if (left === undefined) this.#entries.push(this.#overlay.get(name) ?? this.#own(entry))
    else this.#excluded.add(left)
    this.#overlay.delete(name)
  }

  end(): Walked {
    return { entries: [...this.#entries, ...this.#overlay.values()], excluded: [...this.#excluded] }
  }

  /** A file counts as linked only to others seen before it in the same root (SPEC-package.md section 4, "Fields"). */
  #own(entry: LayerEntry): LayerEntry {
    const name = entry.name.subarray(this.#prefix.length)
    if (entry.type !== 'file' && entry.type !== 'hardlink') return { ...entry, name }
    const first = keyOf(entry.type === 'file' ? entry.name : entry.link)
    const carrier = this.#carriers.get(first)
    if (carrier !== undefined) return { ...entry, type: 'hardlink', name, link: carrier }
    this.#carriers.set(first, name)
    return { ...(this.#byName.get(first) ?? entry), name }
  }
}

/** The excluded path that an entry lies at or below, if there is one. */
function excludedAt(name: string, isFolder: boolean, excludes: Excludes): string | undefined {
  const parts = name.split('/')
  for (let depth = 1; depth < parts.length; depth += 1) {
    const folder = parts.slice(0, depth).join('/')
    if (excludes(folder, true)) return `${folder}/`
  }
  return excludes(name, isFolder) ? (isFolder ? `${name}/` : name) : undefined
}

async function readContent(content: Content, size: number): Promise<Buffer> {
  if (content.kind === 'bytes') return Buffer.from(content.bytes)
  if (size > largestConfig) throw new PackagerError({ code: 'UNSUPPORTED', step: 'read archive', found: `a config file of ${size} bytes`, wanted: `at most ${largestConfig}` })
  const file = await open(content.path)
  try {
    const bytes = Buffer.alloc(size)
    const { bytesRead } = await file.read(bytes, 0, size, content.start)
    return bytes.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
