import { throwIfCancelled } from '../errors.ts'
import type { CarriedHeader } from '../tar/carried.ts'
import { encodeCarried } from '../tar/carried.ts'
import type { Header } from '../tar/header.ts'
import { encodeHeader, endOfArchive, fixedTime, headerSize, paddingOf } from '../tar/header.ts'
import type { Stamp } from '../tar/stamp.ts'
import { plainStamp } from '../tar/stamp.ts'
import type { BlockWriter } from './blocks.ts'
import type { Passage } from './contents.ts'
import { SourceFiles, writeContent } from './contents.ts'
import type { Entries, LayerEntry } from './entries.ts'
import { modeOf } from './entries.ts'
import { bytesOfText } from './names.ts'

/** Entries below a module's folder in the image. A flattened layer has several, one after another, in one tar. */
export interface TarPart {
  /** Folders written first, outermost first: `/cnb/buildpacks/acme_hello`, `/cnb/buildpacks/acme_hello/0.0.1`. */
  readonly folders: readonly string[]
  /** What stands in front of each entry's name, without a slash at its end. */
  readonly base: string
  readonly entries: Entries
  /**
   * What an entry with a stamp keeps of it (SPEC-builder.md section 4): `all` its header fields, or only the `dialect` and the
   * foreign records, as pack does for a buildpack's archive. Nothing unless told.
   */
  readonly keep?: 'all' | 'dialect'
}

export interface TarInput {
  readonly parts: readonly TarPart[]
  /** Windows layers begin with their fixed folders and carry owners (SPEC-package.md section 4, "Windows"). */
  readonly windows: boolean
}

const none = Buffer.alloc(0)

/**
 * Writes a layer's tar: parents, entries in order, contents padded to 512 bytes, two zero blocks (SPEC-package.md section 4).
 * Files are read once, straight into the block; one that is not the size it was listed with fails by its name.
 *
 * @throws PackagerError `SOURCE_CHANGED`, `UNREADABLE`, `CANCELLED`
 */
export async function writeTar(input: TarInput, out: BlockWriter, signal?: AbortSignal): Promise<void> {
  const files = new SourceFiles()
  try {
    if (input.windows) await writeWindowsFolders(input, out)
    for (const part of input.parts) await writePart(part, input.windows, { out, files, signal })
    await out.write(endOfArchive)
    out.end()
  } finally {
    files.close()
  }
}

async function writePart(part: TarPart, windows: boolean, passage: Passage): Promise<void> {
  const { out, signal } = passage
  const headers = new EntryHeaders(part, windows)
  for (const folder of part.folders) await out.write(encodeHeader(folderHeader(folder, windows)))
  for (const entry of part.entries) {
    throwIfCancelled(signal, 'read files')
    await out.write(headers.encode(entry))
    if (entry.content === undefined) continue
    await writeContent(entry.size, entry.content, passage)
    const padding = paddingOf(entry.size)
    if (padding > 0) await out.write(endOfArchive.subarray(0, padding))
  }
}

/** The size in bytes of the tar that `writeTar` makes of this, without reading a file. */
export function tarSize(input: TarInput): number {
  let size = endOfArchive.length
  if (input.windows) size += windowsFolders(input).length * 512
  for (const part of input.parts) {
    const headers = new EntryHeaders(part, input.windows)
    for (const folder of part.folders) size += headerSize(folderHeader(folder, input.windows))
    for (const entry of part.entries) size += headers.size(entry) + entry.size + paddingOf(entry.size)
  }
  return size
}

/** How the entries of a part are written. */
class EntryHeaders {
  readonly #prefix: string
  readonly #keep: TarPart['keep']
  readonly #windows: boolean

  constructor({ base, keep }: TarPart, windows: boolean) {
    this.#prefix = bytesOfText(`${base}/`)
    this.#keep = keep
    this.#windows = windows
  }

  encode(entry: LayerEntry): Buffer {
    const { stamp } = entry
    return this.#keep === undefined || stamp === undefined ? encodeHeader(this.#plain(entry)) : encodeCarried(this.#carried(entry, stamp, this.#keep))
  }

  /** Of the blocks that `encode` gives, in bytes. */
  size(entry: LayerEntry): number {
    return this.#keep === undefined || entry.stamp === undefined ? headerSize(this.#plain(entry)) : this.encode(entry).length
  }

  // Written out, since copying objects into one another takes longer than all else that is done for a small file.
  #plain(entry: LayerEntry): Header {
    return { name: this.#name(entry), type: entry.type, mode: modeOf(entry), size: entry.size, linkname: this.#linkname(entry), mtime: fixedTime, windows: this.#windows }
  }

  #carried(entry: LayerEntry, stamp: Stamp, keep: 'all' | 'dialect'): CarriedHeader {
    const kept = keep === 'all' ? stamp : { ...plainStamp(entry.type === 'symlink' && !entry.executable ? 0o644 : modeOf(entry), fixedTime), ...dialectOf(stamp) }
    return { name: this.#name(entry), type: entry.type, size: entry.size, linkname: this.#linkname(entry), stamp: kept }
  }

  #name({ name }: LayerEntry): Buffer {
    return Buffer.from(this.#prefix + name, 'latin1')
  }

  #linkname({ type, link }: LayerEntry): Buffer {
    if (link === '') return none
    return Buffer.from(type === 'hardlink' ? this.#prefix + link : link, 'latin1')
  }
}

function dialectOf({ dialect, records, atime, ctime }: Stamp): Pick<Stamp, 'dialect' | 'records' | 'atime' | 'ctime'> {
  return { dialect, records, atime, ctime }
}

function folderHeader(name: string, windows: boolean): Header {
  return { name: Buffer.from(name), type: 'folder', mode: 0o755, size: 0, linkname: none, mtime: fixedTime, windows }
}

/** `Files`, `Hives` and the parents of the first module: mode 0, time 0. */
function windowsFolders(input: TarInput): string[] {
  const parents: string[] = []
  const first = input.parts[0]?.folders[0]?.split('/') ?? []
  for (let depth = 2; depth < first.length; depth += 1) parents.push(first.slice(0, depth).join('/'))
  return ['Files', 'Hives', ...parents]
}

async function writeWindowsFolders(input: TarInput, out: BlockWriter): Promise<void> {
  for (const name of windowsFolders(input)) {
    await out.write(encodeHeader({ name: Buffer.from(name), type: 'folder', mode: 0, size: 0, linkname: none, mtime: 0, windows: false }))
  }
}
