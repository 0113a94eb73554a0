import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { PackagerError, throwIfCancelled } from '../../src/errors.ts'
import type { PutStatus } from '../../src/events.ts'
import type { Blob, Descriptor } from '../../src/oci/descriptor.ts'
import { digestOf } from '../../src/oci/digest.ts'
import type { PutOptions, Store } from '../../src/stores/store.ts'

/** The smallest store that keeps the contract. `log` has one line for each blob put and tag set, in order. */
export class MemoryStore implements Store {
  readonly log: string[] = []
  readonly #contents = new Map<string, { readonly descriptor: Descriptor; readonly bytes: Buffer }>()
  readonly #tags = new Map<string, Descriptor>()

  async resolve(name: string): Promise<Descriptor> {
    const found = this.#tags.get(name) ?? this.#contents.get(name)?.descriptor
    if (found === undefined) throw new PackagerError({ code: 'NOT_FOUND', step: 'resolve', value: name, found: 'nothing' })
    return found
  }

  async has(descriptor: Descriptor): Promise<boolean> {
    return this.#contents.has(descriptor.digest)
  }

  async open(descriptor: Descriptor): Promise<Readable> {
    const found = this.#contents.get(descriptor.digest)
    if (found === undefined) throw new PackagerError({ code: 'NOT_FOUND', step: 'read blob', value: descriptor.digest, found: 'nothing' })
    return Readable.from([found.bytes], { objectMode: false })
  }

  async put(blob: Blob, options: PutOptions = {}): Promise<PutStatus> {
    throwIfCancelled(options.signal, 'write blob')
    const { descriptor } = blob
    if (this.#contents.has(descriptor.digest)) return 'present'
    const bytes = await buffer(await blob.open())
    throwIfCancelled(options.signal, 'write blob')
    if (digestOf(bytes) !== descriptor.digest) {
      throw new PackagerError({ code: 'DIGEST_MISMATCH', step: 'write blob', value: descriptor.digest, found: digestOf(bytes) })
    }
    options.onBytes?.(bytes.byteLength)
    this.#contents.set(descriptor.digest, { descriptor, bytes })
    this.log.push(`put ${descriptor.digest}`)
    return 'written'
  }

  async tag(manifest: Blob, name: string, signal?: AbortSignal): Promise<PutStatus> {
    throwIfCancelled(signal, 'tag')
    await this.put(manifest, { signal })
    this.#tags.set(name, manifest.descriptor)
    this.log.push(`tag ${name}`)
    return 'written'
  }
}
