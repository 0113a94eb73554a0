import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Answer } from './call.ts'
import { discard, drop } from './call.ts'
import type { RegistryClient } from './client.ts'
import type { Purpose } from './endpoints.ts'
import { getBlob, headBlob, withoutHead } from './endpoints.ts'
import { networkSetback } from './network.ts'
import { Setback } from './setback.ts'

/** One blob in one repository. */
export interface BlobPlace {
  readonly registry: string
  readonly repository: string
  readonly descriptor: Descriptor
}

/** However often a registry breaks off, at some point it has done so on purpose. */
const mostBreaks = 10

/**
 * Whether the repository has a blob. One that it has in another length is broken there, or a proxy made the answer up: it counts
 * as absent, so that a push sends it anew and the registry checks it. Many servers tell no length in answer to a HEAD; there,
 * as for skopeo and containerd, the status is all there is.
 */
export async function hasBlob(client: RegistryClient, place: BlobPlace, purpose: Purpose, signal?: AbortSignal): Promise<boolean> {
  const request = headBlob(place.repository, place.descriptor, purpose)
  let answer = await client.send(place.registry, request, signal)
  await discard(answer)
  if (withoutHead.includes(answer.status)) {
    answer = await client.send(place.registry, { ...request, method: 'GET', expects: [200, 404] }, signal)
    await discard(answer)
  }
  const length = answer.headers['content-length']
  return answer.status === 200 && (length === undefined || Number(length) === place.descriptor.size)
}

/**
 * A blob's bytes as they come, not yet checked. Returns once the registry has begun to answer. A stream that breaks
 * goes on where it broke, by a range request, or by skipping what is known already where the registry has no ranges.
 */
export async function readBlob(client: RegistryClient, place: BlobPlace, signal?: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const first = await client.send(place.registry, getBlob(place.repository, place.descriptor, 0), signal)
  const length = first.headers['content-length']
  if (length === undefined || Number(length) === place.descriptor.size) return pieces(client, place, first, signal)
  drop(first)
  const value = `${place.registry}/${place.repository}@${place.descriptor.digest}`
  const [found, wanted] = [`${length} bytes`, `${place.descriptor.size} bytes`]
  throw new PackagerError({ code: 'DIGEST_MISMATCH', step: 'read blob', value, found, wanted })
}

async function* pieces(client: RegistryClient, place: BlobPlace, first: Answer, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  let read = 0
  let answer = first
  for (let breaks = 0; ; breaks += 1) {
    try {
      for await (const piece of fromByte(answer, read)) {
        read += piece.byteLength
        yield piece
      }
      return
    } catch (cause) {
      const broken = networkSetback({ method: 'GET', url: answer.url }, cause)
      if (!(broken instanceof Setback) || breaks >= mostBreaks || signal?.aborted === true) throw broken
      answer = await resume(client, place, read, broken, signal)
    }
  }
}

/** The break counts as the first try, so that it is reported and waited after like any other. */
async function resume(client: RegistryClient, place: BlobPlace, read: number, broken: Setback, signal?: AbortSignal): Promise<Answer> {
  const request = getBlob(place.repository, place.descriptor, read)
  return client.retrying(place.registry, request, signal, async (number) => {
    if (number === 1) throw broken
    return client.once(place.registry, request, signal)
  })
}

/** The body from the byte that is wanted next, whether or not the registry granted the range. */
async function* fromByte(answer: Answer, wanted: number): AsyncGenerator<Buffer> {
  const range = answer.status === 206 ? /^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '') : undefined
  const start = Number(range?.[1] ?? 0)
  if (start > wanted || range === null) {
    drop(answer)
    throw new Setback({ code: 'REGISTRY', found: `a range that begins at byte ${start}`, wanted: `byte ${wanted}`, transient: false })
  }
  let skip = wanted - start
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    if (chunk.byteLength > skip) yield skip === 0 ? chunk : chunk.subarray(skip)
    skip = Math.max(0, skip - chunk.byteLength)
  }
}
