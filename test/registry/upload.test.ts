import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { remoteStore } from '../../src/stores/remote.ts'
import { answer, answerEarly, hang, refuse, reset, rewrite, withHeaders } from '../support/registry/faults.ts'
import type { RegistryOptions, TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Talk } from '../support/registry/talk.ts'
import { lines, someLayer, talk } from '../support/registry/talk.ts'

const uploads = /\/blobs\/uploads\//
const MiB = 1024 * 1024
let registry: TestRegistry
let talking: Talk

async function start(options: RegistryOptions = {}): Promise<ReturnType<typeof remoteStore>> {
  await registry?.close()
  registry = await startRegistry(options)
  return remoteStore(talking.client, registry.host, 'acme/bp')
}

function stored(digest: string): Buffer | undefined {
  return registry.repository('acme/bp').blobs.get(digest)
}

beforeEach(() => {
  talking = talk()
})

afterEach(async () => {
  await talking.client.close()
  await registry.close()
})

describe('a blob', () => {
  it('is asked for first, and sent in one request where it is missing', async () => {
    const store = await start()
    const layer = someLayer(9 * MiB)
    expect(await store.put(layer)).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
    expect(lines(registry.requests)).toEqual([
      'HEAD /v2/ 200',
      'HEAD /v2/acme/bp/blobs/DIGEST 404',
      'POST /v2/acme/bp/blobs/uploads/ 202',
      'PUT /v2/acme/bp/blobs/uploads/ID?digest=DIGEST 201',
    ])
    expect(registry.requests.at(-1)?.headers).toMatchObject({
      'content-length': String(9 * MiB),
      'content-type': 'application/octet-stream',
      'user-agent': 'bp-package/test',
    })
  })

  it('that is there is not sent', async () => {
    const store = await start()
    const layer = someLayer(10)
    registry.addBlob('acme/bp', layer.bytes)
    expect(await store.put(layer)).toBe('present')
    expect(lines(registry.requests)).toEqual(['HEAD /v2/ 200', 'HEAD /v2/acme/bp/blobs/DIGEST 200'])
  })

  it.each([
    ['another length', 'content-length', '9', 'uploaded'],
    ['no length', 'transfer-encoding', 'chunked', 'present'],
  ])('that is said to be there with %s is %s', async (_, name, value, status) => {
    const store = await start()
    const layer = someLayer(10)
    registry.addBlob('acme/bp', layer.bytes)
    registry.fail({ method: 'HEAD', path: /blobs/, strike: answer(200, { [name]: value }) })
    expect(await store.put(layer)).toBe(status)
  })

  it('may be empty', async () => {
    const store = await start()
    const layer = someLayer(0)
    expect(await store.put(layer)).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.byteLength).toBe(0)
  })

  it('goes to the Location, a whole URL with a state in its query too, which comes back as it was', async () => {
    const store = await start({ location: 'absolute' })
    expect(await store.put(someLayer(10))).toBe('uploaded')
    expect(registry.requests.at(-1)?.path).toMatch(/\?_state=abc%3D%3D&digest=sha256%3A[0-9a-f]{64}$/)
  })

  it('goes in chunks of at most 4 MiB where one request is too large, the last with the request that ends it', async () => {
    const store = await start({ largestPut: 5 * MiB, largestChunk: 4 * MiB, noEmptyPut: true })
    const layer = someLayer(8 * MiB)
    expect(await store.put(layer)).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
    const sent = registry.requests.filter(({ method }) => method === 'PATCH' || method === 'PUT')
    expect(sent.map(({ method, status, headers }) => [method, status, headers['content-range']])).toEqual([
      ['PUT', 413, undefined],
      ['PATCH', 202, `0-${4 * MiB - 1}`],
      ['PUT', 201, `${4 * MiB}-${8 * MiB - 1}`],
    ])
  })

  it('goes in chunks as well where a proxy says 413 and closes before all is sent', async () => {
    const store = await start()
    registry.fail({ method: 'PUT', path: uploads, strike: answerEarly(413, { connection: 'close' }) })
    const layer = someLayer(20 * MiB)
    expect(await store.put(layer)).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
    expect(registry.requests.some(({ method }) => method === 'PATCH')).toBe(true)
  })

  it('goes in chunks as large as the registry wants them', async () => {
    const store = await start({ largestPut: 7 * MiB, smallestChunk: 6 * MiB })
    const layer = someLayer(8 * MiB)
    expect(await store.put(layer)).toBe('uploaded')
    expect(registry.requests.find(({ method }) => method === 'PATCH')?.headers['content-range']).toBe(`0-${6 * MiB - 1}`)
  })

  it('that breaks on the way goes on from what has arrived', async () => {
    const store = await start()
    registry.fail({ method: 'PUT', path: uploads, strike: reset(3 * MiB) })
    const layer = someLayer(9 * MiB)
    const progress: number[] = []
    expect(await store.put(layer, { onBytes: (bytes) => progress.push(bytes) })).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
    const sent = registry.requests.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range'])
    expect(sent).toEqual([`${3 * MiB}-${7 * MiB - 1}`])
    expect(progress.at(-1)).toBe(9 * MiB)
    expect(talking.events.filter(({ type }) => type === 'retry')).toMatchObject([{
      attempt: 1,
      delayMs: 500,
      action: expect.stringContaining('push blob') as string,
    }])
  })

  it('begins again where the registry has forgotten the broken session', async () => {
    const store = await start({ forgetBroken: true })
    registry.fail({ method: 'PUT', path: uploads, strike: reset(MiB) })
    const layer = someLayer(5 * MiB)
    const progress: number[] = []
    expect(await store.put(layer, { onBytes: (bytes) => progress.push(bytes) })).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
    expect(progress.lastIndexOf(0)).toBeGreaterThan(0)
  })

  it('survives a break in every chunk', async () => {
    const store = await start({ largestPut: 4 * MiB })
    registry.fail({ method: 'PATCH', path: uploads, strike: reset(MiB), times: 6 })
    const layer = someLayer(13 * MiB)
    expect(await store.put(layer)).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
  })

  it('that cannot be resumed and breaks at the same place for ever is given up', async () => {
    const store = await start({ largestPut: 4 * MiB, forgetBroken: true })
    for (let after = 1; after < 100; after += 2) registry.fail({ method: 'PATCH', path: uploads, after, strike: reset(MiB) })
    await expect(store.put(someLayer(20 * MiB))).rejects.toMatchObject({ code: 'NETWORK' })
    expect(registry.requests.filter(({ method }) => method === 'PATCH').length).toBeLessThan(20)
  })

  it('is not sent again where only the answer was lost', async () => {
    const store = await start()
    const layer = someLayer(5 * MiB)
    // Stored, then silence: the way a connection breaks after the last byte.
    registry.fail({ method: 'PUT', path: uploads, strike: rewrite((_, request) => ({ status: request.bytes > 0 ? 502 : 201 })) })
    expect(await store.put(layer)).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
    expect(registry.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
  })

  it.each([
    ['BLOB_UPLOAD_UNKNOWN', 404],
    ['BLOB_UPLOAD_INVALID', 400],
  ])('begins again where the registry has lost its session (%s)', async (code, status) => {
    const store = await start()
    registry.fail({ method: 'PUT', path: uploads, strike: refuse(status, code, 'upload resumed at wrong offset'), times: 2 })
    const layer = someLayer(10)
    expect(await store.put(layer)).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
    expect(talking.waits).toEqual([500, 1000])
    expect(registry.requests.filter(({ method }) => method === 'POST')).toHaveLength(3)
  })

  it('begins again after chunks that did not add up', async () => {
    const store = await start({ largestPut: 4 * MiB })
    registry.fail({ method: 'PUT', path: uploads, after: 1, strike: refuse(400, 'DIGEST_INVALID', 'provided digest did not match') })
    const layer = someLayer(5 * MiB)
    expect(await store.put(layer)).toBe('uploaded')
    expect(stored(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
  })

  it('waits as long as a 503 asks and tells of it', async () => {
    const store = await start()
    registry.fail({ method: 'PUT', path: uploads, strike: refuse(503, 'UNAVAILABLE', 'soon', { 'retry-after': '7' }) })
    const layer = someLayer(MiB)
    expect(await store.put(layer)).toBe('uploaded')
    expect(talking.waits).toEqual([7000])
    expect(talking.events).toMatchObject([{
      type: 'retry',
      reason: expect.stringMatching(/status 503 Service Unavailable: UNAVAILABLE: soon/) as string,
      delayMs: 7000,
    }])
  })

  it('fails after its tries with the registry\'s own words and their number', async () => {
    const store = await start()
    registry.fail({ method: 'PUT', path: uploads, strike: refuse(500, 'UNKNOWN', 'disk on fire'), times: 100 })
    await expect(store.put(someLayer(10))).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringMatching(/^push blob "127.*bp@sha256:.*": PUT http:.*status 500 Internal Server Error: UNKNOWN: disk on fire \(5 tries\)$/) as string,
    })
    expect(registry.requests.filter(({ method }) => method === 'PUT')).toHaveLength(5)
    expect(talking.waits).toEqual([500, 1000, 2000, 4000])
  })

  it('whose source is shorter than it says is refused before the registry sees an end', async () => {
    const store = await start()
    const layer = someLayer(10)
    const short = { ...layer, descriptor: { ...layer.descriptor, size: 20 } }
    await expect(store.put(short)).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining('got 10 bytes, want 20 bytes') as string,
    })
  })

  it('of other bytes than its digest says is refused by the registry, once', async () => {
    const store = await start()
    const layer = { ...someLayer(10), descriptor: someLayer(10).descriptor }
    await expect(store.put(layer)).rejects.toMatchObject({ code: 'REGISTRY', message: expect.stringContaining('DIGEST_INVALID') as string })
    expect(registry.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
  })

  it('that the registry stores under another digest is an error', async () => {
    const store = await start()
    const other = someLayer(1).descriptor.digest
    registry.fail({ method: 'PUT', path: uploads, strike: withHeaders({ 'docker-content-digest': other }) })
    await expect(store.put(someLayer(10))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it('stops at once when the run is interrupted', async () => {
    const store = await start()
    registry.fail({ method: 'PUT', path: uploads, strike: hang() })
    const stop = new AbortController()
    const put = store.put(someLayer(MiB), { signal: stop.signal, onBytes: (bytes) => bytes === MiB && stop.abort() })
    await expect(put).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('is not sent where a session has no Location', async () => {
    const store = await start()
    registry.fail({ method: 'POST', path: uploads, strike: answer(202) })
    await expect(store.put(someLayer(10))).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringMatching(/: POST http:\/\/127.*\/blobs\/uploads\/: the answer has no Location$/) as string,
    })
  })
})
