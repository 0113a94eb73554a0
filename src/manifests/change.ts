import { PackagerError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { listsFolder } from '../stores/list-names.ts'
import { hasList } from '../stores/lists.ts'
import { addImages, annotateEntry, removeEntries } from './edit.ts'
import type { Addition } from './edit.ts'
import { findEntries } from './entries.ts'
import { changeLocal, emptyContent, listNotFound, readLocal } from './local.ts'
import { parseImage, parseListName } from './names.ts'
import type { AnnotationChange, LocalOptions, NetworkOptions, PlatformFlags, PushResult, Selection, SendOptions, Touched } from './options.ts'
import { changeRemote } from './remote.ts'
import type { Holdings } from './resolve.ts'
import { holdingsOf, resolveImages } from './resolve.ts'
import { withNetwork } from './run.ts'

export interface AddOptions {
  readonly list: string
  readonly images: readonly string[]
  readonly platform: PlatformFlags
  readonly annotations: AnnotationChange
  readonly selection: Selection
  readonly replace: boolean
  /** Create the list where it is absent. */
  readonly missingOk: boolean
}

export interface AnnotateOptions {
  readonly list: string
  /** Absent: the index alone. */
  readonly entry: string | undefined
  readonly platform: PlatformFlags
  readonly annotations: AnnotationChange
}

export interface RemoveOptions {
  readonly list: string
  readonly entries: readonly string[]
  readonly keepAttestations: boolean
}

/** A command that changed a list in its registry. */
export interface PublishedChange {
  readonly result: PushResult
  readonly touched: readonly Touched[]
}

const nothingHeld: Holdings = { manifests: new Map(), sources: new Map() }

/** `manifest add LIST IMAGE...`: all or nothing. */
export async function addToList(options: AddOptions & LocalOptions): Promise<readonly Touched[]> {
  checkAdd(options)
  const list = parseListName(options.list)
  const images = options.images.map(parseImage)
  if (!options.missingOk && !(await hasList(listsFolder(options.env), list.full))) throw listNotFound(list)
  const groups = await withNetwork(options, list, (_, reading) => resolveImages(images, options.selection, reading))
  const { touched } = await changeLocal(list, options, false, (stored) => {
    if (stored === undefined && !options.missingOk) throw listNotFound(list)
    const format = stored?.format ?? 'oci'
    return { ...addImages(stored?.content ?? emptyContent(format), addition(options, groups)), format, holdings: holdingsOf(groups, stored) }
  })
  return touched
}

/** `manifest add --publish`: the same on the registry's index, which is created where it is absent. */
export async function addToIndex(options: AddOptions & NetworkOptions & SendOptions): Promise<PublishedChange> {
  checkAdd(options)
  const list = parseListName(options.list)
  const images = options.images.map(parseImage)
  return withNetwork({ ...options, send: options }, list, async (context, reading) => {
    const groups = await resolveImages(images, options.selection, reading)
    return changeRemote(list, context, true, async (content) => ({ ...addImages(content, addition(options, groups)), holdings: holdingsOf(groups) }))
  })
}

function addition(options: AddOptions, groups: Addition['groups']): Addition {
  const { platform, annotations, replace } = options
  return { groups, platform, annotations, replace, remedy: '--replace puts the new image in the place of the old one' }
}

function checkAdd({ images, platform }: AddOptions): void {
  if (images.length === 0) throw usage('no image', 'manifest add LIST IMAGE...')
  checkPlatformFlags(platform)
}

/** Images can do without the other words, never without these. */
function checkPlatformFlags({ os, arch }: PlatformFlags): void {
  const [flag] = [...(os === '' ? ['--os'] : []), ...(arch === '' ? ['--arch'] : [])]
  if (flag !== undefined) {
    throw new PackagerError({
      code: 'USAGE',
      step: `read ${flag}`,
      found: 'an empty word',
      wanted: 'what the image runs on: only the other words of a platform can be removed',
    })
  }
}

/** `manifest annotate LIST [ENTRY]`. */
export async function annotateList(options: AnnotateOptions & LocalOptions): Promise<readonly Touched[]> {
  checkAnnotate(options)
  const list = parseListName(options.list)
  const { content } = await readLocal(list, options)
  const digest = await withNetwork(options, list, async (_, reading) => (await findEntries(wordsOf(options), content, reading))[0])
  const { touched } = await changeLocal(list, options, false, (stored) => {
    if (stored === undefined) throw listNotFound(list)
    return { ...annotateEntry(stored.content, digest, options), format: stored.format, holdings: stored }
  })
  return touched
}

/** `manifest annotate --publish`. */
export async function annotateIndex(options: AnnotateOptions & NetworkOptions & SendOptions): Promise<PublishedChange> {
  checkAnnotate(options)
  const list = parseListName(options.list)
  let digest: Digest | undefined
  return withNetwork({ ...options, send: options }, list, (context, reading) =>
    changeRemote(list, context, false, async (content, isWritten) => {
      // The word may have been for what the entry was before.
      if (!isWritten) [digest] = await findEntries(wordsOf(options), content, reading)
      return { ...annotateEntry(content, digest, options), holdings: nothingHeld }
    }),
  )
}

function wordsOf({ entry }: AnnotateOptions): readonly string[] {
  return entry === undefined ? [] : [entry]
}

function checkAnnotate({ entry, platform, annotations }: AnnotateOptions): void {
  checkPlatformFlags(platform)
  const forEntry = Object.keys(platform).length + Object.keys(annotations.entry).length + annotations.removeEntry.length
  const forIndex = Object.keys(annotations.index).length + annotations.removeIndex.length
  if (forEntry + forIndex === 0) throw usage('nothing to change', 'a platform flag such as --arch, or an annotation flag')
  if (entry === undefined && forEntry > 0) {
    throw usage(
      'no entry',
      'the entry that the flags are about: manifest annotate LIST ENTRY; only --index-annotation and --remove-index-annotation need none',
    )
  }
}

function usage(found: string, wanted: string): PackagerError {
  return new PackagerError({ code: 'USAGE', step: 'read the command line', found, wanted })
}

/** `manifest rm LIST ENTRY...`: all are found first. */
export async function removeFromList(options: RemoveOptions & LocalOptions): Promise<readonly Touched[]> {
  const list = parseListName(options.list)
  const { content } = await readLocal(list, options)
  const digests = await withNetwork(options, list, (_, reading) => findEntries(options.entries, content, reading))
  const { touched } = await changeLocal(list, options, false, (stored) => {
    if (stored === undefined) throw listNotFound(list)
    return { ...removeEntries(stored.content, digests, options.keepAttestations), format: stored.format, holdings: stored }
  })
  return touched
}

/** `manifest rm --publish`. */
export async function removeFromIndex(options: RemoveOptions & NetworkOptions & SendOptions): Promise<PublishedChange> {
  const list = parseListName(options.list)
  let digests: readonly Digest[] = []
  return withNetwork({ ...options, send: options }, list, (context, reading) =>
    changeRemote(list, context, false, async (content, isWritten) => {
      if (!isWritten) digests = await findEntries(options.entries, content, reading)
      // What is gone already, this run has taken out.
      const left = isWritten ? digests.filter((digest) => content.manifests.some((entry) => entry.digest === digest)) : digests
      return { ...removeEntries(content, left, options.keepAttestations), holdings: nothingHeld }
    }),
  )
}
