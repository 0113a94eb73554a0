import { PackagerError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import type { InlineBlob } from '../oci/descriptor.ts'
import { inlineBlob } from '../oci/descriptor.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { encodeContent, readIndexContent } from '../oci/index-content.ts'
import { isIndexType } from '../oci/media-types.ts'
import { resolveOrNothing } from '../publish/append.ts'
import { afterTags } from '../publish/send.ts'
import { metText, stepBack, stillStands, tries } from '../publish/together.ts'
import type { Store } from '../stores/store.ts'
import type { Edited } from './edit.ts'
import { gather } from './failures.ts'
import { fetchManifest, pinned } from './fetch.ts'
import { emptyContent } from './local.ts'
import type { ListName } from './names.ts'
import type { PushResult, Touched } from './options.ts'
import { isComplete } from './platforms.ts'
import type { Holdings } from './resolve.ts'
import { checkFormat, checkPublishable, formatOf, listWarnings, repair } from './rules.ts'
import type { ShipContext } from './ship.ts'
import { ship, usualConcurrency } from './ship.ts'

/** An index as the registry has it; nothing: no such tag. */
interface Base {
  readonly content: IndexContent
  readonly blob: InlineBlob
}

/** What a change has come to. */
export interface ChangedIndex {
  readonly result: PushResult
  readonly touched: readonly Touched[]
}

export interface RemoteChange extends Edited {
  readonly holdings: Holdings
}

/** @param isWritten the change has been made, and somebody else has written the tag since: on this ground or without having seen it */
export type Change = (content: IndexContent, isWritten: boolean) => Promise<RemoteChange>

/**
 * Changes the index that LIST names in its registry (SPEC-manifest.md, "Straight on the registry"): read, change, send; right
 * before the tag is written it is read once more, and if it is another one by then, all starts over. So it does where the tag
 * stands for something else a moment after it was written: whoever wrote that cannot have seen this change. No local state is
 * read or written. What others wrote stays as they wrote it, to the byte where nothing changes.
 *
 * @param change from the content that is there; a list that is absent is an empty one where `absentIsEmpty`
 */
export async function changeRemote(list: ListName, context: ShipContext, absentIsEmpty: boolean, change: Change): Promise<ChangedIndex> {
  const { signal, report } = context
  const store = await context.network.repository(list.registry, list.repository)
  const earlier = new Set<Digest | undefined>()
  let done: ChangedIndex | undefined
  for (let number = 1; ; number += 1) {
    const base = await readBase(store, list, signal)
    if (base === undefined && done !== undefined) return done
    if (base === undefined && !absentIsEmpty) throw notThere(list)
    const startedAt = performance.now()
    const changed = await changeOnce({ list, store, context, change: (content) => change(content, done !== undefined), isFirst: number === 1, isLast: number > tries }, base).catch((cause: unknown) => {
      throw done === undefined ? cause : afterOwnTags(cause, done, list)
    })
    if (changed !== undefined && (!changed.isNew || context.send.dryRun === true)) return done ?? changed
    earlier.add(base?.blob.descriptor.digest)
    const exposedMs = changed?.exposedMs ?? performance.now() - startedAt
    if (changed !== undefined) {
      const { digest } = changed.result
      if (await stillStands({ store, tag: list.tag, name: list.full, digest, earlier, exposedMs, report, signal: signalOf(context) })) return changed
      earlier.add(digest)
      done = changed
    }
    report({ type: 'step', message: metText(list.full, changed !== undefined) })
    await stepBack(number, exposedMs, signalOf(context))
  }
}

interface OneChange {
  readonly list: ListName
  readonly store: Store
  readonly context: ShipContext
  readonly change: (content: IndexContent) => Promise<RemoteChange>
  readonly isFirst: boolean
  /** Nothing is written any more. */
  readonly isLast: boolean
}

/** One try; undefined where somebody else was faster. */
async function changeOnce(
  { list, store, context, change, isFirst, isLast }: OneChange,
  base: Base | undefined,
): Promise<(ChangedIndex & { readonly isNew: boolean; readonly exposedMs: number }) | undefined> {
  const before = base?.content ?? emptyContent('oci')
  const edited = await change(before)
  await check(list, before, edited, store, context, isFirst)
  const isNew = base === undefined || encodeContent(before).descriptor.digest !== encodeContent(edited.content).descriptor.digest
  if (isNew && isLast) throw changedTooOften(list)
  let lookedAt = performance.now()
  const result = await ship(
    {
      destination: list,
      content: edited.content,
      ...(isNew ? {} : { index: base.blob }),
      holdings: edited.holdings,
      present: new Set(before.manifests.map(({ digest }) => digest)),
      stillGood: async () => {
        lookedAt = performance.now()
        return (await resolveOrNothing(store, list.tag, signalOf(context)))?.digest === base?.blob.descriptor.digest
      },
    },
    context,
  )
  return result === undefined ? undefined : { result, touched: edited.touched, isNew, exposedMs: performance.now() - lookedAt }
}

function signalOf({ signal }: ShipContext): AbortSignal {
  return signal ?? new AbortController().signal
}

/** The list's own tag is somebody else's by now; the other tags are ours. */
function afterOwnTags(cause: unknown, done: ChangedIndex | undefined, { full }: ListName): unknown {
  const others = done?.result.tags.filter((tag) => tag !== full) ?? []
  return others.length === 0 ? cause : afterTags(cause, others)
}

async function readBase(store: Store, list: ListName, signal: AbortSignal | undefined): Promise<Base | undefined> {
  const fetched = await fetchManifest(store, list.tag, list.full, signal).catch((cause: unknown) => {
    if (cause instanceof PackagerError && cause.code === 'IMAGE_NOT_FOUND') return undefined
    throw cause
  })
  if (fetched === undefined) return undefined
  const { descriptor, bytes } = fetched
  if (!isIndexType(descriptor.mediaType)) {
    const hint = `"bp-package manifest create --publish ${list.full} ${list.full}" makes an index of it`
    throw new PackagerError({ code: 'UNSUPPORTED', step: 'read index', value: list.full, found: 'a single image', wanted: 'an image index', hint })
  }
  try {
    return { content: readIndexContent(bytes, descriptor.mediaType), blob: inlineBlob(descriptor.mediaType, bytes) }
  } catch (cause) {
    throw new PackagerError({ code: 'UNSUPPORTED', step: 'read index', value: list.full, found: cause instanceof Error ? cause.message : 'no index', wanted: 'an image index', cause })
  }
}

async function check(list: ListName, before: IndexContent, edited: RemoteChange, store: Store, context: ShipContext, isFirst: boolean): Promise<void> {
  const { content, holdings } = edited
  const format = formatOf(content.mediaType)
  checkFormat(content, format, list.full, before.manifests)
  const manifests = new Map([...holdings.manifests, ...(await unnamed(content, holdings, list, store, context))])
  checkPublishable(content, list.full, manifests, (entry) =>
    before.manifests.some(({ digest }) => digest === entry.digest)
      ? repair(entry, list.full, true)
      : 'name what it runs on with the image: --os linux --arch amd64',
  )
  if (!isFirst) return
  for (const warning of listWarnings(content, format, list.full, manifests, before.manifests)) context.report({ type: 'warning', ...warning })
}

/** Manifests of entries that say neither a platform nor what else they are: only their bytes can tell. */
async function unnamed(content: IndexContent, { manifests }: Holdings, list: ListName, store: Store, { signal }: ShipContext): Promise<readonly (readonly [Digest, Buffer])[]> {
  const bare = content.manifests.filter((entry) => !isComplete(entry.platform) && entry.platform === undefined && !manifests.has(entry.digest) && !isIndexType(entry.mediaType))
  return gather(bare, usualConcurrency, async ({ digest }) => [digest, (await fetchManifest(store, digest, pinned(`${list.registry}/${list.repository}`, digest), signal)).bytes] as const)
}

function changedTooOften({ full }: ListName): PackagerError {
  return new PackagerError({
    code: 'REGISTRY',
    step: 'change index',
    value: full,
    found: `an index that changed ${tries} times while it was read`,
    hint: 'let one job at a time change it',
  })
}

function notThere({ full }: ListName): PackagerError {
  return new PackagerError({
    code: 'LIST_NOT_FOUND',
    step: 'find index',
    value: full,
    found: 'no such tag in the registry',
    hint: `"bp-package manifest add --publish ${full} IMAGE" creates it`,
  })
}
