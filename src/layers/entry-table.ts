import type { Stamp } from '../tar/stamp.ts'
import { NameColumn, NumberColumn } from './columns.ts'
import type { Content, LayerEntry } from './entries.ts'

/** Where the contents of a table's files are: each under its own name in a folder, or one after another in one file. */
export type Place = { readonly kind: 'folder'; readonly path: string } | { readonly kind: 'spool'; readonly path: string }

/** An entry as it is put into a table: of its content only what the table's place does not tell. */
export interface Row extends Omit<LayerEntry, 'content'> {
  /** In a spool. */
  readonly start?: number
  /** In a folder. */
  readonly modified?: number
  readonly changed?: number
}

const types = ['file', 'folder', 'symlink', 'hardlink'] as const

/**
 * Entries in columns. An object for each with its name, path and times takes half a kilobyte, which for a hundred thousand
 * files is more than all else in a run; so an entry becomes one only while somebody looks at it, and takes about fifty bytes
 * and its name's meanwhile.
 */
export class EntryTable implements Iterable<LayerEntry> {
  readonly #place: Place
  readonly #names = new NameColumn()
  /** The type's place in `types`, times two, and one more where it can be executed. */
  readonly #kinds = new NumberColumn(Uint8Array)
  readonly #sizes = new NumberColumn(Float64Array)
  /** A content's start in a spool, a file's mtime in a folder. */
  readonly #first = new NumberColumn(Float64Array)
  /** A file's ctime in a folder. */
  readonly #second = new NumberColumn(Float64Array)
  readonly #links = new Map<number, string>()
  readonly #stamps = new Map<number, Stamp>()
  readonly #laid = new Map<number, LayerEntry>()

  constructor(place: Place) {
    this.#place = place
  }

  get length(): number {
    return this.#names.length
  }

  /** Puts an entry at the end; gives its index. */
  add({ name, type, executable, size, link, start = 0, modified = 0, changed = 0, stamp }: Row): number {
    const index = this.#names.length
    const isFolder = this.#place.kind === 'folder'
    this.#names.push(name)
    this.#kinds.push(types.indexOf(type) * 2 + (executable ? 1 : 0))
    this.#sizes.push(size)
    this.#first.push(isFolder ? modified : start)
    if (isFolder) this.#second.push(changed)
    if (link !== '') this.#links.set(index, link)
    if (stamp !== undefined) this.#stamps.set(index, stamp)
    return index
  }

  /** Puts an entry at the end whose content is somewhere else, as it is. */
  lay(entry: LayerEntry): void {
    const { name, type, executable, size, link } = entry
    this.#laid.set(this.add({ name, type, executable, size, link }), entry)
  }

  /** A table without entries for contents in the same place. */
  emptied(): EntryTable {
    return new EntryTable(this.#place)
  }

  at(index: number): LayerEntry | undefined {
    const laid = this.#laid.get(index)
    const name = this.#names.at(index)
    if (laid !== undefined || name === undefined) return laid
    const kind = this.#kinds.at(index)
    const type = types[kind >> 1] ?? 'file'
    const content = type === 'file' ? this.#content(index, name) : undefined
    const stamp = this.#stamps.get(index)
    const entry = { name, type, executable: kind % 2 === 1, size: this.#sizes.at(index), link: this.#links.get(index) ?? '', content }
    return stamp === undefined ? entry : { ...entry, stamp }
  }

  *[Symbol.iterator](): Generator<LayerEntry> {
    for (let index = 0; index < this.#names.length; index += 1) {
      const entry = this.at(index)
      if (entry !== undefined) yield entry
    }
  }

  #content(index: number, name: string): Content {
    const { kind, path } = this.#place
    if (kind === 'spool') return { kind: 'file', path, start: this.#first.at(index), modified: undefined, changed: undefined }
    return { kind: 'file', path: `${path}/${name}`, start: 0, modified: this.#first.at(index), changed: this.#second.at(index) }
  }
}
