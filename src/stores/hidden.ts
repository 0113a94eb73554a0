import { createHash, randomBytes } from 'node:crypto'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemCode } from '../errors.ts'

/**
 * What lies hidden beside an output for as long as a run works on it: what is being made (`partial`), a former layout on its way
 * out (`old`, whole), and one that is being removed (`gone`).
 */
export type HiddenKind = 'partial' | 'old' | 'gone'

/** Names are at most 255 bytes nearly everywhere, ours have 22 more than the output's. */
const longestName = 200

/** Longer than any run: what is this old was left behind by one that was killed. */
const leftBehindMs = 24 * 60 * 60 * 1000

/**
 * A name beside `place`, on its file system, that no other run takes.
 *
 * @example hiddenBeside('/out/hello.oci', 'partial') // '/out/.hello.oci.partial-5f0c1b2a3d4e'
 */
export function hiddenBeside(place: string, kind: HiddenKind): string {
  return join(dirname(place), `${prefixOf(place)}${kind}-${randomBytes(6).toString('hex')}`)
}

function prefixOf(place: string): string {
  const name = basename(place)
  const short = Buffer.byteLength(name) > longestName ? createHash('sha256').update(name).digest('hex').slice(0, 32) : name
  return `.${short}.`
}

export interface Hidden {
  readonly path: string
  readonly kind: HiddenKind
  /** When it came to be there under this name, by the file system's clock. */
  readonly since: number
}

/** What runs have beside `place`, or left there; newest first. */
export async function findHidden(place: string): Promise<readonly Hidden[]> {
  const prefix = prefixOf(place)
  const names = await readdir(dirname(place)).catch((): string[] => [])
  const found = names.map(async (name): Promise<Hidden[]> => {
    const [, kind] = name.startsWith(prefix) ? (/^(partial|old|gone)-[0-9a-f]{12}$/.exec(name.slice(prefix.length)) ?? []) : []
    const path = join(dirname(place), name)
    const info = kind === undefined ? undefined : await lstat(path).catch(() => undefined)
    return info?.isDirectory() === true ? [{ path, kind: kind as HiddenKind, since: info.ctimeMs }] : []
  })
  return (await Promise.all(found)).flat().sort((a, b) => b.since - a.since)
}

/** Removes what killed runs left beside `place` a day ago. Whatever cannot be removed is litter, no failure. */
export async function sweepHidden(place: string, now: number = Date.now()): Promise<void> {
  for (const { path, since } of await findHidden(place)) {
    if (since < now - leftBehindMs) await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Removes a former layout. It loses its name first: what goes by that name is whole, so that it could go back. */
export async function removeFormer(path: string, place: string): Promise<void> {
  const gone = hiddenBeside(place, 'gone')
  await rename(path, gone).catch(() => undefined)
  await rm(gone, { recursive: true, force: true }).catch(() => undefined)
}

/** Gives what stands in a place another name; false where nothing does. */
export async function moveAway(place: string, aside: string): Promise<boolean> {
  try {
    await rename(place, aside)
    return true
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false
    throw cause
  }
}
