import { PackagerError } from '../errors.ts'
import { silent } from '../events.ts'
import type { Digest } from '../oci/digest.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { encodeContent } from '../oci/index-content.ts'
import { withListLock } from '../stores/list-lock.ts'
import { listsFolder } from '../stores/list-names.ts'
import { writeList } from '../stores/list-write.ts'
import type { ListFormat, StoredList } from '../stores/lists.ts'
import { readList } from '../stores/lists.ts'
import type { Edited } from './edit.ts'
import type { ListName } from './names.ts'
import type { LocalOptions } from './options.ts'
import type { Holdings } from './resolve.ts'
import { checkFormat, indexTypes, listWarnings } from './rules.ts'

/** A list after a change, with what its children are made of. */
export interface LocalChange extends Edited {
  readonly format: ListFormat
  readonly holdings: Holdings
}

/** What a list of that format is before anything is in it. */
export function emptyContent(format: ListFormat): IndexContent {
  return { mediaType: indexTypes[format], manifests: [], annotations: {}, rest: {} }
}

/** @throws PackagerError `LIST_NOT_FOUND`, `LIST_CORRUPT` */
export async function readLocal(list: ListName, options: Pick<LocalOptions, 'env' | 'signal'>): Promise<StoredList> {
  const stored = await readList(listsFolder(options.env), list.full, options.signal)
  if (stored === undefined) throw listNotFound(list)
  return stored
}

export function listNotFound({ full }: ListName): PackagerError {
  const hint = `"bp-package manifest create ${full}" creates it; add, annotate and rm change the registry's with --publish`
  return new PackagerError({ code: 'LIST_NOT_FOUND', step: 'find local list', value: full, found: 'no local list of that name', hint })
}

/**
 * Reads, changes and writes a list while nobody else does: two that add at once lose nothing.
 *
 * @param read `StoredList` as it is now; undefined: there is none, or nobody asks what there was
 */
export async function changeLocal(list: ListName, options: LocalOptions, anew: boolean, change: (read: StoredList | undefined) => LocalChange): Promise<Edited> {
  const root = listsFolder(options.env)
  const { owner, patienceMs, signal, onEvent: report = silent } = options
  return withListLock(root, list.full, { owner, patienceMs, signal }, async () => {
    const stored = anew ? undefined : await readList(root, list.full, signal)
    const { content, format, holdings, touched } = change(stored)
    const known = stored?.content.manifests ?? []
    checkFormat(content, format, list.full, known)
    for (const warning of listWarnings(content, format, list.full, holdings.manifests, known)) report({ type: 'warning', ...warning })
    const digests = new Set(content.manifests.map(({ digest }) => digest))
    await writeList(root, { reference: list.full, format, index: encodeContent(content), manifests: only(holdings.manifests, digests), sources: only(holdings.sources, digests) })
    return { content, touched }
  })
}

/** What belongs to the children that are left. */
function only<T>(map: ReadonlyMap<Digest, T>, digests: ReadonlySet<Digest>): ReadonlyMap<Digest, T> {
  return new Map([...map].filter(([digest]) => digests.has(digest)))
}
