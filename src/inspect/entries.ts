import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import { isIndexType } from '../oci/media-types.ts'
import type { Platform } from '../oci/platform.ts'
import type { Documents } from './documents.ts'
import { readingFaults } from './documents.ts'
import { isFields, textList, textsOf } from './shape.ts'

/** One image that an index lists; `descriptor` is undefined where the entry names none that could be read. */
export interface Entry {
  readonly descriptor: Descriptor | undefined
  readonly platform: Platform | undefined
  readonly annotations: Readonly<Record<string, string>>
  readonly problem?: string
}

/** The images of an index and, by their subject, how many attestations are about each. */
export interface Entries {
  readonly images: readonly Entry[]
  readonly attestations: ReadonlyMap<string, number>
}

/** Indexes in indexes: as deep as `manifest add` reads them (SPEC-manifest.md, "An index as input"). */
const deepest = 4
/** Attestations too. */
const mostEntries = 1000

/** The images of an index, those of indexes in it in their place. */
export async function readEntries(index: Descriptor, documents: Documents): Promise<Entries> {
  return sortOut(await nested(await listed(index, documents), documents, 1))
}

/** Tells images from attestations. */
export function sortOut(found: readonly Entry[]): Entries {
  checkCount(found.length)
  const attestations = new Map<string, number>()
  const images = found.filter(({ annotations }) => {
    if (annotations['vnd.docker.reference.type'] === undefined) return true
    const subject = annotations['vnd.docker.reference.digest'] ?? ''
    attestations.set(subject, (attestations.get(subject) ?? 0) + 1)
    return false
  })
  return { images, attestations }
}

/** One after another, and counted on the way: a few small indexes that name each other many times come to billions. */
async function nested(entries: readonly unknown[], documents: Documents, depth: number): Promise<readonly Entry[]> {
  checkCount(entries.length)
  const found: Entry[] = []
  for (const entry of entries.map(toEntry)) {
    if (entry.descriptor === undefined || !isIndexType(entry.descriptor.mediaType)) found.push(entry)
    else if (depth === deepest) found.push({ ...entry, problem: `an index in ${deepest} others, which is not read` })
    else {
      const inner = await listed(entry.descriptor, documents).catch(problemOf)
      found.push(...('problem' in inner ? [{ ...entry, ...inner }] : await nested(inner, documents, depth + 1)))
    }
    checkCount(found.length)
  }
  return found
}

/** The entries that an index has, whatever they are. */
async function listed(index: Descriptor, documents: Documents): Promise<readonly unknown[]> {
  const { manifests } = await documents.object(index)
  if (Array.isArray(manifests)) return manifests
  throw new PackagerError({ code: 'UNSUPPORTED', step: 'read image index', value: index.digest, found: 'JSON without a list of manifests', wanted: 'an image index' })
}

function problemOf(cause: unknown): { readonly problem: string } {
  if (cause instanceof PackagerError && readingFaults.has(cause.code)) return { problem: cause.message }
  throw cause
}

function checkCount(count: number): void {
  if (count > mostEntries) throw new PackagerError({ code: 'UNSUPPORTED', step: 'read image index', found: `more than ${mostEntries} entries`, wanted: `at most ${mostEntries}` })
}

/** Reads an entry of an index, whatever it is. */
export function toEntry(value: unknown): Entry {
  const fields = isFields(value) ? value : {}
  const descriptor = toDescriptor(fields)
  const platform = isFields(fields['platform']) ? toPlatform(fields['platform']) : undefined
  const entry = { descriptor, platform: platform?.os === '' && platform.architecture === '' ? undefined : platform, annotations: textsOf(fields['annotations']) }
  return descriptor === undefined ? { ...entry, problem: 'an entry of the index without a sha256 digest and a size' } : entry
}

/** A descriptor's type, size and digest; undefined where it lacks one that can be used. */
export function toDescriptor(value: unknown): (Descriptor & { readonly digest: Digest }) | undefined {
  const { mediaType, size, digest } = isFields(value) ? value : {}
  if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined
  return { mediaType: typeof mediaType === 'string' ? mediaType : '', size, digest }
}

/** The platform of an index's entry or of an image's config: both have the same words. */
export function toPlatform(value: unknown): Platform {
  const fields = isFields(value) ? value : {}
  const text = (key: string): string => (typeof fields[key] === 'string' ? fields[key] : '')
  const features = textList(fields['os.features'])
  return {
    architecture: text('architecture'),
    os: text('os'),
    ...(text('os.version') === '' ? {} : { 'os.version': text('os.version') }),
    ...(features.length === 0 ? {} : { 'os.features': features }),
    ...(text('variant') === '' ? {} : { variant: text('variant') }),
  }
}
