import type { Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PackagerError, outputError, systemCode } from '../errors.ts'
import type { Report } from '../events.ts'
import { findContents } from './archive-contents.ts'
import { sweepHidden } from './hidden.ts'
import { realPlace } from './layout-replace.ts'
import type { Staging } from './layout-stage.ts'
import { makeStaging } from './layout-stage.ts'

export const step = 'write archive'

/** Makes the staging folder for a file at `destination`, or refuses a destination that an archive could not replace. */
export async function stageArchive(destination: string, report: Report): Promise<Staging> {
  const place = await realPlace(resolve(destination))
  await checkReplaceableFile(place)
  await sweepHidden(place)
  return makeStaging(place, [], report, (cause) => outputError(step, destination, cause))
}

/** Refuses a place that holds anything but a former archive: no run may remove what it or its like did not write. */
export async function checkReplaceableFile(place: string): Promise<void> {
  const found = await obstacle(place)
  if (found === undefined) return
  throw new PackagerError({
    code: 'OUTPUT',
    step,
    value: place,
    found,
    wanted: 'nothing, an empty file or an OCI image layout in a tar',
    hint: 'remove it, or name another place with --output',
  })
}

async function obstacle(place: string): Promise<string | undefined> {
  const info = await existing(place)
  if (info === undefined) return undefined
  if (info.isDirectory()) return 'a folder'
  if (!info.isFile()) return 'something that is no file'
  if (info.size === 0) return undefined
  return findContents(place).then(
    () => undefined,
    () => 'a file of another kind',
  )
}

async function existing(place: string): Promise<Stats | undefined> {
  return lstat(place).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined
    throw outputError(step, place, cause)
  })
}
