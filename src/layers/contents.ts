import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { BlockWriter } from './blocks.ts'
import type { Content } from './entries.ts'
import { pathOfBytes, textOfBytes } from './names.ts'
import { fileError } from './walk.ts'

type FileContent = Extract<Content, { kind: 'file' }>

/** Below this size, opening and reading at once is faster than waiting for a thread. */
const readAtOnce = 256 * 1024
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

/** Where a tar goes to and comes from. */
export interface Passage {
  readonly out: BlockWriter
  readonly files: SourceFiles
  readonly signal: AbortSignal | undefined
}

/**
 * Writes an entry's bytes, read once, straight into the block. A file that is not the size it was listed with, or that was
 * written to since, fails by its name.
 *
 * @throws PackagerError `SOURCE_CHANGED`, `UNREADABLE`, `CANCELLED`
 */
export function writeContent(size: number, content: Content, { out, files, signal }: Passage): Promise<void> | undefined {
  if (content.kind === 'bytes') return out.write(content.bytes)
  return size <= readAtOnce ? writeSmallFile(size, content, out, files) : writeLargeFile(size, content, out, signal)
}

async function writeSmallFile(size: number, content: FileContent, out: BlockWriter, files: SourceFiles): Promise<void> {
  const file = files.open(content)
  try {
    for (let done = 0; done < size; ) {
      const room = await out.room()
      const read = readInto(room, Math.min(room.length, size - done), file, content, content.start + done)
      if (read === 0) throw changed(content, `only ${done} of ${size} bytes`)
      out.filled(read)
      done += read
    }
    if (content.modified !== undefined) checkUnchanged(content, size, statOf(file, content))
  } finally {
    files.done(file, content)
  }
}

/** Small files are opened, read and closed one by one; the spool of an archive, which holds many, stays open. */
export class SourceFiles {
  #spool: { readonly path: string; readonly file: number } | undefined

  open(content: FileContent): number {
    if (this.#spool?.path === content.path) return this.#spool.file
    const file = opened(content)
    if (content.modified !== undefined) return file
    this.close()
    this.#spool = { path: content.path, file }
    return file
  }

  done(file: number, { modified }: FileContent): void {
    if (modified !== undefined) closeSync(file)
  }

  close(): void {
    if (this.#spool !== undefined) closeSync(this.#spool.file)
    this.#spool = undefined
  }
}

function opened(content: FileContent): number {
  try {
    return openSync(pathOfBytes(content.path), openFlags)
  } catch (cause) {
    throw unreadable(content, cause)
  }
}

function readInto(room: Buffer, length: number, file: number, content: FileContent, position: number): number {
  try {
    return readSync(file, room, 0, length, position)
  } catch (cause) {
    throw unreadable(content, cause)
  }
}

function statOf(file: number, content: FileContent): Stats {
  try {
    return fstatSync(file)
  } catch (cause) {
    throw unreadable(content, cause)
  }
}

function unreadable(content: FileContent, cause: unknown): PackagerError {
  return fileError(textOfBytes(content.path), 'read', cause)
}

async function writeLargeFile(size: number, content: FileContent, out: BlockWriter, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(pathOfBytes(content.path), openFlags).catch((cause: unknown) => {
    throw unreadable(content, cause)
  })
  try {
    let done = 0
    while (done < size) {
      throwIfCancelled(signal, 'read files')
      const room = (await out.room()).subarray(0, size - done)
      const { bytesRead } = await file.read(room, 0, room.length, content.start + done).catch((cause: unknown) => {
        throw unreadable(content, cause)
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

function changed(content: FileContent, found: string): PackagerError {
  return new PackagerError({
    code: 'SOURCE_CHANGED',
    step: 'read',
    value: textOfBytes(content.path),
    found: `it changed while the package was made: ${found}`,
    hint: 'run again when nothing else writes into the buildpack folder',
  })
}
