import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { CarriedHeader } from '../tar/carried.ts'
import { encodeCarried } from '../tar/carried.ts'
import type { Header } from '../tar/header.ts'
import { encodeHeader, endOfArchive, fixedTime, headerSize, paddingOf } from '../tar/header.ts'
import type { Stamp } from '../tar/stamp.ts'
import { plainStamp } from '../tar/stamp.ts'
import type { BlockWriter } from './blocks.ts'
import type { Content, Entries, LayerEntry } from './entries.ts'
import { modeOf } from './entries.ts'
import { bytesOfText, pathOfBytes, textOfBytes } from './names.ts'
import { fileError } from './walk.ts'

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

type FileContent = Extract<Content, { kind: 'file' }>

const none = Buffer.alloc(0)
/** Below this size, opening and reading at once is faster than waiting for a thread. */
const readAtOnce = 256 * 1024
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

/**
 * Writes a layer's tar: parents, entries in order, contents padded to 512 bytes, two zero blocks (SPEC-package.md section 4).
 * Files are read once, straight into the block; one that is not the size it was listed with fails by its name.
 *
 * @throws PackagerError `SOURCE_CHANGED`, `UNREADABLE`, `CANCELLED`
 */
export async function writeTar(input: TarInput, out: BlockWriter, signal?: AbortSignal): Promise<void> {
  if (input.windows) await writeWindowsFolders(input, out)
  for (const part of input.parts) {
    const header = headerOf(part, input.windows)
    for (const folder of part.folders) await out.write(encodeHeader(folderHeader(folder, input.windows)))
    for (const entry of part.entries) {
      throwIfCancelled(signal, 'read files')
      await out.write(header.encode(entry))
      if (entry.content !== undefined) await writeContent(entry.size, entry.content, out, signal)
    }
  }
  await out.write(endOfArchive)
  out.end()
}

/** The size in bytes of the tar that `writeTar` makes of this, without reading a file. */
export function tarSize(input: TarInput): number {
  let size = endOfArchive.length
  if (input.windows) size += windowsFolders(input).length * 512
  for (const part of input.parts) {
    const header = headerOf(part, input.windows)
    for (const folder of part.folders) size += headerSize(folderHeader(folder, input.windows))
    for (const entry of part.entries) size += header.size(entry) + entry.size + paddingOf(entry.size)
  }
  return size
}

/** How the entries of a part are written. */
function headerOf({ base, keep }: TarPart, windows: boolean): { encode(entry: LayerEntry): Buffer; size(entry: LayerEntry): number } {
  const prefix = bytesOfText(`${base}/`)
  const carried = (entry: LayerEntry): CarriedHeader | undefined => {
    if (keep === undefined || entry.stamp === undefined) return undefined
    const stamp = keep === 'all' ? entry.stamp : { ...plainStamp(modeOf(entry), fixedTime), ...dialectOf(entry.stamp) }
    return { ...names(prefix, entry), type: entry.type, size: entry.size, stamp }
  }
  const plain = (entry: LayerEntry): Header => ({ ...names(prefix, entry), type: entry.type, mode: modeOf(entry), size: entry.size, mtime: fixedTime, windows })
  return {
    encode: (entry) => {
      const header = carried(entry)
      return header === undefined ? encodeHeader(plain(entry)) : encodeCarried(header)
    },
    size: (entry) => {
      const header = carried(entry)
      return header === undefined ? headerSize(plain(entry)) : encodeCarried(header).length
    },
  }
}

function names(prefix: string, entry: LayerEntry): { name: Buffer; linkname: Buffer } {
  const link = entry.type === 'hardlink' ? prefix + entry.link : entry.link
  return { name: Buffer.from(prefix + entry.name, 'latin1'), linkname: link === '' ? none : Buffer.from(link, 'latin1') }
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

async function writeContent(size: number, content: Content, out: BlockWriter, signal: AbortSignal | undefined): Promise<void> {
  if (content.kind === 'bytes') await out.write(content.bytes)
  else if (size <= readAtOnce) await writeSmallFile(size, content, out)
  else await writeLargeFile(size, content, out, signal)
  const padding = paddingOf(size)
  if (padding > 0) await out.write(endOfArchive.subarray(0, padding))
}

async function writeSmallFile(size: number, content: FileContent, out: BlockWriter): Promise<void> {
  const file = onFile(content, () => openSync(pathOfBytes(content.path), openFlags))
  try {
    let done = 0
    while (done < size) {
      const room = (await out.room()).subarray(0, size - done)
      const read = onFile(content, () => readSync(file, room, 0, room.length, content.start + done))
      if (read === 0) throw changed(content, `only ${done} of ${size} bytes`)
      out.filled(read)
      done += read
    }
    checkUnchanged(content, size, onFile(content, () => fstatSync(file)))
  } finally {
    closeSync(file)
  }
}

async function writeLargeFile(size: number, content: FileContent, out: BlockWriter, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(pathOfBytes(content.path), openFlags).catch((cause: unknown) => {
    throw fileError(textOfBytes(content.path), 'read', cause)
  })
  try {
    let done = 0
    while (done < size) {
      throwIfCancelled(signal, 'read files')
      const room = (await out.room()).subarray(0, size - done)
      const { bytesRead } = await file.read(room, 0, room.length, content.start + done).catch((cause: unknown) => {
        throw fileError(textOfBytes(content.path), 'read', cause)
      })
      if (bytesRead === 0) throw changed(content, `only ${done} of ${size} bytes`)
      out.filled(bytesRead)
      done += bytesRead
    }
    checkUnchanged(content, size, await file.stat())
  } finally {
    await file.close()
  }
}

/** Another size or time than when the files were listed: somebody wrote into the file. An archive's spool is our own and has no time. */
function checkUnchanged(content: FileContent, size: number, stats: Stats): void {
  if (content.modified === undefined) return
  if (stats.size !== size) throw changed(content, `${stats.size} bytes where it had ${size}`)
  if (stats.mtimeMs !== content.modified) throw changed(content, 'a newer time than when it was listed')
  // The one time that nobody can set back: who writes into a file and restores its mtime is found by it.
  if (stats.ctimeMs !== content.changed) throw changed(content, 'its content or mode was touched after it was listed')
}

function onFile<T>(content: FileContent, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    throw fileError(textOfBytes(content.path), 'read', cause)
  }
}

function changed(content: FileContent, found: string): PackagerError {
  return new PackagerError({
    code: 'SOURCE_CHANGED',
    step: 'read',
    value: textOfBytes(content.path),
    found: `it changed while the package was made: ${found}`,
    hint: 'run again when nothing else writes into the buildpack folder',
  })
}
