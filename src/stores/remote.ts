import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PackagerError } from '../errors.ts'
import type { PutStatus } from '../events.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'
import { inlineBlob } from '../oci/descriptor.ts'
import { isDigest } from '../oci/digest.ts'
import type { Digest } from '../oci/digest.ts'
import { largestManifest } from '../oci/manifest.ts'
import { isManifestType } from '../oci/media-types.ts'
import { hasBlob, readBlob } from '../registry/blobs.ts'
import type { RegistryClient, RegistryClientOptions } from '../registry/client.ts'
import { createRegistryClient } from '../registry/client.ts'
import { findManifest, readManifest, writeManifest } from '../registry/manifests.ts'
import { uploadBlob } from '../registry/upload.ts'
import type { UploadSession } from '../registry/upload-session.ts'
import { tryMount } from '../registry/upload-session.ts'
import type { Gate, Mounter, PutOptions, Store } from './store.ts'
import { verifying } from './verify.ts'

export type { RegistryClientOptions }

/** All repositories that one run talks to, through one client: its connections, tokens and pace are shared. */
export interface Remotes {
  store(registry: string, repository: string): Store & Mounter
  close(): Promise<void>
}

export function openRemotes(options: RegistryClientOptions): Remotes {
  const client = createRegistryClient(options)
  return { store: (registry, repository) => remoteStore(client, registry, repository), close: () => client.close() }
}

/**
 * A repository of a registry. Whatever is put is asked for first, so that a second run with nothing changed sends only HEADs.
 * Any number of calls may be under way at once.
 */
export function remoteStore(client: RegistryClient, registry: string, repository: string): Store & Mounter {
  return new RemoteStore(client, registry, repository)
}

class RemoteStore implements Store, Mounter, Gate {
  readonly #client: RegistryClient
  readonly #place: { readonly registry: string; readonly repository: string }
  /** What refused mounts left open, for the upload that follows. */
  readonly #sessions = new Map<Digest, UploadSession>()

  constructor(client: RegistryClient, registry: string, repository: string) {
    this.#client = client
    this.#place = { registry, repository }
  }

  /** Asks for the empty blob as one who is about to write: a HEAD that says who may. */
  async ready(signal?: AbortSignal): Promise<void> {
    await hasBlob(this.#client, { ...this.#place, descriptor: inlineBlob('application/octet-stream', new Uint8Array()).descriptor }, 'write', signal)
  }

  async resolve(name: string, signal?: AbortSignal): Promise<Descriptor> {
    const head = await findManifest(this.#client, this.#place, name, 'read', signal)
    if (head === undefined) throw this.#missing('find image', name)
    const { digest = isDigest(name) ? name : undefined, size, mediaType } = head
    if (digest !== undefined && size !== undefined && size > 0 && isManifestType(mediaType)) return { mediaType, size, digest }
    return (await readManifest(this.#client, this.#place, name, signal)).descriptor
  }

  async has(descriptor: Descriptor, signal?: AbortSignal): Promise<boolean> {
    if (!isManifestType(descriptor.mediaType)) return hasBlob(this.#client, { ...this.#place, descriptor }, 'read', signal)
    return (await findManifest(this.#client, this.#place, descriptor.digest, 'read', signal)) !== undefined
  }

  async open(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
    const checked = verifying(descriptor, 'read blob', `${this.#place.registry}/${this.#place.repository}@${descriptor.digest}`)
    const source = isManifestType(descriptor.mediaType)
      ? [(await readManifest(this.#client, this.#place, descriptor.digest, signal)).bytes]
      : await readBlob(this.#client, { ...this.#place, descriptor }, signal)
    // The reader of `checked` sees every failure of the pipeline as its own error.
    pipeline(Readable.from(source, { objectMode: false }), checked, { signal }).catch(() => undefined)
    return checked
  }

  async put(blob: Blob, options: PutOptions = {}): Promise<PutStatus> {
    const { descriptor } = blob
    const { signal, onBytes = () => undefined } = options
    if (isManifestType(descriptor.mediaType)) return this.#write(blob, descriptor.digest, signal)
    const place = { ...this.#place, descriptor }
    const session = this.#sessions.get(descriptor.digest)
    this.#sessions.delete(descriptor.digest)
    if (session === undefined && (await hasBlob(this.#client, place, 'write', signal))) return 'present'
    await uploadBlob({ ...place, client: this.#client, blob, signal, onBytes }, session)
    return 'uploaded'
  }

  async tag(manifest: Blob, name: string, signal?: AbortSignal): Promise<PutStatus> {
    return this.#write(manifest, name, signal)
  }

  async mount(descriptor: Descriptor, fromRepository: string, signal?: AbortSignal): Promise<boolean> {
    const result = await tryMount({ ...this.#place, client: this.#client, descriptor, signal }, fromRepository)
    if (result === 'mounted') return true
    if (result !== undefined) this.#sessions.set(descriptor.digest, result)
    return false
  }

  /** Sends the manifest, unless the name stands for it already. */
  async #write(manifest: Blob, reference: string, signal: AbortSignal | undefined): Promise<PutStatus> {
    const { digest, mediaType } = manifest.descriptor
    const head = await findManifest(this.#client, this.#place, reference, 'write', signal)
    if (head !== undefined && (head.digest ?? (isDigest(reference) ? reference : undefined)) === digest) return 'present'
    await writeManifest(this.#client, this.#place, reference, { mediaType, bytes: await this.#bytesOf(manifest, signal) }, signal)
    return 'uploaded'
  }

  async #bytesOf(manifest: Blob, signal: AbortSignal | undefined): Promise<Buffer> {
    const { descriptor } = manifest
    if (descriptor.size > largestManifest) {
      const value = `${this.#place.registry}/${this.#place.repository}@${descriptor.digest}`
      const [found, wanted] = [`${descriptor.size} bytes`, `at most ${largestManifest}`]
      throw new PackagerError({ code: 'UNSUPPORTED', step: 'push manifest', value, found, wanted })
    }
    const chunks: Buffer[] = []
    const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of source) chunks.push(chunk)
    }
    await pipeline(await manifest.open(), verifying(descriptor, 'read manifest'), collect, { signal })
    return Buffer.concat(chunks)
  }

  #missing(step: string, name: string): PackagerError {
    const { registry, repository } = this.#place
    const value = `${registry}/${repository}${isDigest(name) ? '@' : ':'}${name}`
    return new PackagerError({ code: 'NOT_FOUND', step, value, found: 'no such manifest in the registry' })
  }
}
