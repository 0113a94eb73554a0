import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PackagerError, reason, systemCode } from '../errors.ts'
import { silent } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Reference } from '../oci/reference.ts'
import { formatReference, tagOf } from '../oci/reference.ts'
import { Network } from '../publish/network.ts'
import type { NetworkOptions } from '../publish/options.ts'
import type { Source } from '../stores/store.ts'
import type { InspectedSource } from './inspection.ts'
import type { PathKind } from './source.ts'

/** A source whose content can be read: what is stored under its name, or, of a layout of several images, all it lists. */
export interface OpenSource {
  readonly source: InspectedSource
  readonly content: Source
  readonly root: Descriptor | undefined
  /** Where there is no one root. */
  readonly entries: readonly Descriptor[]
  close(): Promise<void>
}

/**
 * What lies at a path, for `parseSource`; a symlink counts as what it leads to. A name too long for a path, and the like, is
 * none; a path that may not be looked at is an error, lest a registry were asked for it.
 */
export function pathKindIn(cwd: string): (path: string) => PathKind | undefined {
  return (path) => {
    const full = resolve(cwd, path)
    try {
      const stats = statSync(full, { throwIfNoEntry: false })
      if (stats === undefined) return undefined
      if (!stats.isDirectory()) return 'file'
      return statSync(join(full, 'oci-layout'), { throwIfNoEntry: false }) === undefined ? 'folder' : 'layout'
    } catch (cause) {
      const code = systemCode(cause)
      if (code !== 'EACCES' && code !== 'EPERM') return undefined
      throw new PackagerError({ code: 'UNREADABLE', step: 'read the source', value: path, found: reason(cause), cause })
    }
  }
}

/** An image or index in its registry: the name is asked for now. */
export async function openRegistry(reference: Reference, options: NetworkOptions): Promise<OpenSource> {
  const { onEvent: report = silent, signal = new AbortController().signal } = options
  const network = new Network(options, undefined, report, signal)
  try {
    const content = await network.source(reference.registry, reference.repository)
    const tag = tagOf(reference)
    const root = await content.resolve(reference.digest ?? tag, signal)
    const name = formatReference(reference.digest === undefined ? { ...reference, tag } : reference)
    return { source: { type: 'registry', name }, content, root, entries: [], close: () => network.close() }
  } catch (cause) {
    await network.close()
    throw cause
  }
}

const nothing = async (): Promise<void> => undefined

/** One image of a layout, or all that it lists where it lists several and none is named. */
export async function openLayout(path: string, name: string, { cwd, signal }: NetworkOptions): Promise<OpenSource> {
  const { layoutRoots, layoutSource } = await import('../stores/layout-source.ts')
  const folder = resolve(cwd, path)
  const content = layoutSource(folder)
  const place = { type: 'layout', name: name === '' ? path : `${path}:${name}` } as const
  return { source: place, content, ...(await rootOf(content, name, () => layoutRoots(folder), signal)), close: nothing }
}

/** As {@link openLayout}, of a `.cnb` or another layout in a tar. One that is compressed is unpacked into a temporary file. */
export async function openArchive(path: string, name: string, { cwd, env, signal, onEvent: report = silent }: NetworkOptions): Promise<OpenSource> {
  const [{ archiveSource }, { spoolIn }] = await Promise.all([import('../stores/archive-source.ts'), import('../publish/workshop.ts')])
  const spool = spoolIn(undefined, env, report)
  try {
    const content = await archiveSource(resolve(cwd, path), await spool.folder(), { signal })
    const roots = await rootOf(content, name, async () => content.roots(), signal)
    return { source: { type: 'archive', name: name === '' ? path : `${path}:${name}` }, content, ...roots, close: () => spool.remove() }
  } catch (cause) {
    await spool.remove()
    throw cause
  }
}

/** The same image under several tags is one. */
async function rootOf(content: Source, name: string, list: () => Promise<readonly Descriptor[]>, signal: AbortSignal | undefined): Promise<Pick<OpenSource, 'root' | 'entries'>> {
  if (name !== '') return { root: await content.resolve(name, signal), entries: [] }
  const entries = [...new Map((await list()).map((entry) => [entry.digest, entry])).values()]
  const [only] = entries
  return entries.length === 1 ? { root: only, entries: [] } : { root: undefined, entries }
}
