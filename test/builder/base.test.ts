import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { MadeImage } from '../support/images/made.ts'
import { descriptorOf, madeBlob, makeImage, sendImage } from '../support/images/made.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { baseConfig, baseImage, buildpack, modules, openBuilderGround, tomlWith } from './support/ground.ts'

const hello = buildpack('acme/hello', '1.0.0')
const plain = tomlWith(modules('acme/hello'))
const amd64 = { targets: ['linux/amd64'] }
const other = `sha256:${'0'.repeat(64)}`

/** A base of two layers whose config is another one than it should be; what its layers' diffIDs are is given. */
function lying(change: (diffIDs: readonly string[]) => Record<string, unknown>, architecture = 'amd64'): MadeImage {
  const image = makeImage({ config: { os: 'linux', architecture, config: baseConfig }, layers: [{ 'etc/a': 'a' }, { 'etc/b': 'b' }] })
  const [config, ...layers] = [...image.blobs].reverse()
  const said = JSON.parse(config?.bytes.toString() ?? '{}') as { rootfs: { diff_ids: string[] } }
  const made = madeBlob(config?.mediaType ?? '', { ...said, ...change(said.rootfs.diff_ids) })
  const manifest = { ...(JSON.parse(image.manifest.bytes.toString()) as object), config: descriptorOf(made) }
  return { manifest: madeBlob(image.manifest.mediaType, manifest), blobs: [...layers, made] }
}

const withDiffIDs = (...diffIDs: readonly string[]) => ({ rootfs: { type: 'layers', diff_ids: diffIDs } })

describe('a base image whose config does not fit its layers', () => {
  test.each([
    ['has a diffID too few', (ids: readonly string[]) => withDiffIDs(ids[0] ?? ''), '2 layers, and a config with 1 diff_ids'],
    ['has one too many', (ids: readonly string[]) => withDiffIDs(...ids, other), '2 layers, and a config with 3 diff_ids'],
    ['has one beside what is none', (ids: readonly string[]) => withDiffIDs(ids[0] ?? '', 'sha256:short', ids[1] ?? ''), 'a config whose diff_ids are not all sha256 digests'],
    ['has none', () => ({ rootfs: null }), '2 layers, and a config with 0 diff_ids'],
  ])('is refused where it %s', async (_, change, found) => {
    await using ground = await openBuilderGround(plain, hello)
    await sendImage(ground.registry.host, 'acme/build', lying(change), '1')
    expect(await ground.refusal(amd64)).toContain(`UNSUPPORTED fetch build image "${ground.registry.host}/acme/build:1": got ${found}, want an image`)
  })

  test('is refused where one blob is said to be two layers', async () => {
    await using ground = await openBuilderGround(plain, hello)
    const image = lying((ids) => withDiffIDs(ids[0] ?? '', other))
    const manifest = JSON.parse(image.manifest.bytes.toString()) as { layers: object[] }
    const twice = { ...image, manifest: madeBlob(image.manifest.mediaType, { ...manifest, layers: [manifest.layers[0], manifest.layers[0]] }) }
    await sendImage(ground.registry.host, 'acme/build', twice, '1')
    expect(await ground.refusal(amd64)).toMatch(new RegExp(`got layer sha256:[0-9a-f]{64} twice, with the diff_ids sha256:[0-9a-f]{64} and ${other}`))
  })

  test('is refused where the images of two platforms say another thing of one blob', async () => {
    await using ground = await openBuilderGround(plain, hello)
    const images = [lying(() => ({})), lying((ids) => withDiffIDs(ids[0] ?? '', other), 'arm64')]
    for (const image of images) await sendImage(ground.registry.host, 'acme/build', image)
    const children = images.map(({ manifest }, at) => ({ ...descriptorOf(manifest), platform: { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' } }))
    const index = madeBlob('application/vnd.oci.image.index.v1+json', { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: children })
    await sendImage(ground.registry.host, 'acme/build', { manifest: index, blobs: [] }, '1')
    expect(await ground.refusal({ targets: ['linux/amd64', 'linux/arm64'] })).toMatch(new RegExp(`build\\.image: ".*" has the layer sha256:[0-9a-f]{64} in images for several platforms, which their configs say is sha256:[0-9a-f]{64} and ${other}`))
  })

  test('loses its history with a warning where that counts other layers', async () => {
    await using ground = await openBuilderGround(plain, hello)
    await sendImage(ground.registry.host, 'acme/build', lying(() => ({ history: [{ created_by: 'one' }] })), '1')
    await ground.run(amd64)
    expect(ground.warnings()).toEqual([`${ground.registry.host}/acme/build:1 has a history of 1 layer, and 2 layers: its texts are left out`])
  })
})

/** Two layers, each said to be the other. */
const swapped = (): MadeImage => lying((ids) => withDiffIDs(ids[1] ?? '', ids[0] ?? ''))

describe('a layer of a base image that is copied', () => {
  test.each(['registry', 'layout', 'file'] as const)('is what the config says, or nothing is made: %s', async (destination) => {
    await using ground = await openBuilderGround(plain, hello)
    await using elsewhere = await openBuilderGround(plain, hello)
    await sendImage(ground.registry.host, 'acme/build', swapped(), '1')
    const said = await ground.refusal({ ...amd64, destination, ...(destination === 'registry' ? { name: `${elsewhere.registry.host}/acme/builder:1` } : {}) })
    expect(said).toMatch(/^DIGEST_MISMATCH .*read layer ".*\/acme\/build:1": got a layer that unpacks to (sha256:[0-9a-f]{64}), want (sha256:[0-9a-f]{64}), as its config says/)
    expect(elsewhere.registry.contents.repositories.get('acme/builder')?.tags.size ?? 0).toBe(0)
  })

  test('is not looked at where the registry mounts it', async () => {
    await using ground = await openBuilderGround(plain, hello)
    await sendImage(ground.registry.host, 'acme/build', swapped(), '1')
    await ground.run(amd64)
  })

  test.each([
    ['a plain tar', (tar: Buffer) => tar],
    ['a gzip of two members', (tar: Buffer) => Buffer.concat([gzipSync(tar.subarray(0, 512)), gzipSync(tar.subarray(512))])],
    ['zstd, which is passed on unread', () => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3])],
    ['zstd that begins with a frame to skip, as pzstd writes it', () => Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 2, 3])],
  ])('may be %s, whatever its media type says', async (_, pack) => {
    await using ground = await openBuilderGround(plain, hello)
    const image = makeImage({ config: { os: 'linux', architecture: 'amd64', config: baseConfig }, layers: [{ 'etc/a': 'a' }] })
    const [layer, config] = image.blobs
    const packed = madeBlob(layer?.mediaType ?? '', pack(gunzipSync(layer?.bytes ?? Buffer.alloc(0))))
    const manifest = { ...(JSON.parse(image.manifest.bytes.toString()) as object), layers: [descriptorOf(packed)] }
    await sendImage(ground.registry.host, 'acme/build', { manifest: madeBlob(image.manifest.mediaType, manifest), blobs: [packed, ...(config === undefined ? [] : [config])] }, '1')
    expect((await ground.run({ ...amd64, destination: 'layout' })).images[0]?.layers[0]?.digest).toBe(packed.digest)
  })

  test('that is no gzip to its end is refused', async () => {
    await using ground = await openBuilderGround(plain, hello)
    const image = makeImage({ config: { os: 'linux', architecture: 'amd64', config: baseConfig }, layers: [{ 'etc/a': 'a'.repeat(100_000) }] })
    const [layer, config] = image.blobs
    const cut = madeBlob(layer?.mediaType ?? '', layer?.bytes.subarray(0, -20) ?? '')
    const manifest = { ...(JSON.parse(image.manifest.bytes.toString()) as object), layers: [descriptorOf(cut)] }
    await sendImage(ground.registry.host, 'acme/build', { manifest: madeBlob(image.manifest.mediaType, manifest), blobs: [cut, ...(config === undefined ? [] : [config])] }, '1')
    expect(await ground.refusal({ ...amd64, destination: 'layout' })).toMatch(/got a layer that cannot be unpacked \(unexpected end of file\), want sha256:[0-9a-f]{64}, as its config says/)
  })

  test('into another registry is not kept in the cache, and into a layout it is', async () => {
    await using ground = await openBuilderGround(plain, hello)
    const elsewhere = await startRegistry()
    try {
      const asked = () => ground.registry.requests.filter(({ method, path }) => method === 'GET' && path.includes('/acme/build/blobs/')).length
      const cached = { ...amd64, cache: true, cacheDir: ground.cache }
      const published = await ground.run({ ...cached, name: `${elsewhere.host}/acme/builder:1` })
      const before = asked()
      await ground.run({ ...cached, destination: 'layout', output: 'one.oci' })
      expect(asked() - before).toBe(1)
      expect((await ground.run({ ...cached, destination: 'layout', output: 'two.oci' })).digest).toBe(published.digest)
      expect(asked() - before).toBe(1)
    } finally {
      await elsewhere.close()
    }
  })
})

describe('a base image that engines could not load', () => {
  test.each<readonly [string, Record<string, unknown>, string]>([
    ['an entry point of one word', { config: { ...baseConfig, Entrypoint: '/bin/sh' } }, 'config.Entrypoint is no list of strings'],
    ['a user that is an object, and numbers in its Env', { config: { ...baseConfig, User: {}, Env: [1, ...baseConfig.Env] } }, 'config.User is no string, config.Env is no list of strings'],
    ['labels that are no texts', { config: { ...baseConfig, Labels: { a: 1 } } }, 'config.Labels is no object of strings'],
    ['a list for its config', { config: [] }, 'config is no object'],
    ['a variant that is a number', { variant: 7 }, 'variant is no string'],
    ['a history of texts', { history: ['x'] }, 'history is no list of objects'],
  ])('is refused: %s', async (_, change, found) => {
    await using ground = await openBuilderGround(plain, hello)
    await sendImage(ground.registry.host, 'acme/build', lying(() => change), '1')
    expect(await ground.refusal(amd64)).toContain(`UNSUPPORTED read build image "${ground.registry.host}/acme/build:1": got a config that engines cannot read: ${found}, want an image's config`)
  })

  test('is none where it says null for what it does not have', async () => {
    await using ground = await openBuilderGround(plain, hello)
    await sendImage(ground.registry.host, 'acme/build', lying(() => ({ config: { ...baseConfig, Entrypoint: null, Labels: null, Volumes: null }, history: null, author: null })), '1')
    await ground.run(amd64)
  })
})

const metadata = (value: unknown): Record<string, string> => ({ 'io.buildpacks.builder.metadata': JSON.stringify(value) })

describe('labels of a base image', () => {
  test.each<readonly [string, Record<string, string>, string]>([
    ['whose metadata are a list', metadata([]), 'no object in label io.buildpacks.builder.metadata'],
    ['whose layers are a text', { 'io.buildpacks.buildpack.layers': '"x"' }, 'no object in label io.buildpacks.buildpack.layers'],
    ['whose modules have no id', metadata({ buildpacks: [null] }), 'a module without an id in label io.buildpacks.builder.metadata'],
    ['whose run image would break stack.toml', metadata({ stack: { runImage: { image: 'a\nb', mirrors: null } } }), 'no image name as stack.runImage in label io.buildpacks.builder.metadata'],
    ['whose run image has mirrors that are none', metadata({ stack: { runImage: { image: 'a', mirrors: [{}] } } }), 'no image name as stack.runImage in label io.buildpacks.builder.metadata'],
  ])('%s are refused', async (_, Labels, found) => {
    await using ground = await openBuilderGround(plain, hello)
    await ground.push('acme/build:1', [baseImage('amd64', { ...baseConfig, Labels })])
    expect(await ground.refusal(amd64)).toContain(found)
  })

  test('that claim modules in layers which are not there are told', async () => {
    await using ground = await openBuilderGround(plain, hello)
    const Labels = { 'io.buildpacks.buildpack.layers': JSON.stringify({ 'acme/ghost': { 1: { api: '0.10', layerDiffID: other } } }) }
    await ground.push('acme/build:1', [baseImage('amd64', { ...baseConfig, Labels })])
    await ground.run(amd64)
    expect(ground.warnings()).toEqual([`${ground.registry.host}/acme/build:1 says that it has acme/ghost@1 in layers that it does not have`])
  })
})

describe('targets that one image of the base would serve', () => {
  const asked = { targets: ['linux/amd64/v2', 'linux/amd64/v3'] }

  test('are refused: an index could not tell what is made for them apart', async () => {
    await using ground = await openBuilderGround(plain, hello)
    expect(await ground.refusal(asked)).toMatch(/CONFIG check the builder: 1 problem\nbuilder\.toml:\d+:1: build\.image: ".*" has images of one platform, linux\/amd64, for linux\/amd64\/v2 and linux\/amd64\/v3, and an index tells images apart by their platform: leave all but one/)
  })

  test('are made where the base has an image for each', async () => {
    await using ground = await openBuilderGround(plain, hello)
    await ground.push('acme/build:1', ['v2', 'v3'].map((variant) => ({ ...baseImage('amd64'), platform: { os: 'linux', architecture: 'amd64', variant } })))
    expect((await ground.run({ ...asked, skipRunImageCheck: true })).images.map(({ platform }) => platform.variant)).toEqual(['v2', 'v3'])
  })
})
