import { lstat, readFile, readdir, realpath, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PackagerError, reason, systemCode } from '../errors.ts'

/** What a layout folder may hold: the three of image-layout.md, and the work folder that some writers leave in it. */
const layoutNames = new Set(['oci-layout', 'index.json', 'blobs', 'ingest'])

/** Where a layout really goes: a symlink at the place stays, and the folder it leads to is the one replaced. */
export async function realPlace(folder: string): Promise<string> {
  return realpath(folder).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return folder
    throw new PackagerError({ code: 'OUTPUT', step: 'write image layout', value: folder, found: reason(cause), cause })
  })
}

/** Refuses a place that holds anything a layout would not: no run may remove what it or its like did not write. */
export async function checkReplaceable(folder: string): Promise<void> {
  const found = await obstacle(folder)
  if (found === undefined) return
  throw new PackagerError({
    code: 'OUTPUT',
    step: 'write image layout',
    value: folder,
    found,
    wanted: 'nothing, an empty folder or an OCI image layout',
    hint: 'remove it, or name another place with --output',
  })
}

async function obstacle(folder: string): Promise<string | undefined> {
  const info = await lstat(folder).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined
    throw new PackagerError({ code: 'OUTPUT', step: 'write image layout', value: folder, found: reason(cause), cause })
  })
  if (info === undefined) return undefined
  if (!info.isDirectory()) return 'a file'
  const names = await readdir(folder)
  if (names.length === 0) return undefined
  const foreign = names.filter((name) => !layoutNames.has(name)).sort()
  if (foreign.length > 0) return `a folder that holds "${foreign[0]}"`
  const blobs = await readdir(join(folder, 'blobs')).catch(() => [])
  const other = blobs.find((name) => !/^sha\d+$/.test(name))
  if (other !== undefined) return `a folder that holds "blobs/${other}"`
  const marker = await readFile(join(folder, 'oci-layout'), 'utf8').catch(() => '')
  return marker.includes('imageLayoutVersion') ? undefined : 'a folder without an oci-layout file'
}

/**
 * Puts `staged` at `folder`. A former layout is moved aside first and removed last, so at every moment one whole layout
 * is there under one of the two names; where the second rename fails, the former one goes back.
 */
export async function replaceFolder(staged: string, folder: string, aside: string): Promise<void> {
  await checkReplaceable(folder)
  const moved = await moveAway(folder, aside)
  try {
    await rename(staged, folder)
  } catch (cause) {
    if (moved) await rename(aside, folder)
    throw cause
  }
  // The new layout is in its place: what cannot be removed of the former one is litter, no failure.
  if (moved) await rm(aside, { recursive: true, force: true }).catch(() => undefined)
}

async function moveAway(folder: string, aside: string): Promise<boolean> {
  try {
    await rename(folder, aside)
    return true
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false
    throw cause
  }
}
