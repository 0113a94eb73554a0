import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { encodeIndex, encodeManifest } from '../../src/oci/manifest.ts'
import { ociIndex } from '../../src/oci/media-types.ts'
import { runCli } from '../support/cli.ts'
import type { CliResult } from '../support/cli.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { emptyTree } from '../support/tree/tree.ts'
import type { Tree } from '../support/tree/tree.ts'
import type { SampleImage, SampleModule } from './support/published.ts'
import type { Shown } from './support/scene.ts'
import { imageOf, place, publishIndex } from './support/published.ts'

let registry: TestRegistry
let home: Tree

beforeEach(async () => {
  ;[registry, home] = await Promise.all([startRegistry(), emptyTree()])
})

afterEach(async () => {
  await registry.close()
  await home.remove()
})

const inspect = (...words: string[]): Promise<CliResult> => runCli(['inspect', ...words], { cwd: home.path, home: home.path })

async function inspectJson(...words: string[]): Promise<Shown> {
  const { code, stdout, stderr } = await inspect(...words, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Shown
}

/** An index whose one entry says something else than it should. */
function entry(change: object): string {
  const { manifest, blobs } = imageOf({ platform: 'linux/amd64', modules: { 'acme/a@1': {} } })
  const index = inlineBlob(ociIndex, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [{ ...manifest.descriptor, platform: { os: 'linux', architecture: 'amd64' }, ...change }] })))
  place(registry, 'acme/a', [manifest, index], blobs, '1')
  return `${registry.host}/acme/a:1`
}

/** A composite of so many modules for four platforms. */
function composite(count: number): readonly SampleImage[] {
  const modules: Record<string, SampleModule> = { 'acme/all@1': { order: [{ group: [{ id: 'acme/m0', version: '1' }] }] } }
  for (let number = 1; number < count; number += 1) modules[`acme/m${number}@1`] = {}
  return ['linux/amd64', 'linux/arm64/v8', 'linux/s390x', 'linux/ppc64le'].map((platform) => ({ platform, modules }))
}

describe('an index in a registry', () => {
  test('of 40 modules and 4 platforms is read with ten requests beside the greeting, none of them for a layer', async () => {
    const index = publishIndex(registry, 'acme/all:1', composite(40))
    const json = await inspectJson(`${registry.host}/acme/all:1`)
    expect(json.platforms.map((image) => image.buildpacks.length)).toEqual([40, 40, 40, 40])
    const asked = registry.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').replace(/sha256:.*/, 'DIGEST')}`)
    const manifests = Array.from({ length: 5 }, () => 'GET /v2/acme/all/manifests/DIGEST')
    const configs = Array.from({ length: 4 }, () => 'GET /v2/acme/all/blobs/DIGEST')
    expect(asked.filter((line) => line !== 'HEAD /v2/').sort()).toEqual(['HEAD /v2/acme/all/manifests/1', ...manifests, ...configs].sort())
    expect(json.digest).toBe(index.descriptor.digest)
  })

  test('gives every key of the contract, absent ones as null or empty', async () => {
    publishIndex(registry, 'acme/a:1', [{ platform: 'linux/amd64', modules: { 'acme/a@1': {} } }])
    const json = await inspectJson(`${registry.host}/acme/a:1`)
    expect(Object.keys(json)).toEqual(['schemaVersion', 'source', 'digest', 'mediaType', 'annotations', 'platforms', 'differences', 'notes'])
    expect(json).toMatchObject({ schemaVersion: 1, source: { type: 'registry', name: `${registry.host}/acme/a:1` }, annotations: {}, differences: [], notes: [] })
    const [platform] = json.platforms
    expect(Object.keys(platform ?? {}).slice(0, 9)).toEqual(['platform', 'digest', 'mediaType', 'size', 'annotations', 'kind', 'buildpacks', 'extensions', 'attestations'])
    expect(platform?.platform).toEqual({ os: 'linux', architecture: 'amd64', variant: null, 'os.version': null, 'os.features': [] })
    expect(platform?.buildpacks).toEqual([{ id: 'acme/a', version: '1', api: '0.10', homepage: null, name: null, layerDiffID: expect.stringMatching(/^sha256:/), targets: [], order: [] }])
  })

  test('is told by the size of its config and layers, and by the modules in each layer', async () => {
    publishIndex(registry, 'acme/a:1', [{ platform: 'linux/amd64', modules: { 'acme/a@1': { content: '12345' }, 'acme/b@2': { content: '123' } } }])
    const [image] = (await inspectJson(`${registry.host}/acme/a:1`)).platforms
    expect(image?.layers.map(({ size, modules }) => [size, modules])).toEqual([[5, ['acme/a@1']], [3, ['acme/b@2']]])
    const config = [...registry.repository('acme/a').blobs.values()].find((bytes) => bytes.includes('rootfs'))
    expect(image?.size).toBe(5 + 3 + (config?.byteLength ?? 0))
  })

  test('counts attestations with their image and lists none of them', async () => {
    const image: SampleImage = { platform: 'linux/amd64', modules: { 'acme/a@1': {} } }
    const { manifest } = imageOf(image)
    const attestation = encodeManifest(inlineBlob('application/vnd.oci.empty.v1+json', Buffer.from('{}')).descriptor, [])
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': manifest.descriptor.digest }
    publishIndex(registry, 'acme/a:1', [image], [{ ...attestation.descriptor, platform: { os: 'unknown', architecture: 'unknown' }, annotations }])
    const { platforms } = await inspectJson(`${registry.host}/acme/a:1`)
    expect(platforms.map(({ attestations }) => attestations)).toEqual([1])
  })

  test('--raw prints it byte for byte', async () => {
    const index = publishIndex(registry, 'acme/a:1', composite(2))
    const { stdout } = await inspect(`${registry.host}/acme/a:1`, '--raw')
    expect(stdout).toBe(Buffer.from(index.bytes).toString('utf8'))
  })
})

describe('indexes in indexes', () => {
  test('are replaced by their images, to a depth of four', async () => {
    const { manifest, blobs } = imageOf({ platform: 'linux/amd64', modules: { 'acme/a@1': {} } })
    const indexes = [encodeIndex([manifest.descriptor])]
    for (let depth = 2; depth <= 5; depth += 1) indexes.push(encodeIndex([indexes.at(-1)?.descriptor ?? manifest.descriptor, manifest.descriptor]))
    for (const [number, index] of indexes.entries()) place(registry, 'acme/a', [manifest, index], blobs, `depth-${number + 1}`)
    expect((await inspectJson(`${registry.host}/acme/a:depth-4`)).platforms).toHaveLength(4)
    const { platforms } = await inspectJson(`${registry.host}/acme/a:depth-5`)
    expect(platforms.map(({ problems }) => problems)).toEqual([['an index in 4 others, which is not read'], [], [], [], []])
  })

  test.each([
    ['<html>log in</html>', 'got no JSON: '],
    ['{"manifests":"x"}', 'got JSON without a list of manifests, want an image index'],
    ['[]', 'got other JSON, want a JSON object'],
  ])('that are %s are an error, and a problem of the index that they are in', async (text, said) => {
    const broken = inlineBlob(ociIndex, Buffer.from(text))
    place(registry, 'acme/a', [broken], [], 'broken')
    expect(await inspect(`${registry.host}/acme/a:broken`)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(said) })
    const { manifest, blobs } = imageOf({ platform: 'linux/amd64', modules: { 'acme/a@1': {} } })
    place(registry, 'acme/a', [manifest, encodeIndex([broken.descriptor, manifest.descriptor])], blobs, 'outer')
    const { platforms } = await inspectJson(`${registry.host}/acme/a:outer`)
    expect(platforms.map(({ problems }) => problems)).toEqual([[expect.stringContaining(said)], []])
  })

  test('that come to billions of entries are refused before they do', async () => {
    const { manifest, blobs } = imageOf({ platform: 'linux/amd64' })
    let index = encodeIndex([manifest.descriptor])
    const all = [manifest, index]
    for (let depth = 0; depth < 3; depth += 1) {
      const child = index.descriptor
      index = encodeIndex(Array.from({ length: 900 }, () => child))
      all.push(index)
    }
    place(registry, 'acme/a', all, blobs, '1')
    expect(await inspect(`${registry.host}/acme/a:1`)).toMatchObject({ code: 1, stderr: expect.stringContaining('more than 1000 entries') })
  })
})

test('an index that names one image with megabytes of labels for a thousand platforms is not shown a thousand times', async () => {
  const { manifest, blobs } = imageOf({ platform: 'linux/amd64', labels: { much: 'x'.repeat(4 * 1024 ** 2) } })
  const index = encodeIndex(Array.from({ length: 1000 }, (_, number) => ({ ...manifest.descriptor, platform: { os: 'linux', architecture: `a${number}` } })))
  place(registry, 'acme/a', [manifest, index], blobs, '1')
  expect(await inspect(`${registry.host}/acme/a:1`, '--json')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('of manifests and configs to show') })
})

describe('an index that does not tell the truth', () => {
  test.each([
    ['another size', { size: 7 }, 'got more than 7 bytes, want 7 bytes'],
    ['no digest', { digest: 'sha256:x' }, 'an entry of the index without a sha256 digest and a size'],
    ['a digest that is not there', { digest: `sha256:${'0'.repeat(64)}` }, 'read manifest'],
    ['a type that is none', { mediaType: 'text/plain' }, 'a manifest of type "text/plain", which is not read'],
    ['another platform', { platform: { os: 'linux', architecture: 'arm64' } }, "the index says linux/arm64, the image's config linux/amd64"],
  ])('with %s is shown with that as a problem', async (_what, change, problem) => {
    const { platforms } = await inspectJson(entry(change))
    expect(platforms[0]?.problems.join()).toContain(problem)
  })

  test.each([{ platform: [] }, { platform: { os: 1 } }, { annotations: { a: 1 } }, { annotations: 'x' }])('with %j is shown without', async (change) => {
    const { platforms } = await inspectJson(entry(change))
    expect(platforms).toMatchObject([{ platform: { os: 'linux', architecture: 'amd64' }, annotations: {}, problems: [] }])
  })
})

describe('--platform', () => {
  test('shows what fits, and reads nothing of the others', async () => {
    publishIndex(registry, 'acme/all:1', composite(3))
    const { platforms } = await inspectJson(`${registry.host}/acme/all:1`, '--platform', 'linux/arm64', '--platform', 'linux/s390x')
    expect(platforms.map((image) => image.platform.architecture)).toEqual(['arm64', 's390x'])
    expect(registry.requests.filter(({ path }) => path.includes('/blobs/'))).toHaveLength(2)
  })

  test('that nothing fits is an error that names what there is', async () => {
    publishIndex(registry, 'acme/all:1', composite(1))
    const { code, stderr } = await inspect(`${registry.host}/acme/all:1`, '--platform', 'windows/amd64')
    expect(code).toBe(1)
    expect(stderr).toContain('got linux/amd64, linux/arm64/v8, linux/s390x, linux/ppc64le, want windows/amd64')
  })

  test('that is no platform is a slip on the command line', async () => {
    expect((await inspect('acme/a', '--platform', 'arm64')).code).toBe(2)
  })
})

describe('a single image', () => {
  test('is its own only platform, by its config', async () => {
    const { manifest, blobs } = imageOf({ platform: 'linux/arm/v7', modules: { 'acme/a@1': {} }, annotations: { a: 'b' } })
    place(registry, 'acme/a', [manifest], blobs, '1')
    const json = await inspectJson(`docker://${registry.host}/acme/a:1`)
    expect(json).toMatchObject({ digest: manifest.descriptor.digest, annotations: { a: 'b' }, platforms: [{ digest: manifest.descriptor.digest, platform: { architecture: 'arm', variant: 'v7' } }] })
  })

  test('without labels is shown as not a buildpackage, with exit code 0', async () => {
    const { manifest, blobs } = imageOf({ platform: 'linux/amd64' })
    place(registry, 'acme/a', [manifest], blobs, 'latest')
    const { code, stdout } = await inspect(`${registry.host}/acme/a`)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^linux\/amd64 .* not a buildpackage$/m)
    expect(stdout).toContain('\nDifferences: none\n')
  })

  test('that is not there is an error', async () => {
    const { code, stderr } = await inspect(`${registry.host}/acme/none:1`)
    expect(code).toBe(1)
    expect(stderr).toContain('no such manifest in the registry')
  })
})
