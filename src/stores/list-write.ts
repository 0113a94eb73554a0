import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PackagerError } from '../errors.ts'
import type { InlineBlob } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { hexOf } from '../oci/digest.ts'
import { encodeIndex } from '../oci/manifest.ts'
import { moveAway } from './hidden.ts'
import { refName } from './layout-index.ts'
import { syncFolder, writeDurably } from './layout-stage.ts'
import { unwritable } from './list-lock.ts'
import { listFolderName } from './list-names.ts'
import type { ListFormat } from './lists.ts'
import { asidePrefix, hasList, isThere } from './lists.ts'

/** What a list's folder is made of. */
export interface ListToWrite {
  readonly reference: string
  readonly format: ListFormat
  readonly index: InlineBlob
  readonly manifests: ReadonlyMap<Digest, Uint8Array>
  readonly sources: ReadonlyMap<Digest, readonly string[]>
}

const step = 'write local list'
const prefix = '.tmp-'
const anHour = 3_600_000

/**
 * Puts a list in its place, the former one's or nobody's, while its lock is held. The new folder is written beside it,
 * flushed, and swapped in by renames; the former one stands aside until then, where readers find it: whenever this is cut
 * off, the former list or the new one is there.
 */
export async function writeList(root: string, list: ListToWrite): Promise<void> {
  const name = listFolderName(list.reference)
  const [place, aside, staged] = [join(root, name), join(root, `${asidePrefix}${name}`), join(root, `${prefix}new-${randomBytes(8).toString('hex')}`)]
  try {
    await restore(place, aside)
    await fill(staged, list)
    const moved = await moveAway(place, aside)
    await rename(staged, place).catch(async (cause: unknown) => {
      if (moved) await rename(aside, place)
      throw cause
    })
    await syncFolder(root)
    // The new list is in its place: what cannot be removed of the former one is litter, no failure.
    await rm(aside, { recursive: true, force: true }).catch(() => undefined)
  } catch (cause) {
    throw outputError(list.reference, cause)
  } finally {
    await rm(staged, { recursive: true, force: true }).catch(() => undefined)
  }
  await sweep(root)
}

/** Deletes a list while its lock is held, be it readable or not; `false`: there was none. */
export async function deleteList(root: string, reference: string): Promise<boolean> {
  if (!(await hasList(root, reference))) return false
  const name = listFolderName(reference)
  const place = join(root, name)
  const doomed = join(root, `${prefix}gone-${randomBytes(8).toString('hex')}`)
  try {
    await restore(place, join(root, `${asidePrefix}${name}`))
    await rename(place, doomed)
    await syncFolder(root)
    await rm(doomed, { recursive: true, force: true }).catch(() => undefined)
    return true
  } catch (cause) {
    throw outputError(reference, cause)
  }
}

/** What a swap that was cut off has left: a former list without a new one goes back, one beside its new one goes. */
async function restore(place: string, aside: string): Promise<void> {
  if (await isThere(place)) await rm(aside, { recursive: true, force: true })
  else if (await isThere(aside)) await rename(aside, place)
}

async function fill(folder: string, { reference, format, index, manifests, sources }: ListToWrite): Promise<void> {
  const blobs = join(folder, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  const { mediaType, size, digest } = index.descriptor
  const notes = { version: 1, format, sources: Object.fromEntries([...sources].sort(([a], [b]) => (a < b ? -1 : 1))) }
  await Promise.all([
    ...Array.from(manifests, ([child, bytes]) => writeDurably(join(blobs, hexOf(child)), bytes)),
    writeDurably(join(blobs, hexOf(digest)), index.bytes),
    writeDurably(join(folder, 'list.json'), Buffer.from(JSON.stringify(notes))),
    writeDurably(join(folder, 'oci-layout'), Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    writeDurably(join(folder, 'index.json'), encodeIndex([{ mediaType, size, digest, annotations: { [refName]: reference } }]).bytes),
  ])
  for (const path of [blobs, join(folder, 'blobs'), folder]) await syncFolder(path)
}

/**
 * What runs that were cut off have left behind. Not the former lists of others: between two renames of another process one of
 * them is the only list there is, and it is as old as its last change. The next change of that list sees to it.
 */
async function sweep(root: string): Promise<void> {
  const names = await readdir(root).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(prefix) || name.startsWith(asidePrefix)) continue
    const path = join(root, name)
    const info = await stat(path).catch(() => undefined)
    if (info !== undefined && Date.now() - info.mtimeMs > anHour) await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

function outputError(reference: string, cause: unknown): unknown {
  return cause instanceof PackagerError ? cause : unwritable(step, reference, cause)
}
