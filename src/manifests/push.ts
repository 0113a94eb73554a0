import { PackagerError } from '../errors.ts'
import { silent } from '../events.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { withListLock } from '../stores/list-lock.ts'
import { listsFolder } from '../stores/list-names.ts'
import { deleteList } from '../stores/list-write.ts'
import type { ListFormat, StoredList } from '../stores/lists.ts'
import { readLocal } from './local.ts'
import { allTags, parseListName } from './names.ts'
import type { LocalOptions, PushResult, SendOptions } from './options.ts'
import { checkFormat, checkPublishable, indexTypes, repair } from './rules.ts'
import { withNetwork } from './run.ts'
import { ship } from './ship.ts'

export interface PushOptions {
  readonly list: string
  /** Where it goes; LIST itself unless told. */
  readonly destination?: string
  /** The list's own unless told. */
  readonly format?: ListFormat
  /** Delete the local list after the last tag. */
  readonly purge?: boolean
}

/** `manifest push LIST [DESTINATION]` (SPEC-manifest.md). Whatever fails, the local list stays. */
export async function pushList(options: PushOptions & LocalOptions & SendOptions): Promise<PushResult> {
  const list = parseListName(options.list)
  const destination = options.destination === undefined ? list : parseListName(options.destination, 'destination')
  allTags(destination, options.tags)
  const push = async (): Promise<PushResult> => {
    const stored = await readLocal(list, options)
    const content = inFormat(stored, options.format, list.full)
    checkPublishable(content, list.full, stored.manifests, (entry) => repair(entry, list.full, false))
    return withNetwork({ ...options, send: options }, destination, async (context) => {
      const result = await ship({ destination, content, holdings: stored }, context)
      if (result === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'push list', value: list.full, found: 'no result' })
      return result
    })
  }
  if (options.purge !== true || options.dryRun === true) return push()
  const { owner, patienceMs, signal, onEvent: report = silent } = options
  const root = listsFolder(options.env)
  await readLocal(list, options)
  return withListLock(root, list.full, { owner, patienceMs, signal }, async () => {
    const result = await push()
    await deleteList(root, list.full)
    report({ type: 'step', message: `deleted the local list ${list.full}` })
    return { ...result, purged: true }
  })
}

/** The list in another format, where that loses nothing: children stay as they are. */
function inFormat({ content, format }: StoredList, wanted: ListFormat = format, list: string): IndexContent {
  checkFormat(content, wanted, list)
  return wanted === format ? content : { ...content, mediaType: indexTypes[wanted] }
}
