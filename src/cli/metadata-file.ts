import { randomBytes } from 'node:crypto'
import { access, constants, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { PackagerError, reason, systemCode } from '../errors.ts'
import { usageError } from './usage.ts'

/** A file that will be written once, at the end. */
export interface MetadataFile {
  /** All of the text or none of it: beside the file first, then renamed over it. The error says that all else, `done`, is. */
  readonly write: (text: string, done: string) => Promise<void>
}

/**
 * Checks, before any work is done, that the file can be written: its folder is there and it is no folder itself.
 * What is not a plain file (`/dev/stderr`, a pipe) is written to directly: a rename would replace it.
 */
export async function openMetadataFile(file: string, cwd: string, flag = '--metadata-file'): Promise<MetadataFile> {
  const step = `write ${flag}`
  const path = await followLinks(resolve(cwd, file), step)
  const there = await statOrNothing(path, step)
  if (there?.isDirectory() === true) throw usageError(step, 'a folder', { value: file, wanted: 'a file' })
  const folder = await statOrNothing(dirname(path), step)
  if (folder?.isDirectory() !== true) {
    throw usageError(step, 'a parent folder that does not exist', { value: file, wanted: 'a file in an existing folder', hint: 'create the folder first' })
  }
  const direct = there !== undefined && !there.isFile()
  await (direct ? access(path, constants.W_OK) : tryFolder(path)).catch((cause: unknown) => {
    const found = unwritable[systemCode(cause) ?? ''] ?? reason(cause)
    throw usageError(step, found, { value: file, wanted: 'a file in a folder that can be written to', cause })
  })
  return { write: (text, done) => (direct ? writeDirectly(path, text) : writeBeside(path, text)).catch((error: unknown) => {
    throw outputError(file, step, error, `all else is done: ${done}`)
  }) }
}

const unwritable: Readonly<Record<string, string>> = {
  EACCES: 'a place that you may not write to',
  EPERM: 'a place that you may not write to',
  EROFS: 'a file system that is read-only',
  ENAMETOOLONG: 'a name that is too long',
}

/** Nothing but writing tells whether it can be done. */
async function tryFolder(path: string): Promise<void> {
  const trial = besidePath(path)
  await writeFile(trial, '', { flag: 'wx' })
  await rm(trial, { force: true })
}

function besidePath(path: string): string {
  return join(dirname(path), `.bp-package-${randomBytes(6).toString('hex')}.tmp`)
}

async function writeDirectly(path: string, text: string): Promise<void> {
  await writeFile(path, text)
}

async function writeBeside(path: string, text: string): Promise<void> {
  const temporary = besidePath(path)
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

function outputError(file: string, step: string, cause: unknown, hint?: string): PackagerError {
  return new PackagerError({ code: 'OUTPUT', step, value: file, found: reason(cause), hint, cause })
}

async function followLinks(path: string, step: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return path
    throw outputError(path, step, error)
  }
}

async function statOrNothing(path: string, step: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw outputError(path, step, error)
  }
}
