import { randomBytes } from 'node:crypto'
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { PackagerError, reason, systemCode } from '../errors.ts'
import { usageError } from './usage.ts'

/** A file that will be written once, at the end. */
export interface MetadataFile {
  /** All of the text or none of it: beside the file first, then renamed over it. */
  readonly write: (text: string) => Promise<void>
}

const STEP = 'write --metadata-file'

/**
 * Checks, before any work is done, that the file can be written: its folder is there and it is no folder itself.
 * What is not a plain file (`/dev/stderr`, a pipe) is written to directly: a rename would replace it.
 */
export async function openMetadataFile(file: string, cwd: string): Promise<MetadataFile> {
  const path = await followLinks(resolve(cwd, file))
  const there = await statOrNothing(path)
  if (there?.isDirectory() === true) throw usageError(STEP, 'a folder', { value: file, wanted: 'a file' })
  const folder = await statOrNothing(dirname(path))
  if (folder?.isDirectory() !== true) {
    throw usageError(STEP, 'a parent folder that does not exist', { value: file, wanted: 'a file in an existing folder', hint: 'create the folder first' })
  }
  const direct = there !== undefined && !there.isFile()
  return { write: async (text) => (direct ? writeDirectly(path, file, text) : writeBeside(path, file, text)) }
}

async function writeDirectly(path: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (error) {
    throw outputError(file, error)
  }
}

async function writeBeside(path: string, file: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.bp-package-${randomBytes(6).toString('hex')}.tmp`)
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    throw outputError(file, error)
  } finally {
    await rm(temporary, { force: true })
  }
}

function outputError(file: string, cause: unknown): PackagerError {
  return new PackagerError({ code: 'OUTPUT', step: STEP, value: file, found: reason(cause), cause })
}

async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return path
    throw outputError(path, error)
  }
}

async function statOrNothing(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw outputError(path, error)
  }
}
