import { PackagerError } from '../errors.ts'
import { silent } from '../events.ts'
import { listsFolder } from '../stores/list-names.ts'
import { hasList } from '../stores/lists.ts'
import type { ListFormat, StoredList } from '../stores/lists.ts'
import { addImages, noAnnotations } from './edit.ts'
import type { Addition } from './edit.ts'
import { resolveFiles } from './from.ts'
import type { LocalChange } from './local.ts'
import { changeLocal, emptyContent, readLocal } from './local.ts'
import type { ListName } from './names.ts'
import { parseImage, parseListName } from './names.ts'
import { isAttestation } from './platforms.ts'
import type { LocalOptions, NetworkOptions, PushResult, SendOptions } from './options.ts'
import { changeRemote } from './remote.ts'
import type { Group, Reading } from './resolve.ts'
import { holdingsOf, resolveImages } from './resolve.ts'
import { checkFormat, checkPublishable, formatOf, listWarnings } from './rules.ts'
import { withNetwork } from './run.ts'
import { ship } from './ship.ts'

/** What a new list is made of. */
export interface CreateOptions {
  readonly list: string
  readonly images?: readonly string[]
  /** Files that `--metadata-file` wrote, or folders of them. */
  readonly from?: readonly string[]
  readonly format?: ListFormat
  /** Adds to a list that is there. */
  readonly amend?: boolean
  /** Starts anew where a list is there. */
  readonly replace?: boolean
  /** Of indexes among the images: `os/arch[/variant[:osversion]]`; all unless told. */
  readonly platforms?: readonly string[]
  /** Of indexes: attestations come along unless false. */
  readonly attestations?: boolean
  /** Of the index itself. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** An index in a registry. */
export type CreateIndexOptions = CreateOptions & NetworkOptions & SendOptions

export interface CreatedList {
  readonly list: string
  /** All that it has now; attestations are not counted. */
  readonly images: number
}

/** `manifest create LIST [IMAGE...]`: a local list. All images are read before anything is written. */
export async function createList(options: CreateOptions & LocalOptions): Promise<CreatedList> {
  const list = parseListName(options.list)
  checkModes(options)
  await checkAbsent(list, options)
  const groups = await withNetwork(options, list, (_, reading) => readGroups(options, reading))
  const { content } = await changeLocal(list, options, options.replace === true, (stored) => {
    if (stored !== undefined && options.amend !== true) throw listExists(list)
    if (stored !== undefined) checkSameFormat(list, options, stored)
    return created(options, groups, stored)
  })
  return { list: list.full, images: content.manifests.filter((entry) => !isAttestation(entry)).length }
}

/**
 * `manifest create LIST --publish`: an index over images that exist, straight into the registry that LIST names, with no local
 * state (SPEC-manifest.md, "manifest create"). Children of other repositories are mounted or copied.
 *
 * @throws PackagerError whatever fails, no tag has moved
 */
export async function createIndex(options: CreateIndexOptions): Promise<PushResult> {
  const list = parseListName(options.list)
  checkModes(options)
  const { onEvent: report = silent } = options
  return withNetwork({ ...options, send: options }, list, async (context, reading) => {
    const groups = await readGroups(options, reading)
    if (options.amend === true) {
      const add = async (content: LocalChange['content']): Promise<ReturnType<typeof addImages> & { holdings: LocalChange['holdings'] }> => {
        checkSameFormat(list, options, { format: formatOf(content.mediaType) })
        return { ...addImages(content, addition(options, groups)), holdings: holdingsOf(groups) }
      }
      return (await changeRemote(list, context, true, add)).result
    }
    const { content, format, holdings } = created(options, groups, undefined)
    checkFormat(content, format, list.full)
    checkPublishable(
      content,
      list.full,
      holdings.manifests,
      ({ digest }) =>
        `"bp-package manifest create ${list.full}" without --publish, then "bp-package manifest annotate ${list.full} ${digest} --os linux --arch amd64" with what it runs on, then push`,
    )
    for (const warning of listWarnings(content, format, list.full, holdings.manifests)) report({ type: 'warning', ...warning })
    const result = await ship({ destination: list, content, holdings }, context)
    if (result === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'push index', value: list.full, found: 'no result' })
    return result
  })
}

function created(options: CreateOptions, groups: readonly Group[], stored: StoredList | undefined): LocalChange {
  const format = stored?.format ?? options.format ?? 'oci'
  const edited = addImages(stored?.content ?? emptyContent(format), addition(options, groups))
  return { ...edited, format, holdings: holdingsOf(groups, stored) }
}

function addition({ annotations = {}, list }: CreateOptions, groups: readonly Group[]): Addition {
  return {
    groups,
    platform: {},
    annotations: { ...noAnnotations, index: annotations },
    replace: false,
    remedy: `leave one of them out, or let it take the other's place: bp-package manifest add ${list} IMAGE --replace`,
  }
}

/** Files in the order given, before the words. */
async function readGroups(options: CreateOptions & NetworkOptions, reading: Reading): Promise<readonly Group[]> {
  const { from = [], images = [], platforms = [], attestations = true, cwd } = options
  const references = images.map(parseImage)
  const ofFiles = from.length === 0 ? [] : await resolveFiles(from, cwd, { platforms, attestations }, reading)
  return [...ofFiles, ...(await resolveImages(references, { platforms, attestations }, reading, ofFiles))]
}

function checkModes({ amend, replace }: CreateOptions): void {
  if (amend === true && replace === true) {
    throw new PackagerError({
      code: 'USAGE',
      step: 'read the command line',
      found: '--amend and --replace',
      wanted: 'one of them: --amend adds to the list, --replace starts it anew',
    })
  }
}

/** Before any network: who mistypes a name need not wait for registries. */
async function checkAbsent(list: ListName, options: CreateOptions & LocalOptions): Promise<void> {
  if (options.replace === true || !(await hasList(listsFolder(options.env), list.full))) return
  if (options.amend !== true) throw listExists(list)
  checkSameFormat(list, options, await readLocal(list, options))
}

function checkSameFormat(list: ListName, { format }: CreateOptions, there: { readonly format: ListFormat }): void {
  if (format === undefined || format === there.format) return
  throw new PackagerError({
    code: 'MIXED_TYPES',
    step: 'amend list',
    value: list.full,
    found: `format ${there.format}, fixed when it was created`,
    wanted: format,
    hint: 'leave --format out, or start anew with --replace',
  })
}

function listExists({ full }: ListName): PackagerError {
  return new PackagerError({ code: 'LIST_EXISTS', step: 'create list', value: full, found: 'there is a local list of that name', hint: '--amend adds to it, --replace starts it anew' })
}
