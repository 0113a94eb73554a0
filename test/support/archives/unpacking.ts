import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayerEntry } from '../../../src/layers/entries.ts'
import { unpack } from '../../../src/layers/unpack.ts'
import type { UnpackLimits } from '../../../src/layers/unpack-limits.ts'
import { defaultLimits } from '../../../src/layers/unpack-limits.ts'
import { emptyTree } from '../tree/tree.ts'

/** An entry with its bytes as latin1, so that what is no UTF-8 can be compared. */
export interface SeenEntry {
  readonly name: string
  readonly type: LayerEntry['type']
  readonly executable: boolean
  readonly link?: string
  readonly content?: string
}

/** Unpacks an archive in a folder of its own. */
export async function unpackBytes(bytes: Buffer, limits: Partial<UnpackLimits> = {}, signal?: AbortSignal): Promise<SeenEntry[]> {
  await using tree = await emptyTree()
  return await unpackIn(tree.path, bytes, limits, signal)
}

/** Unpacks an archive in this folder, which is empty of spools before and after. Also holds that a failure leaves none. */
export async function unpackIn(folder: string, bytes: Buffer, limits: Partial<UnpackLimits> = {}, signal?: AbortSignal): Promise<SeenEntry[]> {
  const [archive, spool] = [join(folder, 'bp.tgz'), join(folder, 'spool')]
  await writeFile(archive, bytes)
  try {
    const { entries } = await unpack(archive, spool, signal, { ...defaultLimits, ...limits })
    const contents = await readFile(spool)
    await rm(spool)
    return Array.from(entries, (entry) => seen(entry, contents))
  } catch (cause) {
    if (existsSync(spool)) throw new Error('a failure left a spool file', { cause })
    throw cause
  }
}

function seen({ name, type, executable, size, link, content }: LayerEntry, contents: Buffer): SeenEntry {
  const start = content?.kind === 'file' ? content.start : 0
  if (type === 'file' && start + size > contents.length) throw new RangeError(`content of ${name} lies outside of the spool`)
  const common = { name, type, executable }
  if (type === 'file') return { ...common, content: contents.toString('latin1', start, start + size) }
  return link.length === 0 ? common : { ...common, link }
}
