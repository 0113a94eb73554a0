import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { systemCode } from './errors.ts'

/** Another run may remove an empty folder between our two steps; one that can never be made fails each time. */
const mostTries = 5

/**
 * Makes a folder and those above it that are missing, one by one. Gives the topmost one that was made, or undefined.
 * Node's own recursive mkdir never ends where a file system says ENOENT to a new folder in a parent that is there (`/proc/x`).
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryFolders(resolve(path))
    } catch (cause) {
      if (systemCode(cause) !== 'ENOENT' || tries === mostTries) throw cause
    }
  }
}

async function tryFolders(path: string): Promise<string | undefined> {
  const missing: string[] = []
  for (let folder = path; !(await isThere(folder)); folder = dirname(folder)) missing.unshift(folder)
  let made: string | undefined
  for (const folder of missing) if (await makeOne(folder)) made ??= folder
  return made
}

async function isThere(folder: string): Promise<boolean> {
  try {
    await stat(folder)
    return true
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT' && dirname(folder) !== folder) return false
    throw cause
  }
}

/** `false`: somebody else has made it meanwhile. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder)
    return true
  } catch (cause) {
    const isFolder = systemCode(cause) === 'EEXIST' && (await stat(folder).then((info) => info.isDirectory(), () => false))
    if (isFolder) return false
    throw cause
  }
}
