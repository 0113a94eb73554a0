import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/events.ts'
import type { Blob, Descriptor } from '../../src/oci/descriptor.ts'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { ociLayer } from '../../src/oci/media-types.ts'
import { startUploads } from '../../src/stores/copy.ts'
import type { Mounter, PutOptions } from '../../src/stores/store.ts'
import { MemoryStore } from '../support/memory-store.ts'

const blobOf = (text: string): Blob => inlineBlob(ociLayer, Buffer.from(text))
const blobs = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((text) => blobOf(text))

/** Counts the puts under way, and holds each one until the loop has turned. */
class SlowStore extends MemoryStore {
  running = 0
  most = 0
  puts = 0

  override async put(blob: Blob, options: PutOptions = {}): Promise<'uploaded' | 'mounted' | 'present' | 'written'> {
    this.puts += 1
    this.running += 1
    this.most = Math.max(this.most, this.running)
    await setImmediate()
    await setImmediate()
    this.running -= 1
    return super.put(blob, options)
  }
}

/** Refuses one blob; the others wait until they are told to stop. */
class FailingStore extends MemoryStore {
  stopped = 0
  readonly #bad: Blob

  constructor(bad: Blob) {
    super()
    this.#bad = bad
  }

  override async put(blob: Blob, { signal }: PutOptions = {}): Promise<'written'> {
    if (blob.descriptor.digest === this.#bad.descriptor.digest) throw new Error('refused')
    await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    this.stopped += 1
    throw new Error('stopped')
  }
}

class MountingStore extends MemoryStore implements Mounter {
  readonly #mountable: Blob
  asked = 0

  constructor(mountable: Blob) {
    super()
    this.#mountable = mountable
  }

  async mount(descriptor: Descriptor, fromRepository: string): Promise<boolean> {
    this.asked += 1
    return fromRepository === 'first' && descriptor.digest === this.#mountable.descriptor.digest
  }
}

describe('uploads', () => {
  test('never has more on the way than it may, and gets them all there', async () => {
    const store = new SlowStore()
    const uploads = startUploads(store, { concurrency: 3 })
    for (const blob of blobs) void uploads.add(blob, 'layer')
    await uploads.settled()
    expect(store.most).toBe(3)
    expect(store.log).toHaveLength(blobs.length)
  })

  test('keeps to the limit when blobs are added while others end', async () => {
    const store = new SlowStore()
    const uploads = startUploads(store, { concurrency: 2 })
    for (const blob of blobs) {
      void uploads.add(blob, 'layer')
      await setImmediate()
    }
    await uploads.settled()
    expect(store.most).toBe(2)
  })

  test('sends a digest once, however often it is added', async () => {
    const store = new SlowStore()
    const uploads = startUploads(store, { concurrency: 3 })
    const statuses = await Promise.all([blobOf('x'), blobOf('x'), blobOf('x')].map((blob) => uploads.add(blob, 'layer')))
    expect(statuses).toEqual(['written', 'written', 'written'])
    expect(store.puts).toBe(1)
  })

  test('fails as the first blob failed, and stops the others', async () => {
    const [bad, ...others] = blobs
    const store = new FailingStore(bad ?? blobOf(''))
    const uploads = startUploads(store, { concurrency: 3 })
    const added = [...others.slice(0, 2), bad ?? blobOf(''), ...others.slice(2)].map((blob) => uploads.add(blob, 'layer'))
    await expect(uploads.settled()).rejects.toThrow('refused')
    expect(store.stopped).toBe(2)
    for (const result of await Promise.allSettled(added)) expect(result).toMatchObject({ status: 'rejected', reason: { message: 'refused' } })
    await expect(uploads.add(blobOf('late'), 'layer')).rejects.toThrow('refused')
  })

  test('stops when it is told to', async () => {
    const stop = new AbortController()
    const store = new FailingStore(blobOf('none of these'))
    const uploads = startUploads(store, { concurrency: 1, signal: stop.signal })
    for (const blob of blobs) void uploads.add(blob, 'layer')
    await setImmediate()
    stop.abort()
    await expect(uploads.settled()).rejects.toThrow('stopped')
    expect(store.stopped).toBe(1)
  })

  test('begins nothing once it was told to stop', async () => {
    const store = new SlowStore()
    const uploads = startUploads(store, { concurrency: 1, signal: AbortSignal.abort() })
    await expect(uploads.add(blobOf('x'), 'layer')).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(store.puts).toBe(0)
  })

  test('tells of each blob when it begins and when it is there', async () => {
    const events: Event[] = []
    const blob = blobOf('hello')
    const { digest } = blob.descriptor
    await startUploads(new MemoryStore(), { concurrency: 1, report: (event) => events.push(event) }).add(blob, 'layer x')
    expect(events).toEqual([
      { type: 'blob-started', digest, what: 'layer x', total: 5 },
      { type: 'blob-progress', digest, bytes: 5 },
      { type: 'blob-done', digest, what: 'layer x', size: 5, status: 'written' },
    ])
  })

  test('mounts what another repository has, sends what it has not, and asks for nothing that is there', async () => {
    const [there, mountable, missing] = [blobOf('there'), blobOf('mountable'), blobOf('missing')]
    const store = new MountingStore(mountable)
    await store.put(there)
    const uploads = startUploads(store, { concurrency: 1, mountFrom: () => 'first' })
    expect(await Promise.all([there, mountable, missing].map((blob) => uploads.add(blob, 'layer')))).toEqual(['present', 'mounted', 'written'])
    expect(store.asked).toBe(2)
  })
})
