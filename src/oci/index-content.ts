import type { Descriptor, InlineBlob } from './descriptor.ts'
import { isDigest } from './digest.ts'
import type { Annotations } from './manifest.ts'
import { encodeIndex } from './manifest.ts'
import { isIndexType, ociIndex } from './media-types.ts'
import type { Platform } from './platform.ts'

/** An index taken apart so that it can be changed and put together again: nothing of it is lost, not even what nobody here knows. */
export interface IndexContent {
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
  readonly annotations: Annotations
  /** Keys of the index that the image-spec does not have, or that are not changed here (`subject`, `artifactType`). */
  readonly rest: Readonly<Record<string, unknown>>
}

/**
 * Reads the bytes of an index. An entry's platform keeps its words; those it lacks are empty.
 *
 * @param told the type that the bytes were served as, for an index that does not say its own
 * @throws TypeError with what is wrong, for callers that know where the bytes came from
 */
export function readIndexContent(bytes: Uint8Array, told: string): IndexContent {
  const { schemaVersion: _, mediaType, manifests: entries, annotations, ...rest } = object(JSON.parse(Buffer.from(bytes).toString('utf8'))) ?? {}
  if (!Array.isArray(entries)) throw new TypeError('JSON without a list of manifests')
  const own = typeof mediaType === 'string' && mediaType !== '' ? mediaType : isIndexType(told) ? told : ociIndex
  if (!isIndexType(own)) throw new TypeError(`media type ${JSON.stringify(own)}`)
  if (!isTexts(annotations)) throw new TypeError('annotations that are no texts')
  return { mediaType: own, manifests: entries.map(readEntry), annotations: annotations ?? {}, rest }
}

/** The bytes; equal content has equal bytes on every machine. */
export function encodeContent({ mediaType, manifests, annotations, rest }: IndexContent): InlineBlob {
  return encodeIndex(manifests, annotations, { mediaType, rest })
}

function readEntry(entry: unknown, at: number): Descriptor {
  const value = object(entry) ?? {}
  const { mediaType, digest, size, platform, artifactType, annotations, ...rest } = value
  const place = `manifest entry ${at + 1}`
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) throw new TypeError(`${place} without a media type or a sha256 digest`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw new TypeError(`${place} without a size`)
  if (artifactType !== undefined && typeof artifactType !== 'string') throw new TypeError(`${place} with an artifactType that is no text`)
  if (!isTexts(annotations)) throw new TypeError(`${place} with annotations that are no texts`)
  return {
    mediaType,
    size,
    digest,
    ...(platform === undefined || platform === null ? {} : { platform: readPlatform(platform, place) }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined || annotations === null ? {} : { annotations }),
    ...rest,
  }
}

/** Words that are absent are empty here, so that a platform can be compared and repaired. */
export function readPlatform(value: unknown, place: string): Platform {
  const platform = object(value)
  if (platform === undefined) throw new TypeError(`${place} with a platform that is no object`)
  const { os = '', architecture = '', variant, 'os.version': version, 'os.features': osFeatures, features, ...rest } = platform
  if (typeof os !== 'string' || typeof architecture !== 'string' || !isText(variant) || !isText(version)) {
    throw new TypeError(`${place} with a platform whose words are no texts`)
  }
  if (!isList(osFeatures) || !isList(features)) throw new TypeError(`${place} with features that are no list of texts`)
  return {
    architecture,
    os,
    ...(version ? { 'os.version': version } : {}),
    ...(osFeatures?.length ? { 'os.features': osFeatures } : {}),
    ...(variant ? { variant } : {}),
    ...(features?.length ? { features } : {}),
    ...rest,
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined
}

function isText(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === 'string'
}

function isList(value: unknown): value is readonly string[] | null | undefined {
  return value === undefined || value === null || (Array.isArray(value) && value.every((entry) => typeof entry === 'string'))
}

function isTexts(value: unknown): value is Annotations | null | undefined {
  return value === undefined || value === null || (object(value) !== undefined && Object.values(value).every((text) => typeof text === 'string'))
}
