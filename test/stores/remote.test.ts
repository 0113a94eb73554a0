import { afterEach, describe, expect, it } from 'vitest'
import { buffer } from 'node:stream/consumers'
import type { InlineBlob } from '../../src/oci/descriptor.ts'
import type { PutStatus } from '../../src/events.ts'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { encodeImageConfig } from '../../src/oci/image-config.ts'
import { encodeIndex, encodeManifest } from '../../src/oci/manifest.ts'
import { remoteStore } from '../../src/stores/remote.ts'
import { answer, refuse, withHeaders } from '../support/registry/faults.ts'
import type { RegistryOptions, TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Talk } from '../support/registry/talk.ts'
import { lines, loginEnv, someLayer, talk } from '../support/registry/talk.ts'

let registry: TestRegistry
let talking: Talk

async function start(options: RegistryOptions = {}): Promise<ReturnType<typeof remoteStore>> {
  registry = await startRegistry(options)
  talking = talk({ env: loginEnv(registry.host, 'ann:pw') })
  return remoteStore(talking.client, registry.host, 'acme/bp')
}

function image(architecture: string): { readonly layer: InlineBlob; readonly config: InlineBlob; readonly manifest: InlineBlob } {
  const layer = someLayer(20_000)
  const platform = { os: 'linux', architecture }
  const config = encodeImageConfig({ platform, created: '1980-01-01T00:00:01Z', labels: {}, diffIDs: [layer.descriptor.digest] })
  return { layer, config, manifest: encodeManifest(config.descriptor, [layer.descriptor]) }
}

const one = image('amd64')
const two = image('arm64')
const index = encodeIndex([
  { ...one.manifest.descriptor, platform: { os: 'linux', architecture: 'amd64' } },
  { ...two.manifest.descriptor, platform: { os: 'linux', architecture: 'arm64' } },
])
/** Everything at once where the order does not matter. */
async function push(store: ReturnType<typeof remoteStore>): Promise<PutStatus[]> {
  const blobs = await Promise.all([one.layer, one.config, two.layer, two.config].map((blob) => store.put(blob)))
  const manifests = await Promise.all([one.manifest, two.manifest].map((manifest) => store.put(manifest)))
  return [...blobs, ...manifests, await store.tag(index, '1'), await store.tag(index, 'latest')]
}


afterEach(async () => {
  await talking.client.close()
  await registry.close()
})

describe('a repository', () => {
  it('takes an image index with all below it, and its tags last', async () => {
    const store = await start({ auth: { kind: 'bearer', users: { ann: 'pw' } } })
    expect(new Set(await push(store))).toEqual(new Set(['uploaded']))
    expect([...registry.repository('acme/bp').tags]).toEqual([['1', index.descriptor.digest], ['latest', index.descriptor.digest]])
    expect(lines(registry.requests.filter(({ method }) => method === 'PUT')).slice(-4)).toEqual([
      'PUT /v2/acme/bp/manifests/DIGEST 201',
      'PUT /v2/acme/bp/manifests/DIGEST 201',
      'PUT /v2/acme/bp/manifests/1 201',
      'PUT /v2/acme/bp/manifests/latest 201',
    ])
  })

  it('that has it all is only asked, by HEAD', async () => {
    const store = await start({ auth: { kind: 'bearer', users: { ann: 'pw' } } })
    await push(store)
    const before = registry.requests.length
    await talking.client.close()
    talking = talk({ env: loginEnv(registry.host, 'ann:pw') })
    const again = await push(remoteStore(talking.client, registry.host, 'acme/bp'))
    expect(new Set(again)).toEqual(new Set(['present']))
    expect(new Set(registry.requests.slice(before).map(({ method }) => method))).toEqual(new Set(['HEAD']))
  })

  it.each([405, 501])('behind a proxy that answers every HEAD with %s is asked by GET', async (status) => {
    const store = await start({ auth: { kind: 'bearer', users: { ann: 'pw' } } })
    registry.fail({ method: 'HEAD', path: /manifests|blobs/, times: 999, strike: answer(status) })
    expect(new Set(await push(store))).toEqual(new Set(['uploaded']))
    const before = registry.requests.length
    expect(new Set(await push(store))).toEqual(new Set(['present']))
    expect(new Set(registry.requests.slice(before).map(({ method }) => method))).toEqual(new Set(['HEAD', 'GET']))
    expect(await store.resolve('1')).toEqual(index.descriptor)
    expect(await store.has(someLayer(9).descriptor)).toBe(false)
    await expect(store.resolve('none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('moves a tag that stands for something else', async () => {
    const store = await start()
    await push(store)
    expect(await store.tag(one.manifest, '1')).toBe('uploaded')
    expect(registry.repository('acme/bp').tags.get('1')).toBe(one.manifest.descriptor.digest)
  })

  it('that does not say what a tag stands for is sent the tag', async () => {
    const store = await start()
    await push(store)
    registry.fail({ method: 'HEAD', strike: withHeaders({ 'docker-content-digest': 'unknown' }) })
    expect(await store.tag(index, '1')).toBe('uploaded')
  })

  it('refuses a manifest before its blobs, in its own words', async () => {
    const store = await start()
    await expect(store.put(one.manifest)).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringMatching(/^push manifest "127.*bp@sha256:.*": PUT http:.*status 400 Bad Request: MANIFEST_BLOB_UNKNOWN: manifest.* \(\d tries\)$/) as string,
      hint: expect.stringContaining('run it again') as string,
    })
  })

  it.each([
    ['MANIFEST_BLOB_UNKNOWN', 400],
    ['BLOB_UNKNOWN', 404],
    ['MANIFEST_UNKNOWN', 404],
  ])('that is behind with what it took a moment ago (%s) is sent the manifest again', async (code, status) => {
    const store = await start()
    registry.fail({ method: 'PUT', path: /manifests/, strike: refuse(status, code, 'unknown to registry'), times: 2 })
    expect(new Set(await push(store))).toEqual(new Set(['uploaded']))
    expect(talking.waits.filter((ms) => ms > 0).length).toBeGreaterThanOrEqual(2)
  })

  it('reads back what it took, by tag and by digest', async () => {
    const store = await start()
    await push(store)
    expect(await store.resolve('1')).toEqual(index.descriptor)
    expect(await store.resolve(one.manifest.descriptor.digest)).toEqual(one.manifest.descriptor)
    for (const blob of [index, one.manifest, one.layer, one.config]) {
      expect(await store.has(blob.descriptor)).toBe(true)
      expect(await buffer(await store.open(blob.descriptor))).toEqual(Buffer.from(blob.bytes))
    }
    expect(await store.has(someLayer(3).descriptor)).toBe(false)
    expect(await store.has({ ...someLayer(3).descriptor, mediaType: index.descriptor.mediaType })).toBe(false)
  })

  it('says so where it lacks a name', async () => {
    const store = await start()
    await expect(store.resolve('2')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `find image "${registry.host}/acme/bp:2": no such manifest in the registry`,
    })
  })

  it('takes a manifest of another tool as it is, whatever its spacing', async () => {
    const store = await start()
    await push(store)
    const text = JSON.stringify(JSON.parse(Buffer.from(index.bytes).toString()), null, 3)
    const spaced = inlineBlob(index.descriptor.mediaType, Buffer.from(text))
    expect(await store.tag(spaced, 'spaced')).toBe('uploaded')
    expect(await store.resolve('spaced')).toEqual(spaced.descriptor)
  })
})

describe('a mount', () => {
  it('takes a blob from another repository without its bytes, asking for the right to read there', async () => {
    const store = await start({ auth: { kind: 'bearer', users: { ann: 'pw' } } })
    registry.addBlob('acme/base', Buffer.from(one.layer.bytes))
    expect(await store.mount(one.layer.descriptor, 'acme/base')).toBe(true)
    expect(registry.repository('acme/bp').blobs.has(one.layer.descriptor.digest)).toBe(true)
    expect(decodeURIComponent(registry.tokenRequests[0]?.path ?? '')).toContain('scope=repository:acme/base:pull&scope=repository:acme/bp:pull,push')
  })

  it('that is not granted leaves its upload session to the push', async () => {
    const store = await start()
    expect(await store.mount(one.layer.descriptor, 'acme/base')).toBe(false)
    expect(await store.put(one.layer)).toBe('uploaded')
    expect(lines(registry.requests)).toEqual([
      'HEAD /v2/ 200',
      'POST /v2/acme/bp/blobs/uploads/?mount=DIGEST&from=acme/base 202',
      'PUT /v2/acme/bp/blobs/uploads/ID?digest=DIGEST 201',
    ])
  })

  it.each([401, 403, 404, 405, 429, 500])('that is answered with %s is a normal push, without another try', async (status) => {
    const store = await start()
    registry.fail({ method: 'POST', path: /mount=/, strike: refuse(status, 'DENIED', 'not yours') })
    expect(await store.mount(one.layer.descriptor, 'acme/base')).toBe(false)
    expect(registry.requests.filter(({ path }) => path.includes('mount='))).toHaveLength(1)
    expect(await store.put(one.layer)).toBe('uploaded')
    expect(talking.waits).toEqual([])
  })

  it('whose token is refused is a normal push as well', async () => {
    const store = await start({ auth: { kind: 'bearer', users: { ann: 'pw' } } })
    registry.fail({ path: /^\/token.*base/, strike: refuse(401, 'DENIED', 'not yours'), times: 9 })
    expect(await store.mount(one.layer.descriptor, 'acme/base')).toBe(false)
    expect(await store.put(one.layer)).toBe('uploaded')
  })

  it('that is interrupted is no normal push', async () => {
    const store = await start()
    await expect(store.mount(one.layer.descriptor, 'acme/base', AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
