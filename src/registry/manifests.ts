import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { digestOf, isDigest } from '../oci/digest.ts'
import { isIndexType, isManifestType, ociIndex, ociManifest } from '../oci/media-types.ts'
import { largestManifest } from '../oci/manifest.ts'
import type { Answer } from './call.ts'
import { discard } from './call.ts'
import type { RegistryClient } from './client.ts'
import type { Purpose, RegistryRequest } from './endpoints.ts'
import { getManifest, headManifest, putManifest, withoutHead } from './endpoints.ts'
import { printable } from './redact.ts'
import { networkSetback } from './network.ts'

/** A repository of a registry. */
export interface RepositoryPlace {
  readonly registry: string
  readonly repository: string
}

/** The bytes of a manifest, checked, with their descriptor. */
export interface ReadManifest {
  readonly descriptor: Descriptor
  readonly bytes: Buffer
}

/** What a HEAD tells; `digest` and `size` where the registry says them. */
export interface ManifestHead {
  readonly mediaType: string
  readonly digest: Digest | undefined
  readonly size: number | undefined
}

/** `undefined`: no such manifest. */
export async function findManifest(
  client: RegistryClient,
  place: RepositoryPlace,
  reference: string,
  purpose: Purpose,
  signal?: AbortSignal,
): Promise<ManifestHead | undefined> {
  const request = headManifest(place.repository, reference, purpose)
  const answer = await client.send(place.registry, request, signal)
  await discard(answer)
  if (answer.status === 404) return undefined
  if (withoutHead.includes(answer.status)) return findByGet(client, place, reference, { ...getManifest(place.repository, reference), scopes: request.scopes }, signal)
  const digest = toldDigest(answer)
  if (isDigest(reference) && digest !== undefined && digest !== reference) throw mismatch(place, reference, digest, reference)
  const length = answer.headers['content-length']
  return { mediaType: mediaTypeOf(answer), digest, size: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined }
}

async function findByGet(client: RegistryClient, place: RepositoryPlace, reference: string, request: RegistryRequest, signal: AbortSignal | undefined): Promise<ManifestHead | undefined> {
  try {
    return (await fetchManifest(client, place, reference, request, signal)).descriptor
  } catch (cause) {
    if (cause instanceof PackagerError && cause.code === 'NOT_FOUND') return undefined
    throw cause
  }
}

/** Reads a manifest by tag or digest. Its bytes are those of the digest that was asked for, or else of the one that the registry tells. */
export async function readManifest(
  client: RegistryClient,
  place: RepositoryPlace,
  reference: string,
  signal?: AbortSignal,
): Promise<ReadManifest> {
  return fetchManifest(client, place, reference, getManifest(place.repository, reference), signal)
}

async function fetchManifest(client: RegistryClient, place: RepositoryPlace, reference: string, request: RegistryRequest, signal: AbortSignal | undefined): Promise<ReadManifest> {
  return client.retrying(place.registry, request, signal, async () => {
    const answer = await client.once(place.registry, request, signal)
    const bytes = await readLimited(answer, place, reference)
    const digest = digestOf(bytes)
    const wanted = isDigest(reference) ? reference : (toldDigest(answer) ?? digest)
    if (digest !== wanted) throw mismatch(place, reference, digest, wanted)
    return { descriptor: { mediaType: agreedType(place, reference, mediaTypeOf(answer), bytes), size: bytes.byteLength, digest }, bytes }
  })
}

/** Writes a manifest under a tag or its digest. */
export async function writeManifest(
  client: RegistryClient,
  place: RepositoryPlace,
  reference: string,
  content: { readonly mediaType: string; readonly bytes: Uint8Array },
  signal?: AbortSignal,
): Promise<void> {
  const { mediaType, bytes } = content
  const answer = await client.send(place.registry, putManifest(place.repository, reference, mediaType, bytes), signal)
  await discard(answer)
  const [told, digest] = [toldDigest(answer), digestOf(bytes)]
  if (told !== undefined && told !== digest) throw mismatch(place, reference, told, digest, 'push manifest')
}

async function readLimited(answer: Answer, place: RepositoryPlace, reference: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.byteLength
      if (size > largestManifest) {
        throw mismatch(place, reference, `more than ${largestManifest} bytes`, `a manifest of at most ${largestManifest} bytes`)
      }
      chunks.push(chunk)
    }
  } catch (cause) {
    throw networkSetback(answer, cause)
  }
  return Buffer.concat(chunks)
}

/**
 * The type by the header, or by the content where the header says nothing of use. An index that is served as an image,
 * or the other way round, is refused: it would be different things to different readers (CVE-2021-41190).
 */
function agreedType(place: RepositoryPlace, reference: string, told: string, bytes: Buffer): string {
  const own = ownType(bytes)
  if (!isManifestType(told)) return own ?? told
  if (own === undefined || isIndexType(own) === isIndexType(told)) return told
  throw mismatch(place, reference, `${own} by its content`, `${told} by its Content-Type`)
}

/** `mediaType` of the content; the image-spec lets it be left out. */
function ownType(bytes: Buffer): string | undefined {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as { mediaType?: unknown; manifests?: unknown; layers?: unknown } | null
    if (typeof value?.mediaType === 'string' && isManifestType(value.mediaType)) return value.mediaType
    if (Array.isArray(value?.manifests) !== Array.isArray(value?.layers)) return Array.isArray(value?.layers) ? ociManifest : ociIndex
  } catch {
    // Whoever parses it says what is wrong with it.
  }
  return undefined
}

function mediaTypeOf({ headers }: Answer): string {
  return printable((headers['content-type'] ?? '').split(';')[0] ?? '', 255).toLowerCase()
}

/** A digest of another algorithm tells nothing that can be checked here. */
function toldDigest({ headers }: Answer): Digest | undefined {
  const told = headers['docker-content-digest'] ?? ''
  return isDigest(told) ? told : undefined
}

function mismatch(place: RepositoryPlace, reference: string, found: string, wanted: string, step = 'read manifest'): PackagerError {
  const value = `${place.registry}/${place.repository}${reference.includes(':') ? '@' : ':'}${reference}`
  return new PackagerError({ code: 'DIGEST_MISMATCH', step, value, found, wanted })
}
