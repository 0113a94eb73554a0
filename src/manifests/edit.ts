import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { samePlatform } from '../oci/platform.ts'
import { throwAll } from './failures.ts'
import type { AnnotationChange, PlatformFlags, Touched } from './options.ts'
import { collides, isAttestation, platformText, subjectOf, withFlags } from './platforms.ts'
import type { Group } from './resolve.ts'

/** A list after a change, and the entries that the change was about, in the order in which they are told. */
export interface Edited {
  readonly content: IndexContent
  readonly touched: readonly Touched[]
}

/** How images are added. */
export interface Addition {
  readonly groups: readonly Group[]
  readonly platform: PlatformFlags
  readonly annotations: AnnotationChange
  /** A new image takes the place of the one that has its platform. */
  readonly replace: boolean
  /** What to do where a platform is taken, for the message. */
  readonly remedy: string
}

export const noAnnotations: AnnotationChange = { entry: {}, index: {}, removeEntry: [], removeIndex: [] }

/**
 * Adds images at the end, in their order (SPEC-manifest.md, "Entries"). A digest that is there already gets the flags' words
 * where it stands. An image whose platform is taken is refused, or takes that place; the children of one index may share a
 * platform among themselves.
 *
 * @throws PackagerError `PLATFORM_TAKEN` with all such images; `USAGE` where flags are for more than one image
 */
export function addImages(content: IndexContent, addition: Addition): Edited {
  checkFlags(addition)
  const touched: Touched[] = []
  const taken: PackagerError[] = []
  let manifests = content.manifests
  for (const group of addition.groups) {
    const own = new Set<Digest>()
    for (const { entry } of group.found) {
      const added = withChanges(manifests.find(({ digest }) => digest === entry.digest) ?? entry, addition)
      const holders = manifests.filter((other) => collides(added, other) && !own.has(other.digest))
      own.add(entry.digest)
      if (holders.length > 0 && !addition.replace) taken.push(takenError('add image', added, holders, addition.remedy))
      manifests = placed(manifests, added, holders)
      touched.push({ digest: added.digest, platform: platformText(added.platform) })
    }
  }
  throwAll(taken)
  return { content: withIndexAnnotations({ ...content, manifests }, addition.annotations), touched: distinct(touched) }
}

/** In its own place, in that of the first one it replaces, or at the end. What is replaced goes with its attestations. */
function placed(manifests: readonly Descriptor[], added: Descriptor, holders: readonly Descriptor[]): readonly Descriptor[] {
  const known = manifests.some(({ digest }) => digest === added.digest)
  const [first] = holders
  const target = known ? added.digest : first?.digest
  const put = target === undefined ? [...manifests, added] : manifests.map((entry) => (entry.digest === target ? added : entry))
  const gone = new Set<string>(holders.map(({ digest }) => digest))
  return put.filter((entry) => !gone.has(entry.digest) && !gone.has(subjectOf(entry) ?? ''))
}

function checkFlags({ groups, platform }: Addition): void {
  const images = groups.flatMap(({ found }) => found).filter(({ entry }) => !isAttestation(entry))
  const count = new Set(images.map(({ entry }) => entry.digest)).size
  if (Object.keys(platform).length === 0 || count === 1) return
  const found = count === 0 ? 'no image' : `${count} images: ${images.map(({ entry }) => platformText(entry.platform)).join(', ')}`
  throw new PackagerError({ code: 'USAGE', step: 'read platform flags', found, wanted: 'one image, which they are about', hint: 'take one of an index with --platform os/arch' })
}

function withChanges(entry: Descriptor, { platform: flags, annotations }: Pick<Addition, 'platform' | 'annotations'>): Descriptor {
  if (isAttestation(entry)) return entry
  const platform = withFlags(entry.platform, flags)
  const texts = changed(entry.annotations ?? {}, annotations.entry, annotations.removeEntry)
  const { platform: _, annotations: __, ...rest } = entry
  return { ...rest, ...(platform === undefined ? {} : { platform }), ...(Object.keys(texts).length === 0 ? {} : { annotations: texts }) }
}

function withIndexAnnotations(content: IndexContent, change: AnnotationChange): IndexContent {
  return { ...content, annotations: changed(content.annotations, change.index, change.removeIndex) }
}

function changed(texts: Readonly<Record<string, string>>, set: Readonly<Record<string, string>>, remove: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries({ ...texts, ...set }).filter(([key]) => !remove.includes(key)))
}

/**
 * Changes one entry, or with no digest the index alone; nothing moves.
 *
 * @throws PackagerError `ENTRY_NOT_FOUND`, `PLATFORM_TAKEN`
 */
export function annotateEntry(content: IndexContent, digest: Digest | undefined, change: Pick<Addition, 'platform' | 'annotations'>): Edited {
  const annotated = withIndexAnnotations(content, change.annotations)
  if (digest === undefined) return { content: annotated, touched: [] }
  const former = content.manifests.find((entry) => entry.digest === digest)
  if (former === undefined) throw entryNotFound(digest, content)
  const entry = withChanges(former, change)
  const moved = former.platform === undefined || entry.platform === undefined || !samePlatform(former.platform, entry.platform)
  const holders = moved ? content.manifests.filter((other) => collides(entry, other)) : []
  if (holders.length > 0) throw takenError('annotate entry', entry, holders, 'take the other entry out with "manifest rm" first')
  const manifests = content.manifests.map((other) => (other.digest === digest ? entry : other))
  return { content: { ...annotated, manifests }, touched: [{ digest, platform: platformText(entry.platform) }] }
}

/** Takes entries out, and the attestations that are about them. */
export function removeEntries(content: IndexContent, digests: readonly Digest[], keepAttestations: boolean): Edited {
  throwAll(digests.filter((digest) => !content.manifests.some((entry) => entry.digest === digest)).map((digest) => entryNotFound(digest, content)))
  const gone = new Set<string>(digests)
  const goes = (entry: Descriptor): boolean => gone.has(entry.digest) || (!keepAttestations && gone.has(subjectOf(entry) ?? ''))
  const removed = content.manifests.filter(goes)
  return {
    content: { ...content, manifests: content.manifests.filter((entry) => !goes(entry)) },
    touched: distinct(removed.map(({ digest, platform }) => ({ digest, platform: platformText(platform) }))),
  }
}

function distinct(touched: readonly Touched[]): readonly Touched[] {
  const seen = new Set<Digest>()
  return touched.filter(({ digest }) => !seen.has(digest) && seen.add(digest))
}

/** Of an index of thousands nobody reads more. */
const mostTold = 50

/** Entries as messages list them: `sha256:... (linux/amd64), sha256:... (linux/arm64)`. */
export function entryTexts(entries: readonly Descriptor[]): string {
  const texts = entries.slice(0, mostTold).map(({ digest, platform }) => `${digest} (${platformText(platform)})`)
  return [...texts, ...(entries.length > mostTold ? [`and ${entries.length - mostTold} more`] : [])].join(', ')
}

export function entryNotFound(word: string, { manifests }: Pick<IndexContent, 'manifests'>): PackagerError {
  const there = entryTexts(manifests)
  return new PackagerError({ code: 'ENTRY_NOT_FOUND', step: 'find entry', value: word, found: 'no such entry', hint: there === '' ? 'the list has no entries' : `the list has ${there}` })
}

function takenError(step: string, added: Descriptor, holders: readonly Descriptor[], remedy: string): PackagerError {
  const value = `${added.digest} (${platformText(added.platform)})`
  return new PackagerError({
    code: 'PLATFORM_TAKEN',
    step,
    value,
    found: `${platformText(added.platform)} taken by ${holders.map(({ digest }) => digest).join(', ')}`,
    wanted: 'one image for a platform',
    hint: remedy,
  })
}
