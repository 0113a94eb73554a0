import type { Stats } from 'node:fs'
import { lstat, readFile, readdir, realpath, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { PackagerError, outputError, reason, systemCode } from '../errors.ts'
import { findHidden, hiddenBeside, moveAway, removeFormer } from './hidden.ts'

const step = 'write image layout'

/** What a layout folder may hold: the three of image-layout.md, and the work folder that some writers leave in it. */
const layoutNames = new Set(['oci-layout', 'index.json', 'blobs', 'ingest'])

/** How often other runs may put theirs in our place while we are at it. */
const mostTurns = 1000

/** Where a layout really goes: a symlink at the place stays, and the folder it leads to is the one replaced. */
export async function realPlace(folder: string): Promise<string> {
  return realpath(folder).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return folder
    throw outputError(step, folder, cause)
  })
}

/** Refuses a place that holds anything a layout would not: no run may remove what it or its like did not write. */
export async function checkReplaceable(folder: string): Promise<void> {
  const found = await obstacle(folder)
  if (found === undefined) return
  throw new PackagerError({
    code: 'OUTPUT',
    step,
    value: folder,
    found,
    wanted: 'nothing, an empty folder or an OCI image layout',
    hint: 'remove it, or name another place with --output',
  })
}

/** Judged by what is still there afterwards: a layout that another run moves away meanwhile looks like a broken one. */
async function obstacle(folder: string): Promise<string | undefined> {
  let info = await existing(folder)
  for (;;) {
    if (info === undefined) return undefined
    const found = info.isDirectory() ? await foreignContent(folder) : 'a file'
    const after = await existing(folder)
    if (found === undefined || (after?.ino === info.ino && after.dev === info.dev)) return found
    info = after
  }
}

async function existing(folder: string): Promise<Stats | undefined> {
  return lstat(folder).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined
    throw outputError(step, folder, cause)
  })
}

async function foreignContent(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(reason)
  if (typeof names === 'string') return names
  if (names.length === 0) return undefined
  const foreign = names.filter((name) => !layoutNames.has(name)).sort()
  if (foreign.length > 0) return `a folder that holds "${foreign[0]}"`
  const blobs = await readdir(join(folder, 'blobs')).catch((): string[] => [])
  const other = blobs.find((name) => !/^sha\d+$/.test(name))
  if (other !== undefined) return `a folder that holds "blobs/${other}"`
  const marker = await readFile(join(folder, 'oci-layout'), 'utf8').catch(() => '')
  return marker.includes('imageLayoutVersion') ? undefined : 'a folder without an oci-layout file'
}

/**
 * Puts `staged` at `folder`. A former layout is moved aside first and removed last, so that one whole layout is always there
 * under one of two names: where the second rename fails it goes back, and where this run is killed between the two,
 * {@link restoreFormer} of the next one finds it. Of several runs at once the last one's layout stays, and none fails.
 */
export async function replaceFolder(staged: string, folder: string): Promise<void> {
  const aside: string[] = []
  try {
    for (let turn = 0; ; turn += 1) {
      await checkReplaceable(folder)
      const refused = await moveIn(staged, folder)
      if (refused === undefined) break
      if (turn === mostTurns) throw refused
      const former = hiddenBeside(folder, 'old')
      if (await moveAway(folder, former)) aside.push(former)
    }
  } catch (cause) {
    const former = aside.pop()
    if (former !== undefined) await putBack(former, folder)
    throw cause
  } finally {
    for (const former of aside) await removeFormer(former, folder)
  }
}

/** Where another run's layout has come into the place meanwhile, that one stays. */
async function putBack(former: string, folder: string): Promise<void> {
  const isBack = await rename(former, folder).then(() => true, () => false)
  if (!isBack && (await existing(folder).catch(() => undefined)) !== undefined) await removeFormer(former, folder)
}

/** Puts back what a run that was killed between its two renames had moved aside, where nothing has taken its place. */
export async function restoreFormer(folder: string): Promise<void> {
  if ((await existing(folder)) !== undefined) return
  for (const { path, kind } of await findHidden(folder)) {
    if (kind !== 'old' || (await foreignContent(path)) !== undefined) continue
    await rename(path, folder).catch(() => undefined)
    return
  }
}

/** The failure where something is in the place that may be moved away; any other failure is thrown. */
async function moveIn(staged: string, folder: string): Promise<Error | undefined> {
  try {
    await rename(staged, folder)
    return undefined
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    const code = systemCode(cause) ?? ''
    if (['ENOTEMPTY', 'EEXIST'].includes(code)) return cause
    // What Windows says of a folder that is there.
    if (['EPERM', 'EACCES'].includes(code) && (await existing(folder)) !== undefined) return cause
    throw cause
  }
}
