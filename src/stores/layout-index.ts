import { PackagerError, reason, throwIfCancelled } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { isDigest } from '../oci/digest.ts'
import { isIndexType } from '../oci/media-types.ts'

/** The annotation that holds a tag in a layout's index.json (image-spec, annotations.md). */
export const refName = 'org.opencontainers.image.ref.name'

const step = 'read image layout'

/** A layout as far as finding an image in it goes, be it a folder or an archive. */
export interface NamedImages {
  /** The folder or file, for messages. */
  readonly place: string
  /** What index.json lists. */
  readonly entries: readonly Descriptor[]
  /** What an image index that is a blob of this layout names. */
  readonly children: (index: Descriptor) => Promise<readonly Descriptor[]>
}

/**
 * The image that `name` stands for: a tag, a digest that index.json or an index below it names, or `''` for the one entry
 * of a layout that has only one.
 */
export async function findImage(images: NamedImages, name: string, signal?: AbortSignal): Promise<Descriptor> {
  const { place, entries } = images
  const found = isDigest(name) ? await findDigest(images, name, signal) : findTag(entries, name)
  if (found !== undefined) return found
  const tags = entries.flatMap((entry) => entry.annotations?.[refName] ?? [])
  throw new PackagerError({
    code: 'NOT_FOUND',
    step: 'find image in layout',
    value: name,
    found: name === '' ? `${entries.length} images in ${place}` : `nothing of that name in ${place}`,
    hint: tags.length === 0 ? 'the layout names no tags' : `the layout has ${tags.join(', ')}`,
  })
}

function findTag(entries: readonly Descriptor[], tag: string): Descriptor | undefined {
  if (tag === '') return entries.length === 1 ? entries[0] : undefined
  return entries.find((entry) => entry.annotations?.[refName] === tag)
}

/** Breadth first, so that an entry of index.json itself is found without reading any blob. */
async function findDigest({ entries, children }: NamedImages, digest: string, signal: AbortSignal | undefined): Promise<Descriptor | undefined> {
  const seen = new Set<string>()
  let level = entries
  while (level.length > 0) {
    const found = level.find((entry) => entry.digest === digest)
    if (found !== undefined) return found
    const next: Descriptor[] = []
    for (const entry of level) {
      if (!isIndexType(entry.mediaType) || seen.has(entry.digest)) continue
      seen.add(entry.digest)
      throwIfCancelled(signal, step)
      for (const child of await children(entry)) next.push(child)
    }
    level = next
  }
  return undefined
}

/** The entries of an image index, index.json's own or another's; `path` is where the text was found. */
export function parseIndex(text: string, path: string): readonly Descriptor[] {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'manifests' in value && Array.isArray(value.manifests)) {
      return value.manifests.map(checkDescriptor)
    }
  } catch (cause) {
    throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: reason(cause), wanted: 'an image index', cause })
  }
  throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: 'JSON without a list of manifests', wanted: 'an image index' })
}

/** An entry whose fields are of the types that all who read it rely on. */
function checkDescriptor(value: unknown, at: number): Descriptor {
  const { mediaType, digest, size, platform, annotations } = (value ?? {}) as Record<string, unknown>
  const named = typeof mediaType === 'string' && typeof digest === 'string' && isDigest(digest) && Number.isSafeInteger(size) && Number(size) >= 0
  if (!named) throw new TypeError(`manifest entry ${at} without a media type, a sha256 digest or a size`)
  if (!isPlatform(platform)) throw new TypeError(`manifest entry ${at} with a platform that lacks its os or architecture`)
  if (!isTexts(annotations)) throw new TypeError(`manifest entry ${at} with annotations that are no texts`)
  return value as Descriptor
}

function isPlatform(value: unknown): boolean {
  if (value === undefined) return true
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = (value ?? {}) as Record<string, unknown>
  const optional = [variant, version].every((field) => field === undefined || typeof field === 'string')
  const list = features === undefined || (Array.isArray(features) && features.every((feature) => typeof feature === 'string'))
  return typeof os === 'string' && typeof architecture === 'string' && optional && list
}

function isTexts(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string'))
}
