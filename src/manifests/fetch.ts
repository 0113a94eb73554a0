import { buffer } from 'node:stream/consumers'
import { PackagerError, reason } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import { readPlatform } from '../oci/index-content.ts'
import { largestManifest } from '../oci/manifest.ts'
import { dockerConfig, isManifestType, ociConfig } from '../oci/media-types.ts'
import type { Platform } from '../oci/platform.ts'
import type { Source } from '../stores/store.ts'

/** A manifest as its bytes have it: their size, their type, never a parent's say-so. */
export interface Fetched {
  readonly descriptor: Descriptor
  readonly bytes: Buffer
  readonly value: Readonly<Record<string, unknown>>
}

/** Labels can be long; nobody's config comes near. */
const largestConfig = 16 * 1024 * 1024

/** Reads the manifest that a tag or digest names. `place` is for messages. */
export async function fetchManifest(source: Source, name: string, place: string, signal: AbortSignal | undefined): Promise<Fetched> {
  const told = await source.resolve(name, signal).catch((cause: unknown) => {
    if (!(cause instanceof PackagerError) || cause.code !== 'NOT_FOUND') throw cause
    throw new PackagerError({ code: 'IMAGE_NOT_FOUND', step: 'find image', value: place, found: 'no such image in the registry', cause })
  })
  if (told.size > largestManifest) throw broken(place, `a manifest of ${told.size} bytes`, `at most ${largestManifest}`)
  if (!isManifestType(told.mediaType)) throw unsupported(place, told.mediaType)
  const bytes = await buffer(await source.open(told, signal))
  const value = parseObject(bytes, place)
  const own = value['mediaType']
  if (typeof own === 'string' && own !== '' && !isManifestType(own)) throw unsupported(place, own)
  const mediaType = typeof own === 'string' && own !== '' ? own : told.mediaType
  return { descriptor: { mediaType, size: bytes.length, digest: told.digest }, bytes, value }
}

/** What an image manifest points to. */
export interface ManifestParts {
  /** The config is that of an image, which says what it runs on. */
  readonly isImage: boolean
  readonly config: Descriptor
  readonly layers: readonly (Descriptor & { readonly urls?: unknown })[]
  readonly artifactType: string | undefined
}

/** Config and layers of an image or artifact manifest, checked for shape. */
export function readParts(value: Readonly<Record<string, unknown>>, place: string): ManifestParts {
  const { config, layers = [], artifactType } = value
  if (!Array.isArray(layers)) throw broken(place, 'a manifest whose layers are no list')
  const checked = readDescriptor(config, place)
  return {
    isImage: checked.mediaType === ociConfig || checked.mediaType === dockerConfig,
    config: checked,
    layers: layers.map((layer) => readDescriptor(layer, place)),
    artifactType: typeof artifactType === 'string' && artifactType !== '' ? artifactType : undefined,
  }
}

/** What an image's config says, with its labels. */
export interface ConfigFacts {
  readonly platform: Platform
  readonly labels: Readonly<Record<string, unknown>>
}

export async function fetchConfig(source: Source, config: Descriptor, place: string, signal: AbortSignal | undefined): Promise<ConfigFacts> {
  if (config.size > largestConfig) throw broken(place, `a config of ${config.size} bytes`, `at most ${largestConfig}`)
  const value = parseObject(await buffer(await source.open(config, signal)), place)
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = value
  const inner = value['config']
  const labels = typeof inner === 'object' && inner !== null && 'Labels' in inner ? inner.Labels : undefined
  try {
    const platform = readPlatform({ os: os ?? '', architecture: architecture ?? '', variant, 'os.version': version, 'os.features': features }, 'a config')
    return { platform, labels: typeof labels === 'object' && labels !== null ? (labels as Readonly<Record<string, unknown>>) : {} }
  } catch (cause) {
    throw broken(place, reason(cause))
  }
}

function readDescriptor(value: unknown, place: string): Descriptor & { readonly urls?: unknown } {
  const { mediaType, digest, size, urls } = (value ?? {}) as Record<string, unknown>
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw broken(place, 'a manifest whose config or layer has no type, sha256 digest or size')
  }
  return { mediaType, digest, size, ...(urls === undefined ? {} : { urls }) }
}

/** Nothing that an image says is nested so deep; what is could not be written again. */
const deepestNesting = 200

/** Whether brackets outside texts are open in each other more often than that. */
function isTooDeep(json: Buffer): boolean {
  let depth = 0
  let inText = false
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]
    if (inText && byte === 0x5c) at += 1
    else if (byte === 0x22) inText = !inText
    else if (!inText && (byte === 0x5b || byte === 0x7b)) depth += 1
    else if (!inText && (byte === 0x5d || byte === 0x7d)) depth -= 1
    if (depth > deepestNesting) return true
  }
  return false
}

function parseObject(bytes: Buffer, place: string): Readonly<Record<string, unknown>> {
  if (isTooDeep(bytes)) throw broken(place, `JSON nested more than ${deepestNesting} deep`)
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw broken(place, reason(cause))
  }
  throw broken(place, 'no JSON object')
}

function unsupported(place: string, mediaType: string): PackagerError {
  return new PackagerError({
    code: 'MIXED_TYPES',
    step: 'read image',
    value: place,
    found: `media type ${JSON.stringify(mediaType)}`,
    wanted: 'an OCI or Docker schema 2 image or index',
    hint: 'no index can hold it; build or push the image anew',
  })
}

function broken(place: string, found: string, wanted = 'an image'): PackagerError {
  return new PackagerError({ code: 'UNSUPPORTED', step: 'read image', value: place, found, wanted })
}

/** `host/repo@sha256:...`. */
export function pinned(repository: string, digest: Digest): string {
  return `${repository}@${digest}`
}
