import { buffer } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { ociLayer } from '../../src/oci/media-types.ts'
import type { Source, Store } from '../../src/stores/store.ts'
import { push } from '../support/images/push.ts'
import { lyingBlob, sampleImage, sampleIndex } from '../support/images/sample.ts'

/** A store for one test, and how to look at what it holds once everything is in: a staged one seals first. */
export interface StoreUnderTest {
  readonly store: Store
  readonly finish: () => Promise<Source>
  readonly dispose: () => Promise<void>
}

/** What every store promises, whatever it writes to: callers of the seam rely on nothing else. */
export function storeContract(kind: string, create: () => Promise<StoreUnderTest>): void {
  const begin = async (): Promise<StoreUnderTest> => {
    const made = await create()
    onTestFinished(() => made.dispose())
    return made
  }
  const layer = inlineBlob(ociLayer, Buffer.from('a layer\n'))

  describe(`${kind}, as any store`, () => {
    test('gives back the bytes that were put', async () => {
      const { store } = await begin()
      expect(await store.has(layer.descriptor)).toBe(false)
      await store.put(layer)
      expect(await store.has(layer.descriptor)).toBe(true)
      expect(await buffer(await store.open(layer.descriptor))).toEqual(Buffer.from('a layer\n'))
    })

    test('takes the same blob twice', async () => {
      const { store } = await begin()
      await store.put(layer)
      await store.put(layer)
      expect(await buffer(await store.open(layer.descriptor))).toEqual(Buffer.from(layer.bytes))
    })

    test('takes the same blob twice at once', async () => {
      const { store } = await begin()
      await Promise.all([store.put(layer), store.put(layer)])
      expect(await buffer(await store.open(layer.descriptor))).toEqual(Buffer.from(layer.bytes))
    })

    test('takes an empty blob', async () => {
      const { store } = await begin()
      const empty = inlineBlob(ociLayer, Buffer.alloc(0))
      await store.put(empty)
      expect(await store.has(empty.descriptor)).toBe(true)
      expect(await buffer(await store.open(empty.descriptor))).toHaveLength(0)
    })

    test('reports the bytes sent, up to the size of the blob', async () => {
      const { store } = await begin()
      const seen: number[] = []
      await store.put(layer, { onBytes: (bytes) => seen.push(bytes) })
      expect(seen.at(-1)).toBe(layer.descriptor.size)
    })

    test('refuses bytes that are not what the descriptor promises, and has nothing afterwards', async () => {
      const { store } = await begin()
      await expect(store.put(lyingBlob(layer, Buffer.from('a LAYER\n')))).rejects.toThrow()
      expect(await store.has(layer.descriptor)).toBe(false)
    })

    test('refuses a blob that ends early', async () => {
      const { store } = await begin()
      await expect(store.put(lyingBlob(layer, Buffer.from('a lay')))).rejects.toThrow()
      expect(await store.has(layer.descriptor)).toBe(false)
    })

    test('puts nothing once it is told to stop', async () => {
      const { store } = await begin()
      const signal = AbortSignal.abort()
      await expect(store.put(layer, { signal })).rejects.toMatchObject({ code: 'CANCELLED' })
      expect(await store.has(layer.descriptor)).toBe(false)
    })

    test('says that a blob is not found', async () => {
      const { store } = await begin()
      await expect(store.open(layer.descriptor).then((stream) => buffer(stream))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    test('resolves every tag of an index to the index, and its children by digest', async () => {
      const { store, finish } = await begin()
      const graph = sampleIndex(['1.0.0', 'latest'])
      await push(store, graph)
      const source = await finish()
      for (const name of ['1.0.0', 'latest', graph.root.descriptor.digest]) {
        expect(await source.resolve(name)).toMatchObject(graph.root.descriptor)
      }
      for (const { descriptor, bytes } of graph.manifests) {
        expect(await source.resolve(descriptor.digest)).toMatchObject(descriptor)
        expect(await buffer(await source.open(descriptor))).toEqual(Buffer.from(bytes))
      }
      for (const { descriptor } of graph.blobs) expect(await source.has(descriptor)).toBe(true)
    })

    test('keeps an index that has no tag', async () => {
      const { store, finish } = await begin()
      const { root, ...rest } = sampleIndex([])
      await push(store, { ...rest, root })
      expect(await (await finish()).resolve(root.descriptor.digest)).toMatchObject(root.descriptor)
    })

    test('moves a tag to the manifest that is tagged last', async () => {
      const { store, finish } = await begin()
      const images = ['first', 'second'].map((text) => sampleImage('amd64', text))
      for (const { blobs, manifest } of images) await push(store, { blobs, manifests: [], root: manifest, tags: ['1'] })
      expect(await (await finish()).resolve('1')).toMatchObject(images[1]?.manifest.descriptor ?? {})
    })

    test('says that a tag is not found', async () => {
      const { store } = await begin()
      await expect(store.resolve('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })
  })
}
