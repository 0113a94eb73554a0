import { Readable } from 'node:stream'
import { PackagerError, reason } from '../errors.ts'
import type { Blob } from '../oci/descriptor.ts'
import type { BlobPlace } from './blobs.ts'
import type { Answer, RequestBody } from './call.ts'
import { discard } from './call.ts'
import type { RegistryClient } from './client.ts'
import type { RegistryRequest } from './endpoints.ts'
import { beginUpload, mountBlob } from './endpoints.ts'
import { locate, refused } from './redirect.ts'

/** An upload that the registry has agreed to: where to send, and how small a chunk may be. */
export interface UploadSession {
  readonly url: URL
  readonly smallestChunk: number
}

/** One blob on its way to one repository. */
export interface Upload extends BlobPlace {
  readonly client: RegistryClient
  readonly blob: Blob
  readonly signal: AbortSignal | undefined
  readonly onBytes: (bytes: number) => void
}

/**
 * Asks for a blob of another repository. Where it is not given, the answer is the upload session that the registry
 * opened instead, if it did: no failure to mount is a failure to push (Harbor says 401 where the spec has 202).
 */
export async function tryMount(mount: Omit<Upload, 'blob' | 'onBytes'>, from: string): Promise<UploadSession | 'mounted' | undefined> {
  const { client, registry, repository, descriptor, signal } = mount
  try {
    const answer = await client.once(registry, mountBlob(repository, descriptor, from), signal)
    await discard(answer)
    return answer.status === 201 ? 'mounted' : sessionOf(client, answer)
  } catch (error) {
    if (signal?.aborted === true || (error instanceof PackagerError && error.code === 'CANCELLED')) throw error
    return undefined
  }
}

export async function openSession({ client, registry, repository, descriptor, signal }: Upload): Promise<UploadSession> {
  const request = beginUpload(repository, descriptor)
  return client.retrying(registry, request, signal, async () => {
    const answer = await client.once(registry, request, signal)
    await discard(answer)
    return sessionOf(client, answer)
  })
}

function sessionOf(client: RegistryClient, answer: Answer): UploadSession {
  const smallest = Number(answer.headers['oci-chunk-min-length'] ?? 0)
  return { url: nextUrl(client, answer), smallestChunk: Number.isSafeInteger(smallest) && smallest > 0 ? smallest : 0 }
}

/** Each answer says where the next request goes. */
export function nextUrl(client: RegistryClient, answer: Answer): URL {
  const location = answer.headers['location']
  if (location !== undefined && location !== '') return locate(answer, location, client.settings)
  throw refused(answer, 'no Location')
}

/** The request that ends an upload. The registry may say which digest it has stored; it must be ours. */
export async function finish({ client, registry, repository, descriptor, signal }: Upload, request: RegistryRequest): Promise<void> {
  const answer = await client.once(registry, request, signal)
  await discard(answer)
  const told = answer.headers['docker-content-digest']
  if (told === undefined || told === descriptor.digest || !told.startsWith('sha256:')) return
  const value = `${registry}/${repository}@${descriptor.digest}`
  throw new PackagerError({ code: 'DIGEST_MISMATCH', step: 'push blob', value, found: told, wanted: descriptor.digest })
}

/** A stretch of the blob, opened afresh for each try; tells how far it has been sent. */
export function bodyOf({ blob, descriptor, onBytes }: Upload, start: number, size: number): RequestBody {
  const open = async (): Promise<Readable> => Readable.from(stretch(await blob.open(start)), { objectMode: false })
  async function* stretch(source: Readable): AsyncGenerator<Buffer> {
    let sent = 0
    onBytes(start)
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        const piece = chunk.byteLength > size - sent ? chunk.subarray(0, size - sent) : chunk
        sent += piece.byteLength
        if (piece.byteLength > 0) yield piece
        onBytes(start + sent)
        if (sent === size) return
      }
    } catch (cause) {
      if (cause instanceof PackagerError) throw cause
      throw new PackagerError({ code: 'UNREADABLE', step: 'read blob', value: descriptor.digest, found: reason(cause), cause })
    } finally {
      source.destroy()
    }
    if (sent === size) return
    const [found, wanted] = [`${start + sent} bytes`, `${descriptor.size} bytes`]
    throw new PackagerError({ code: 'SOURCE_CHANGED', step: 'read blob', value: descriptor.digest, found, wanted })
  }
  return { size, open }
}
