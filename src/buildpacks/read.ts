import { statSync } from 'node:fs'
import { open, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PackagerError, systemCode } from '../errors.ts'
import type { Content, Excludes, LayerEntry } from '../layers/entries.ts'
import { displayName } from '../layers/entries.ts'
import { unpack } from '../layers/unpack.ts'
import type { Walked } from '../layers/walk.ts'
import { fileError, isLayoutFolder, walk } from '../layers/walk.ts'

/** A buildpack folder or archive, read where it lies: nothing is ever written into it. */
export interface ModuleSource {
  /** As messages name it. */
  readonly place: string
  /** The bytes of a file of the source's top, or undefined where there is none. */
  read(name: string): Promise<Buffer | undefined>
  isFolder(path: string): boolean
  isLayoutFolder(path: string): boolean
  /** What a platform root holds. `overlay` entries take the place of what lies there under the same name. */
  list(root: string, excludes: Excludes, overlay: readonly LayerEntry[], signal?: AbortSignal): Promise<Walked>
}

/**
 * Opens what `--path` or a config's `uri` names: a folder, also behind a symlink, or a tar, plain or gzip.
 *
 * @param place as the author wrote it, for messages
 * @param spool gives a path for an archive's contents, where it is one
 */
export async function openSource(path: string, place: string, spool: () => Promise<string>, signal?: AbortSignal): Promise<ModuleSource> {
  const stats = await stat(path).catch((cause: unknown) => {
    if (systemCode(cause) !== 'ENOENT') throw fileError(path, 'open buildpack', cause)
    throw new PackagerError({
      code: 'NOT_FOUND',
      step: 'open buildpack',
      value: place,
      found: 'no such file or folder',
      wanted: 'a folder with buildpack.toml or extension.toml, or a .tgz of one',
      cause,
    })
  })
  if (stats.isDirectory()) return new FolderSource(await realpath(path), place)
  const { entries } = await unpack(path, join(await spool(), basename(path)), signal)
  return new ArchiveSource(entries, place)
}

class FolderSource implements ModuleSource {
  readonly place: string
  readonly #folder: string

  constructor(folder: string, place: string) {
    this.#folder = folder
    this.place = place
  }

  async read(name: string): Promise<Buffer | undefined> {
    const path = join(this.#folder, name)
    return readFile(path).catch((cause: unknown) => {
      if (systemCode(cause) === 'ENOENT') return undefined
      throw fileError(path, 'read', cause)
    })
  }

  isFolder(path: string): boolean {
    return statSync(join(this.#folder, path), { throwIfNoEntry: false })?.isDirectory() ?? false
  }

  isLayoutFolder(path: string): boolean {
    return isLayoutFolder(join(this.#folder, path))
  }

  list(root: string, excludes: Excludes, overlay: readonly LayerEntry[], signal?: AbortSignal): Promise<Walked> {
    return walk({ folder: join(this.#folder, root), excludes, overlay, signal })
  }
}

class ArchiveSource implements ModuleSource {
  readonly place: string
  readonly #entries: readonly LayerEntry[]
  readonly #types: ReadonlyMap<string, LayerEntry['type']>

  constructor(entries: readonly LayerEntry[], place: string) {
    this.#entries = entries
    this.place = place
    this.#types = new Map(entries.map((entry) => [displayName(entry), entry.type]))
  }

  async read(name: string): Promise<Buffer | undefined> {
    const entry = this.#entries.find((candidate) => displayName(candidate) === name && candidate.type === 'file')
    return entry?.content === undefined ? undefined : readContent(entry.content, entry.size)
  }

  isFolder(path: string): boolean {
    return path === '.' || this.#types.get(path) === 'folder' || [...this.#types.keys()].some((name) => name.startsWith(`${path}/`))
  }

  isLayoutFolder(path: string): boolean {
    return this.#types.get(`${path}/oci-layout`) === 'file'
  }

  /** The archive's own order; an overlay entry that the root does not have comes last. */
  async list(root: string, excludes: Excludes, overlay: readonly LayerEntry[]): Promise<Walked> {
    const prefix = root === '.' ? '' : `${root}/`
    const laid = new Map(overlay.map((entry) => [displayName(entry), entry]))
    const entries: LayerEntry[] = []
    const excluded: string[] = []
    for (const entry of this.#entries) {
      const path = displayName(entry)
      if (!path.startsWith(prefix) || path.length === prefix.length) continue
      const name = path.slice(prefix.length)
      const left = excludedAt(name, entry.type === 'folder', excludes)
      if (left === undefined) entries.push(laid.get(name) ?? below(entry, prefix))
      else if (!excluded.includes(left)) excluded.push(left)
      laid.delete(name)
    }
    return { entries: [...entries, ...laid.values()], excluded }
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

function below(entry: LayerEntry, prefix: string): LayerEntry {
  const cut = Buffer.byteLength(prefix)
  return { ...entry, name: entry.name.subarray(cut), link: entry.type === 'hardlink' ? entry.link.subarray(cut) : entry.link }
}

async function readContent(content: Content, size: number): Promise<Buffer> {
  if (content.kind === 'bytes') return Buffer.from(content.bytes)
  const file = await open(content.path)
  try {
    const bytes = Buffer.alloc(size)
    const { bytesRead } = await file.read(bytes, 0, size, content.start)
    return bytes.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
