import { chmod, link, mkdir, open, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Transform } from 'node:stream'
import type { PackagerError } from '../errors.ts'
import { outputError, systemCode } from '../errors.ts'
import type { Report } from '../events.ts'
import { makeFolders } from '../folders.ts'
import type { Blob } from '../oci/descriptor.ts'
import { hiddenBeside, sweepHidden } from './hidden.ts'
import { checkReplaceable, realPlace, restoreFormer } from './layout-replace.ts'

/** A layout being written: beside `place`, where it will be renamed to, so that the rename stays on one file system. */
export interface Staging {
  readonly place: string
  readonly folder: string
  /** The topmost folder above `place` that had to be made for it. */
  readonly madeParent: string | undefined
}

/**
 * Makes the staging folder for a layout at `destination`, or refuses a destination that a layout could not replace.
 * What killed runs left there is put right first.
 */
export async function stage(destination: string, report: Report): Promise<Staging> {
  const place = await realPlace(resolve(destination))
  await restoreFormer(place)
  await checkReplaceable(place)
  await sweepHidden(place)
  // Not mkdtemp: its 0700 would become the mode of the layout, where the author's umask should decide.
  return makeStaging(place, ['blobs', 'blobs/sha256'], report, (cause) => outputError('write image layout', destination, cause))
}

/** A hidden folder beside `place`, with these folders in it; nothing is left where it cannot be made. */
export async function makeStaging(place: string, folders: readonly string[], report: Report, failure: (cause: unknown) => PackagerError): Promise<Staging> {
  const folder = hiddenBeside(place, 'partial')
  let madeParent: string | undefined
  try {
    madeParent = await makeFolders(dirname(place))
    await mkdir(folder)
    report({ type: 'temporary', folder })
    for (const name of folders) await mkdir(join(folder, name))
    return { place, folder, madeParent }
  } catch (cause) {
    await unstage({ place, folder, madeParent }).catch(() => undefined)
    throw failure(cause)
  }
}

/** Removes a staging folder and the empty folders that were made for it. */
export async function unstage({ place, folder, madeParent }: Staging): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  if (madeParent === undefined) return
  for (let parent = dirname(place); parent.startsWith(madeParent); parent = dirname(parent)) {
    const removed = await rmdir(parent).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}

/** Takes a blob that is already a file by a hard link; `false` where it has none or the file system does not allow it. */
export async function linked(blob: Blob, target: string): Promise<boolean> {
  if (blob.path === undefined) return false
  try {
    await link(blob.path, target)
  } catch (cause) {
    return systemCode(cause) === 'EEXIST'
  }
  const { size } = await stat(target)
  if (size !== blob.descriptor.size) {
    await rm(target)
    return false
  }
  // A spool file is private; in the layout it gets the mode that the author's umask gave the folder, without the x bits.
  await chmod(target, (await stat(dirname(target))).mode & 0o666)
  await syncFile(target)
  return true
}

/** Reports absolute byte counts of what passes through. */
export function counting(onBytes: ((bytes: number) => void) | undefined): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength
      onBytes?.(bytes)
      done(null, chunk)
    },
  })
}

/** Writes a small file and waits until it is on the disk. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Waits until a folder's names are on the disk; file systems that have no such thing say so and are believed. */
export async function syncFolder(path: string): Promise<void> {
  await syncFile(path).catch((cause: unknown) => {
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES'].includes(systemCode(cause) ?? '')) throw cause
  })
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
