import type { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { PackageReader, listPlatforms } from '../../src/buildpacks/image.ts'
import type { Descriptor, InlineBlob } from '../../src/oci/descriptor.ts'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import type { Digest } from '../../src/oci/digest.ts'
import { encodeImageConfig } from '../../src/oci/image-config.ts'
import { encodeIndex, encodeManifest } from '../../src/oci/manifest.ts'
import { ociLayer } from '../../src/oci/media-types.ts'
import { MemoryStore } from '../support/memory-store.ts'

/** Counts what is read: a registry is asked for each of it. */
class CountingStore extends MemoryStore {
  readonly opened: Digest[] = []

  override async open(descriptor: Descriptor): Promise<Readable> {
    this.opened.push(descriptor.digest)
    return super.open(descriptor)
  }
}

interface Image {
  readonly manifest: InlineBlob
  readonly config: InlineBlob
  readonly layers: readonly InlineBlob[]
}

/** An image with a layer for each of these modules, in this order, and a label that names them sorted. */
async function put(store: MemoryStore, architecture: string, modules: readonly string[]): Promise<Image> {
  const layers = modules.map((name) => inlineBlob(ociLayer, Buffer.from(name)))
  const entries = modules.map((name, at) => [name, { '1': { api: '0.10', layerDiffID: layers[at]?.descriptor.digest } }] as const)
  const label = JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))))
  const config = encodeImageConfig({
    platform: { os: 'linux', architecture, variant: 'v7', 'os.version': '12' },
    created: '1980-01-01T00:00:01Z',
    labels: { 'io.buildpacks.buildpack.layers': label },
    diffIDs: layers.map(({ descriptor }) => descriptor.digest),
  })
  const manifest = encodeManifest(config.descriptor, layers.map(({ descriptor }) => descriptor))
  for (const blob of [...layers, config, manifest]) await store.put(blob)
  return { manifest, config, layers }
}

describe('a package', () => {
  test('gives its modules in the order of its layers, each with the layer that holds it', async () => {
    const store = new MemoryStore()
    const { manifest, layers } = await put(store, 'arm', ['zebra', 'apple', 'mango'])
    const { modules, platform } = await new PackageReader(store, 'here', undefined).image(manifest.descriptor)
    expect(modules.map(({ facts, layer, diffID }) => [facts.id, layer.digest, diffID])).toEqual(
      ['zebra', 'apple', 'mango'].map((id, at) => [id, layers[at]?.descriptor.digest, layers[at]?.descriptor.digest]),
    )
    expect(platform).toEqual({ os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '12' })
  })

  test('that is one image is its own only child, for the platform of its config', async () => {
    const store = new MemoryStore()
    const { manifest } = await put(store, 'arm', ['apple'])
    const children = await new PackageReader(store, 'here', undefined).children(manifest.descriptor)
    expect(children).toEqual([{ ...manifest.descriptor, platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '12' } }])
    expect(listPlatforms(children)).toBe('linux/arm/v7:12')
  })

  test('that is an index has what it lists, unopened', async () => {
    const store = new CountingStore()
    const images = await Promise.all(['amd64', 'arm64'].map((architecture) => put(store, architecture, [architecture])))
    const index = encodeIndex(images.map(({ manifest }, at) => ({ ...manifest.descriptor, platform: { os: 'linux', architecture: ['amd64', 'arm64'][at] ?? '' } })))
    await store.put(index)
    const children = await new PackageReader(store, 'here', undefined).children(index.descriptor)
    expect(listPlatforms(children)).toBe('linux/amd64, linux/arm64')
    expect(store.opened).toEqual([index.descriptor.digest])
  })

  test('is read once, whoever asks and however often, and its layers not at all', async () => {
    const store = new CountingStore()
    const { manifest, config } = await put(store, 'arm', ['apple', 'mango'])
    const reader = new PackageReader(store, 'here', undefined)
    await Promise.all([reader.children(manifest.descriptor), reader.image(manifest.descriptor), reader.children(manifest.descriptor)])
    await reader.image(manifest.descriptor)
    expect(store.opened).toEqual([manifest.descriptor.digest, config.descriptor.digest])
  })
})
