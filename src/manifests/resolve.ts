import { PackagerError, reason } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { readIndexContent } from '../oci/index-content.ts'
import { isIndexType } from '../oci/media-types.ts'
import type { Platform } from '../oci/platform.ts'
import type { Reference } from '../oci/reference.ts'
import { repositoryName, tagOf } from '../oci/reference.ts'
import type { Source } from '../stores/store.ts'
import { gather } from './failures.ts'
import type { ConfigFacts } from './fetch.ts'
import { fetchConfig, fetchManifest, pinned, readParts } from './fetch.ts'
import { imageName } from './names.ts'
import type { Selection } from './options.ts'
import { isAttestation, isComplete, matching, parseWanted, platformText, subjectOf } from './platforms.ts'

/** A child of an index to be: what it says of itself, its bytes, and where its config and layers are. */
export interface Found {
  readonly entry: Descriptor
  readonly bytes: Buffer
  /** `host/repo`. */
  readonly repository: string
  /** Undefined for what is no image, or where the index that it came from has said enough. */
  readonly config: ConfigFacts | undefined
  readonly isImage: boolean
}

/** What one word stands for: an image, or all that was taken of an index. */
export interface Group {
  /** As messages name it. */
  readonly name: string
  readonly isIndex: boolean
  /** All images of it, taken or not. */
  readonly there: readonly Descriptor[]
  readonly found: readonly Found[]
}

/** How deep indexes may be in indexes. */
const deepest = 4
/** Of one index and all in it; more is nobody's package. A few small indexes that name each other many times come to billions. */
const mostChildren = 2000
/** Of their manifests together: they are kept in memory. */
const mostBytes = 128 * 1024 ** 2

export interface Reading {
  /** A repository that is only read from. */
  readonly open: (registry: string, repository: string) => Promise<Source>
  readonly concurrency: number
  readonly report: Report
  readonly signal: AbortSignal | undefined
}

/**
 * Reads what each of these names stands for, in parallel; all that fail are told. Nothing is written.
 *
 * @param before groups that were read otherwise: a platform that only they have is no slip either
 */
export async function resolveImages(images: readonly Reference[], selection: Selection, reading: Reading, before: readonly Group[] = []): Promise<readonly Group[]> {
  const groups = await gather(images, reading.concurrency, (image) => resolveImage(image, selection, reading))
  checkUsed([...before, ...groups], selection)
  return groups
}

/** What one name stands for. */
export async function resolveImage(image: Reference, selection: Selection, reading: Reading): Promise<Group> {
  const source = await reading.open(image.registry, image.repository)
  const name = imageName(image)
  const place = { source, repository: repositoryName(image), reading, tally: new Tally(name) }
  const root = await fetchManifest(source, image.digest ?? tagOf(image), name, reading.signal)
  const isIndex = isIndexType(root.descriptor.mediaType)
  const all = isIndex ? await children(root, place, name, 1) : [await leaf(root, undefined, place, name)]
  const there = all.map(({ entry }) => entry).filter((entry) => !isAttestation(entry))
  const found = select(all, there, selection, name)
  tellDoubled(found, name, reading.report)
  return { name, isIndex, there, found }
}

/** Platforms of one image that a warning names. */
const mostTold = 10

/** A list has one entry for an image; an index that names it for several platforms loses some of that. */
function tellDoubled(found: readonly Found[], name: string, report: Report): void {
  const platforms = new Map<Digest, Set<string>>()
  for (const { entry } of found) platforms.set(entry.digest, (platforms.get(entry.digest) ?? new Set()).add(platformText(entry.platform)))
  for (const [digest, texts] of platforms) {
    if (texts.size === 1) continue
    const all = [...texts]
    const more = all.length > mostTold ? `, and for ${all.length - mostTold} more` : ''
    const message = `${name} has ${digest} for ${all.slice(0, mostTold).join(' and for ')}${more}: a list has it for the first one only`
    report({ type: 'warning', message, hint: 'an image of its own for each platform, even of the same layers, can stand beside the other' })
  }
}

interface Place {
  readonly source: Source
  readonly repository: string
  readonly reading: Reading
  readonly tally: Tally
}

/** What one word has come to so far, over all indexes in it. */
class Tally {
  readonly #name: string
  #children = 0
  #bytes = 0

  constructor(name: string) {
    this.#name = name
  }

  /** @throws PackagerError once it is too much, and from then on */
  add(children: number, bytes: number): void {
    this.#children += children
    this.#bytes += bytes
    if (this.#children > mostChildren) throw this.#tooMuch(`more than ${mostChildren} entries`)
    if (this.#bytes > mostBytes) throw this.#tooMuch(`manifests of more than ${mostBytes} bytes`)
  }

  #tooMuch(found: string): PackagerError {
    return new PackagerError({ code: 'UNSUPPORTED', step: 'read index', value: this.#name, found, wanted: 'an image index' })
  }
}

type Root = Awaited<ReturnType<typeof fetchManifest>>

/** The children of an index in its order, those of indexes in it at their place. */
async function children(index: Root, place: Place, name: string, depth: number): Promise<readonly Found[]> {
  if (depth > deepest) throw new PackagerError({ code: 'UNSUPPORTED', step: 'read index', value: name, found: `indexes in each other, more than ${deepest} deep`, wanted: 'images' })
  const entries = entriesOf(index, name)
  place.tally.add(entries.length, 0)
  const found = await gather(entries, place.reading.concurrency, async (entry) => {
    place.tally.add(0, 0)
    const child = pinned(place.repository, entry.digest)
    const fetched = await fetchManifest(place.source, entry.digest, child, place.reading.signal)
    place.tally.add(0, fetched.bytes.length)
    return isIndexType(fetched.descriptor.mediaType) ? children(fetched, place, name, depth + 1) : [await leaf(fetched, entry, place, child)]
  })
  return found.flat()
}

function entriesOf(index: Root, name: string): readonly Descriptor[] {
  try {
    return readIndexContent(index.bytes, index.descriptor.mediaType).manifests
  } catch (cause) {
    throw new PackagerError({ code: 'UNSUPPORTED', step: 'read index', value: name, found: reason(cause), wanted: 'an image index', cause })
  }
}

/** One child, with what its parent says of platform and annotations, and what its config says where the parent is silent. */
async function leaf(fetched: Root, parent: Descriptor | undefined, place: Place, name: string): Promise<Found> {
  const { isImage, config, artifactType = parent?.artifactType } = readParts(fetched.value, name)
  const told = parent?.platform
  const facts = isImage && (parent === undefined || !isComplete(told)) ? await fetchConfig(place.source, config, name, place.reading.signal) : undefined
  const platform = mergedPlatform(told, facts?.platform)
  const entry = {
    ...fetched.descriptor,
    ...(platform === undefined ? {} : { platform }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(parent?.annotations === undefined ? {} : { annotations: parent.annotations }),
  }
  return { entry, bytes: fetched.bytes, repository: place.repository, config: facts, isImage }
}

/** The words of the first, and of the second where the first has none. */
function mergedPlatform(told: Platform | undefined, own: Platform | undefined): Platform | undefined {
  if (told === undefined || own === undefined) return told ?? own
  return { ...own, ...Object.fromEntries(Object.entries(told).filter(([, word]) => word !== '')) }
}

function select(all: readonly Found[], images: readonly Descriptor[], { platforms, attestations }: Selection, name: string): readonly Found[] {
  const taken = new Set(platforms.length === 0 ? images : platforms.flatMap((word) => matching(images, parseWanted(word))))
  if (platforms.length > 0 && taken.size === 0) throw noneMatches(name, images, platforms)
  const subjects = new Set(Array.from(taken, ({ digest }): string => digest))
  return all.filter(({ entry }) => (isAttestation(entry) ? attestations && (platforms.length === 0 || subjects.has(subjectOf(entry) ?? '')) : taken.has(entry)))
}

/** A platform that nothing was taken for is a slip, however many others there are. */
function checkUsed(groups: readonly Group[], { platforms }: Selection): void {
  const images = groups.flatMap(({ there }) => there)
  const unused = platforms.filter((word) => matching(images, parseWanted(word)).length === 0)
  if (unused.length > 0) throw noneMatches(groups.map(({ name }) => name).join(', '), images, unused)
}

function noneMatches(name: string, images: readonly Descriptor[], platforms: readonly string[]): PackagerError {
  const there = images.map(({ platform }) => platformText(platform)).join(', ')
  return new PackagerError({ code: 'IMAGE_NOT_FOUND', step: 'choose platform', value: name, found: there === '' ? 'no image' : `images for ${there}`, wanted: platforms.join(', ') })
}

/** What an index is made of beside its own bytes: each child's bytes, and the repositories that have it. */
export interface Holdings {
  readonly manifests: ReadonlyMap<Digest, Buffer>
  readonly sources: ReadonlyMap<Digest, readonly string[]>
}

export function holdingsOf(groups: readonly Group[], former?: Holdings): Holdings {
  const manifests = new Map(former?.manifests)
  const sources = new Map(former?.sources)
  for (const { entry, bytes, repository } of groups.flatMap(({ found }) => found)) {
    manifests.set(entry.digest, bytes)
    sources.set(entry.digest, [...new Set([...(sources.get(entry.digest) ?? []), repository])])
  }
  return { manifests, sources }
}
