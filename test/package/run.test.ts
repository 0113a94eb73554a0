import { execFileSync } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { digestOf, hexOf } from '../../src/oci/digest.ts'
import { listTar } from '../support/read-back/tar-listing.ts'
import { eventsOf, openGround, program, readLayout, separate, shared, times, tomlFor } from './support/ground.ts'

describe('a package in a layout', () => {
  test('is an index by the name that is printed, over an image for each target', async () => {
    await using ground = await openGround(separate)
    const result = await ground.run()
    const out = join(ground.tree.path, 'out.oci')
    const index = JSON.parse(await readFile(join(out, 'index.json'), 'utf8')) as { manifests: unknown[] }
    expect(index.manifests).toEqual([{ mediaType: result.mediaType, size: result.size, digest: result.digest, annotations: { 'org.opencontainers.image.ref.name': '1.0.0' } }])
    const { root, images } = await readLayout(out, result.digest)
    expect(root.manifests?.map((child) => child.platform)).toEqual([{ architecture: 'amd64', os: 'linux' }, { architecture: 'arm64', os: 'linux' }])
    expect(images.map(({ config }) => config.architecture)).toEqual(['amd64', 'arm64'])
    for (const { config, manifest } of images) {
      expect(config.created).toBe('1980-01-01T00:00:01Z')
      expect(config.history).toEqual([{ created: '1980-01-01T00:00:01Z' }])
      expect(manifest.mediaType).toBe('application/vnd.oci.image.manifest.v1+json')
      const [layer] = manifest.layers
      const bytes = await readFile(join(out, 'blobs/sha256', layer?.digest.slice('sha256:'.length) ?? ''))
      expect(digestOf(gunzipSync(bytes))).toBe(config.rootfs.diff_ids[0])
      expect(listTar(gunzipSync(bytes)).entries.map((entry) => entry.name)).toContain('/cnb/buildpacks/acme_hello/1.0.0/bin/build')
    }
  })

  test('is one image, without an index, for one target', async () => {
    await using ground = await openGround()
    const result = await ground.run({ targets: ['linux/arm64'] })
    expect(result.mediaType).toBe('application/vnd.oci.image.manifest.v1+json')
    expect(result.images.map((image) => image.digest)).toEqual([result.digest])
    expect(eventsOf(ground, 'index-done')).toEqual([])
  })

  test('has one layer where targets share a root, made once', async () => {
    await using ground = await openGround(shared)
    const result = await ground.run()
    expect(eventsOf(ground, 'layer-started').map((event) => event.targets)).toEqual([['linux/amd64', 'linux/arm64']])
    expect(eventsOf(ground, 'layer-built').length).toBe(1)
    const diffIDs = result.images.map((image) => image.layers.map((layer) => layer.diffID))
    expect(diffIDs[0]).toEqual(diffIDs[1])
    const names = await readdir(join(ground.tree.path, 'out.oci/blobs/sha256'))
    expect(names.length).toBe(1 + 2 + 2 + 1)
  })

  test('has the buildpack.toml of the top in each root', async () => {
    await using ground = await openGround({ ...separate, 'linux/arm64/buildpack.toml': 'not this one' })
    const result = await ground.run()
    const toml = await readFile(join(ground.bp, 'buildpack.toml'))
    for (const image of result.images) {
      const digest = image.layers[0]?.digest ?? 'sha256:'
      const tar = gunzipSync(await readFile(join(ground.tree.path, 'out.oci/blobs/sha256', hexOf(digest))))
      expect(tar.includes(toml)).toBe(true)
      expect(tar.includes('not this one')).toBe(false)
    }
    expect(await readFile(join(ground.bp, 'linux/arm64/buildpack.toml'), 'utf8')).toBe('not this one')
  })

  test('says how it came to be, step by step', async () => {
    await using ground = await openGround(separate)
    const result = await ground.run()
    expect(eventsOf(ground, 'plan')).toEqual([{ type: 'plan', name: 'acme/hello:1.0.0', destination: 'layout', targets: ['linux/amd64', 'linux/arm64'], layers: 2 }])
    expect(eventsOf(ground, 'image-done').map(({ target, digest }) => ({ target, digest }))).toEqual(expect.arrayContaining(result.images.map(({ target, digest }) => ({ target, digest }))))
    expect(ground.events.at(-1)).toMatchObject({ type: 'index-done', digest: result.digest })
    for (const { layer, bytes } of eventsOf(ground, 'layer-built')) {
      expect(eventsOf(ground, 'layer-started').find((event) => event.layer === layer)?.total).toBe(bytes)
      expect(eventsOf(ground, 'layer-progress').findLast((event) => event.layer === layer)?.bytes).toBe(bytes)
    }
  })
})

test('the result is the JSON of the contract, key for key', async () => {
  await using ground = await openGround(shared)
  const result = await ground.run({ targets: ['linux/arm64/v8'], tags: ['latest'] })
  const [image] = result.images
  const [layer] = image?.layers ?? []
  expect(JSON.parse(JSON.stringify(result))).toEqual({
    schemaVersion: 1,
    name: 'acme/hello:1.0.0',
    tags: ['1.0.0', 'latest'],
    destination: 'layout',
    path: join(ground.tree.path, 'out.oci'),
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: expect.any(Number),
    images: [
      {
        name: 'acme/hello',
        target: 'linux/arm64/v8',
        platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
        digest: result.digest,
        mediaType: result.mediaType,
        size: result.size,
        layers: [{ module: 'acme/hello@1.0.0', diffID: layer?.diffID, digest: layer?.digest, size: layer?.size, status: 'written' }],
      },
    ],
    warnings: [],
  })
  expect(Object.keys(result)).toEqual(['schemaVersion', 'name', 'tags', 'destination', 'path', 'digest', 'mediaType', 'size', 'images', 'warnings'])
  expect(Object.keys(image ?? {})).toEqual(['name', 'target', 'platform', 'digest', 'mediaType', 'size', 'layers'])
  expect(Object.keys(layer ?? {})).toEqual(['module', 'diffID', 'digest', 'size', 'status'])
})

describe('what the author adds', () => {
  test('SOURCE_DATE_EPOCH is the time of images, not of files', async () => {
    await using ground = await openGround()
    const plain = await ground.run()
    const dated = await ground.run({ env: { ...ground.options.env, SOURCE_DATE_EPOCH: '1700000000' }, output: 'dated.oci' })
    const { images } = await readLayout(join(ground.tree.path, 'dated.oci'), dated.digest)
    expect(images.map(({ config }) => [config.created, config.history])).toEqual(Array.from({ length: 2 }, () => ['2023-11-14T22:13:20Z', [{ created: '2023-11-14T22:13:20Z' }]]))
    expect(dated.images[0]?.layers).toEqual(plain.images[0]?.layers)
    expect(dated.digest).not.toBe(plain.digest)
  })

  test('labels go to each image, beside those of buildpacks', async () => {
    await using ground = await openGround()
    const { digest } = await ground.run({ labels: ['org.example.a=1,2', 'b='] })
    const { images } = await readLayout(join(ground.tree.path, 'out.oci'), digest)
    for (const { config } of images) {
      expect(config.config.Labels).toMatchObject({ 'org.example.a': '1,2', b: '' })
      expect(Object.keys(config.config.Labels).sort()).toEqual(['b', 'io.buildpacks.buildpack.layers', 'io.buildpacks.buildpackage.metadata', 'org.example.a'])
    }
  })

  test('annotations go where their scope says, and nowhere else', async () => {
    await using ground = await openGround({ ...shared, 'bp-package.toml': '[annotations]\n"index:from" = "file"\nkey = "file"\n' })
    const { digest } = await ground.run({ annotations: ['index:a=i', 'manifest:b=m', 'manifest-descriptor:c=d', 'key=flag'] })
    const { root, images } = await readLayout(join(ground.tree.path, 'out.oci'), digest)
    expect(root.annotations).toEqual({ a: 'i', from: 'file' })
    expect(root.manifests?.map((child) => child.annotations)).toEqual([{ c: 'd' }, { c: 'd' }])
    expect(images.map(({ manifest }) => manifest.annotations)).toEqual([{ b: 'm', key: 'flag' }, { b: 'm', key: 'flag' }])
  })

  test('compression changes digests, never what is in a layer', async () => {
    await using ground = await openGround()
    const runs = []
    for (const compression of ['gzip', 'gzip:12', 'none']) runs.push(await ground.run({ compression, output: `${compression}.oci` }))
    expect(new Set(runs.map((run) => run.images[0]?.layers[0]?.diffID)).size).toBe(1)
    expect(new Set(runs.map((run) => run.digest)).size).toBeGreaterThan(1)
    const { images } = await readLayout(join(ground.tree.path, 'none.oci'), runs[2]?.digest ?? '')
    expect(images[0]?.manifest.layers[0]?.mediaType).toBe('application/vnd.oci.image.layer.v1.tar')
  })
})

describe('the same content', () => {
  test('is the same package whoever makes it, wherever and with however many threads', async () => {
    await using one = await openGround(separate)
    await using two = await openGround(Object.fromEntries(Object.entries(separate).reverse()))
    const { digest } = await one.run()
    expect((await two.run({ concurrency: 1, cwd: two.bp, path: '.', output: '../elsewhere.oci' })).digest).toBe(digest)
    expect((await two.run({ cache: true, output: '../again.oci', cwd: two.bp, path: '.' })).digest).toBe(digest)
  })

  test('in an archive with platform folders is the same package as in a folder', async () => {
    await using ground = await openGround(separate)
    const folder = await ground.run()
    execFileSync('tar', ['--create', '--gzip', '--sort=name', '--file', join(ground.tree.path, 'bp.tgz'), '-C', ground.bp, '.'])
    const archive = await ground.run({ path: 'bp.tgz', output: 'archive.oci' })
    expect(archive.images.map((image) => image.layers[0]?.diffID)).toEqual(folder.images.map((image) => image.layers[0]?.diffID))
    expect(await readdir(ground.temporary)).toEqual([])
  })
})

test('an extension is packaged below its own folder, with its own label', async () => {
  const toml = 'api = "0.10"\n[extension]\nid = "acme/ext"\nversion = "2"\n[[targets]]\nos = "linux"\narch = "amd64"\n'
  await using ground = await openGround({ 'extension.toml': toml, 'bin/generate': program })
  const { digest, images } = await ground.run()
  const { images: read } = await readLayout(join(ground.tree.path, 'out.oci'), digest)
  expect(JSON.parse(read[0]?.config.config.Labels['io.buildpacks.extension.layers'] ?? '')).toHaveProperty('acme/ext.2.layerDiffID', images[0]?.layers[0]?.diffID)
  const tar = gunzipSync(await readFile(join(ground.tree.path, 'out.oci/blobs/sha256', hexOf(images[0]?.layers[0]?.digest ?? 'sha256:'))))
  expect(listTar(tar).entries.map((entry) => entry.name)).toContain('/cnb/extensions/acme_ext/2/bin/generate')
})

test('nothing is written into the author\'s folder, and a package in it is not packaged the next time', async () => {
  await using ground = await openGround(separate)
  const before = await times(ground.bp)
  await ground.run()
  expect(await times(ground.bp)).toEqual(before)
  const first = await ground.run({ cwd: ground.bp, path: '.', output: './hello.oci' })
  const second = await ground.run({ cwd: ground.bp, path: '.', output: './hello.oci' })
  expect(second.digest).toBe(first.digest)
})

test('without a target that names one, a package is for this machine, with a warning', async () => {
  await using ground = await openGround({ ...shared, 'buildpack.toml': tomlFor() })
  const result = await ground.run({ hostArch: 'riscv64' })
  expect(result.images.map((image) => image.target)).toEqual(['linux/riscv64'])
  expect(result.warnings.length).toBe(1)
  expect(eventsOf(ground, 'warning').map((event) => event.message)).toEqual(result.warnings)
})
