import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PackageOptions } from '../../src/package/options.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Json } from '../support/registry/rewrite.ts'
import { descriptorOf, indexOf, putManifest, rewriteImage } from '../support/registry/rewrite.ts'
import type { Work } from './support/composite.ts'
import { component, composite, openWork, packageToml, refusal } from './support/composite.ts'

const layersLabel = 'io.buildpacks.buildpack.layers'

let registry: TestRegistry
let work: Work

beforeEach(async () => {
  registry = await startRegistry()
  work = await openWork({ ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...component('hello', 'acme/hello@1', { targets: ['linux/amd64'] }) })
  await work.publish(registry, 'hello:1', 'hello')
  await writeFile(join(work.path, 'package.toml'), packageToml('meta', [`${registry.host}/hello:1`]))
})

afterEach(async () => {
  await work[Symbol.asyncDispose]()
  await registry.close()
})

/** What the composite of the foreign image says; nothing may be tagged, and nothing may be a failure of our own. */
async function refused(options: Partial<PackageOptions> = {}): Promise<string> {
  const text = await refusal(work.publish(registry, 'meta:1', 'package.toml', { targets: ['linux/amd64'], ...options }))
  expect(registry.contents.repositories.get('meta')?.tags.size ?? 0).toBe(0)
  expect(text).toContain(`${registry.host}/hello`)
  return text
}

/** Changes the label that says which modules there are; `diffID` is the real one. */
function relabel(change: (label: Record<string, Json>, diffID: string) => unknown): void {
  rewriteImage(registry, 'hello', '1', {
    config: (config) => {
      const { Labels } = config['config'] as { readonly Labels: Record<string, string> }
      const [diffID = ''] = (config['rootfs'] as { readonly diff_ids: readonly string[] }).diff_ids
      const changed = change(JSON.parse(Labels[layersLabel] ?? '{}') as Record<string, Json>, diffID)
      return { ...config, config: { Labels: { ...Labels, [layersLabel]: typeof changed === 'string' ? changed : JSON.stringify(changed) } } }
    },
  })
}

function entry(change: Json): (label: Record<string, Json>, diffID: string) => unknown {
  return (_label, layerDiffID) => ({ 'acme/hello': { '1': { api: '0.10', layerDiffID, ...change } } })
}

const unknown = `sha256:${'0'.repeat(64)}`

describe('the label of a foreign image', () => {
  test.each<readonly [string, (label: Record<string, Json>, diffID: string) => unknown, RegExp]>([
    ['that is no JSON', () => '{"acme', /no JSON in label io\.buildpacks\.buildpack\.layers/],
    ['that is a list', () => [], /no object as label/],
    ['that is null', () => 'null', /no object as label/],
    ['with a text for a module', () => ({ 'acme/hello': 'x' }), /no object as acme\/hello/],
    ['with a number for a version', () => ({ 'acme/hello': { '1': 5 } }), /no object as acme\/hello@1/],
    ['without a module', () => ({}), /an image without a label io\.buildpacks\.buildpack\.layers/],
    ['without a diffID', entry({ layerDiffID: undefined }), /no sha256 layerDiffID for acme\/hello@1/],
    ['with a diffID of another kind', entry({ layerDiffID: `md5:${'0'.repeat(32)}` }), /no sha256 layerDiffID for acme\/hello@1/],
    ['with a diffID that is a path', entry({ layerDiffID: `sha256:../../${'0'.repeat(58)}` }), /no sha256 layerDiffID for acme\/hello@1/],
    ['with a layer that the image does not have', entry({ layerDiffID: unknown }), /acme\/hello@1 in layer sha256:0+, which the image does not have/],
    ['with a number as api', entry({ api: 0.1 }), /no text as api/],
    ['with a text as stacks', entry({ stacks: 'x' }), /no list as stacks/],
    ['with a stack that is null', entry({ stacks: [null] }), /no object as stack/],
    ['with an order that is no list', entry({ order: {} }), /no list as order/],
    ['with an order whose group is a text', entry({ order: [{ group: 'x' }] }), /no list as group/],
    ['with a member without an id', entry({ order: [{ group: [{}] }] }), /a group member without an id in label/],
    ['with a target that is a text', entry({ targets: ['linux/amd64'] }), /no object as target/],
    ['with a version that leads out of its folder', (_label, layerDiffID) => ({ 'acme/hello': { '../../../etc': { api: '0.10', layerDiffID } } }), /"acme\/hello@\.\.\/\.\.\/\.\.\/etc", which can name no folder/],
    ['with a version that is no name', (_label, layerDiffID) => ({ 'acme/hello': { '..': { api: '0.10', layerDiffID } } }), /which can name no folder/],
    ['with an id that is no name', (_label, layerDiffID) => ({ '..': { '1': { api: '0.10', layerDiffID } } }), /which can name no folder/],
    ['with an empty version', (_label, layerDiffID) => ({ 'acme/hello': { '': { api: '0.10', layerDiffID } } }), /which can name no folder/],
  ])('%s is refused with the name of the image', async (_what, change, pattern) => {
    relabel(change)
    expect(await refused()).toMatch(pattern)
  })

  test('with names that objects have of their own is read as it stands', async () => {
    relabel((label, layerDiffID) => `{"__proto__":{"1":{"api":"0.10","layerDiffID":"${layerDiffID}"}},${JSON.stringify(label).slice(1)}`)
    await writeFile(join(work.path, 'meta/buildpack.toml'), 'api = "0.10"\n[buildpack]\nid = "acme/meta"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "acme/hello"\nversion = "1"\n[[order.group]]\nid = "__proto__"\nversion = "1"\n')
    const output = await work.publish(registry, 'meta:1', 'package.toml', { targets: ['linux/amd64'] })
    expect(Object.keys(output.images[0]?.labels[layersLabel]?.value as object)).toEqual(['__proto__', 'acme/hello', 'acme/meta'])
  })

  test('of more than four MiB is not read', async () => {
    relabel(entry({ name: 'x'.repeat(4 * 1024 * 1024) }))
    expect(await refused()).toMatch(/a manifest or config of 4\d{6} bytes/)
  })
})

describe('a foreign image', () => {
  test('without any label is no package', async () => {
    rewriteImage(registry, 'hello', '1', { config: ({ config: _config, ...rest }) => rest })
    expect(await refused()).toMatch(/an image without a label io\.buildpacks\.buildpack\.layers/)
  })

  test.each<readonly [string, (config: Json) => Json]>([
    ['fewer diffIDs than layers', (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [] } })],
    ['more diffIDs than layers', (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [unknown, ...(config['rootfs'] as { diff_ids: string[] }).diff_ids] } })],
    ['no rootfs', ({ rootfs: _rootfs, ...config }) => config],
  ])('with %s is refused', async (_what, config) => {
    rewriteImage(registry, 'hello', '1', { config })
    expect(await refused()).toMatch(/1 layers, and a config with [02] diff_ids/)
  })

  test.each<readonly [string, (manifest: Json) => Json, RegExp]>([
    ['without a config', ({ config: _config, ...manifest }) => manifest, /an entry of its manifest without a sha256 digest and a size/],
    ['with a layer of no size', (manifest) => ({ ...manifest, layers: [{ ...(manifest['layers'] as Json[])[0], size: -1 }] }), /an entry of its manifest without a sha256 digest and a size/],
    ['with a layer that is compressed in another way', (manifest) => ({ ...manifest, layers: [{ ...(manifest['layers'] as Json[])[0], mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' }] }), /media type "application\/vnd\.oci\.image\.layer\.v1\.tar\+zstd", want a tar, plain or gzip/],
    ['with a config that says it is larger than it is', (manifest) => ({ ...manifest, config: { ...(manifest['config'] as Json), size: 1_000_000 } }), /1000000/],
  ])('%s is refused', async (_what, manifest, pattern) => {
    rewriteImage(registry, 'hello', '1', { manifest })
    expect(await refused()).toMatch(pattern)
  })

  test('whose layer is compressed in another way than its media type says is refused where it is sent', async () => {
    const zstd = registry.addBlob('hello', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]))
    rewriteImage(registry, 'hello', '1', { manifest: (manifest) => ({ ...manifest, layers: [{ ...(manifest['layers'] as Json[])[0], ...zstd }] }) })
    const elsewhere = await startRegistry()
    try {
      const text = await refusal(work.publish(elsewhere, 'meta:1', 'package.toml', { targets: ['linux/amd64'] }))
      expect(text).toMatch(/read layer ".*\/hello:1": got a zstd stream, want sha256:[0-9a-f]{64}, as its config says/)
      expect(elsewhere.contents.repositories.get('meta')?.tags.size ?? 0).toBe(0)
    } finally {
      await elsewhere.close()
    }
  })

  test('whose config is no JSON is refused', async () => {
    const added = registry.addBlob('hello', Buffer.from('not json'))
    rewriteImage(registry, 'hello', '1', { manifest: (manifest) => ({ ...manifest, config: { ...(manifest['config'] as Json), ...added } }) })
    expect(await refused()).toMatch(/which is no JSON/)
  })

  test.each([
    [{ os: 'linux', architecture: 'arm64' }, 'linux/arm64'],
    [{ os: 'windows', architecture: 'amd64' }, 'windows/amd64'],
  ])('that says %j of an image for another platform is refused', async (platform, target) => {
    putManifest(registry, 'hello', '1', indexOf([descriptorOf(registry, 'hello', '1', platform)]))
    const text = await refused({ targets: [target] })
    expect(text).toContain(`got an index that says ${target} of an image for linux/amd64, want both to agree`)
  })

  test('without a platform fits no target', async () => {
    rewriteImage(registry, 'hello', '1', { config: ({ os: _os, architecture: _architecture, ...config }) => config })
    expect(await refused()).toMatch(/got images for sha256:[0-9a-f]{64} \(no platform\), want one for linux\/amd64/)
  })

  test('whose layer is not what its diffID says is refused where it has to be opened', async () => {
    relabel((_label, _diffID) => ({ 'acme/hello': { '1': { api: '0.10', layerDiffID: unknown } } }))
    rewriteImage(registry, 'hello', '1', { config: (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [unknown] } }) })
    expect(await refused({ flatten: true })).toMatch(/a layer that is sha256:[0-9a-f]{64}, want sha256:0{64}/)
  })
})

describe('a foreign index', () => {
  const platform = { os: 'linux', architecture: 'amd64' }

  test('in an index is refused', async () => {
    putManifest(registry, 'hello', 'inner', indexOf([descriptorOf(registry, 'hello', '1', platform)]))
    putManifest(registry, 'hello', '1', indexOf([descriptorOf(registry, 'hello', 'inner', platform)]))
    expect(await refused()).toMatch(/sha256:[0-9a-f]{64}, an index in its index/)
  })

  test('that names an image which is not there is an error', async () => {
    putManifest(registry, 'hello', '1', indexOf([{ ...descriptorOf(registry, 'hello', '1', platform), digest: unknown }]))
    expect(await refused()).toMatch(/hello@sha256:0{64}/)
  })

  test.each([
    ['a list of texts', ['x']],
    ['an entry without a digest', [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 1, platform }]],
  ])('of %s is refused', async (_what, manifests) => {
    putManifest(registry, 'hello', '1', { ...indexOf([]), manifests })
    expect(await refused()).toMatch(/an entry of its image index without a sha256 digest and a size/)
  })

  test('without platforms lists what it has by digest', async () => {
    const { digest } = descriptorOf(registry, 'hello', '1')
    putManifest(registry, 'hello', '1', indexOf([descriptorOf(registry, 'hello', '1')]))
    expect(await refused()).toContain(`got images for ${String(digest)} (no platform), want one for linux/amd64`)
  })
})
