import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buffer } from 'node:stream/consumers'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { ociIndex } from '../../src/oci/media-types.ts'
import { remoteStore } from '../../src/stores/remote.ts'
import type { Reply, Strike } from '../support/registry/faults.ts'
import { answer, cut, rewrite, stall, withHeaders } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Talk } from '../support/registry/talk.ts'
import { lines, someLayer, talk } from '../support/registry/talk.ts'

let registry: TestRegistry
let talking: Talk
let store: ReturnType<typeof remoteStore>
const layer = someLayer(1_000_000)
const empty = inlineBlob(ociIndex, Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'))

beforeEach(async () => {
  registry = await startRegistry()
  talking = talk()
  store = remoteStore(talking.client, registry.host, 'acme/bp')
  registry.addBlob('acme/bp', layer.bytes)
  await store.tag(empty, '1')
})

afterEach(async () => {
  await talking.client.close()
  await registry.close()
})

const read = async (): Promise<Buffer> => buffer(await store.open(layer.descriptor))

function gets(): { readonly range: string | undefined; readonly status: number }[] {
  return registry.requests.filter(({ method }) => method === 'GET').map(({ headers, status }) => ({ range: headers['range'], status }))
}

function instead(change: (reply: Reply) => Reply): Strike {
  return rewrite(change)
}

describe('a blob that is read', () => {
  it.each([
    ['breaks off', cut(300_000), {}],
    // Long for a silence, so that a busy machine does not make one of its own.
    ['falls silent', stall(300_000), { idleMs: 1500 }],
  ])('and %s goes on where it was', async (_, strike, timeouts) => {
    await talking.client.close()
    talking = talk({ timeouts })
    store = remoteStore(talking.client, registry.host, 'acme/bp')
    registry.fail({ method: 'GET', strike, times: 1 })
    expect((await read()).equals(layer.bytes)).toBe(true)
    const [first, second] = gets()
    expect(first).toEqual({ range: undefined, status: 200 })
    expect(second).toEqual({ range: expect.stringMatching(/^bytes=[1-9]\d*-$/) as string, status: 206 })
    expect(talking.events).toMatchObject([{ type: 'retry', attempt: 1 }])
  })

  it('and breaks off goes on, too, where the registry knows no ranges', async () => {
    registry.fail({ method: 'GET', strike: cut(300_000) })
    registry.fail({ method: 'GET', strike: instead(() => ({ status: 200, body: layer.bytes })) })
    expect((await read()).equals(layer.bytes)).toBe(true)
  })

  it('and goes on elsewhere than asked is refused', async () => {
    registry.fail({ method: 'GET', strike: cut(300_000) })
    const tail = { status: 206, headers: { 'content-range': 'bytes 999999-999999/1000000' }, body: Buffer.from('x') }
    registry.fail({ method: 'GET', strike: instead(() => tail) })
    await expect(read()).rejects.toThrow(/got a range that begins at byte 999999, want byte \d+/)
  })

  it('and breaks off for ever is given up', async () => {
    registry.fail({ method: 'GET', strike: cut(10), times: 1000 })
    await expect(read()).rejects.toThrow()
    expect(gets().length).toBeLessThan(30)
  })

  it.each([
    ['of another length', { status: 200, body: Buffer.alloc(10) }, /got 10 bytes, want 1000000 bytes/],
    ['longer than it should be', { status: 200, body: Buffer.alloc(3_000_000) }, /got 3000000 bytes, want 1000000 bytes/],
    ['of another content', { status: 200, body: Buffer.alloc(1_000_000) }, /got sha256:[0-9a-f]{64}, want sha256:/],
  ])('and is %s is refused', async (_, reply, message) => {
    registry.fail({ method: 'GET', strike: instead(() => reply) })
    const failure = read()
    await expect(failure).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    await expect(failure).rejects.toThrow(message)
  })

  it('and has no stated length but too many bytes is refused', async () => {
    registry.fail({ method: 'GET', strike: answer(200, { 'transfer-encoding': 'chunked' }, 'x'.repeat(1_000_001)) })
    await expect(read()).rejects.toThrow(/got more than 1000000 bytes/)
  })

  it('is missing: the error comes before any byte', async () => {
    await expect(store.open(someLayer(1).descriptor)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('BLOB_UNKNOWN') as string,
    })
  })

  it('may be left half-read, and the client still closes', async () => {
    const stream = await store.open(layer.descriptor)
    for await (const _ of stream) break
    expect(stream.destroyed).toBe(true)
  })

  it('stops when the run is interrupted', async () => {
    registry.fail({ method: 'GET', strike: stall(1000) })
    const stop = new AbortController()
    const stream = await store.open(layer.descriptor, stop.signal)
    setTimeout(() => stop.abort(), 20)
    await expect(buffer(stream)).rejects.toThrow()
    expect(gets()).toHaveLength(1)
  })
})

describe('a manifest that is read', () => {
  const other = someLayer(1).descriptor.digest

  it('by digest must have it', async () => {
    registry.fail({ method: 'GET', strike: instead((reply) => ({ ...reply, body: Buffer.from('{"schemaVersion":2}') })) })
    await expect(store.open(empty.descriptor)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`want ${empty.descriptor.digest}`) as string,
    })
  })

  it('is asked for with the types of images and indexes, OCI\'s and Docker\'s: GHCR answers 404 to who leaves one out', async () => {
    registry.fail({ method: 'HEAD', strike: rewrite((reply) => ({ ...reply, headers: {} })) })
    await store.resolve('1')
    const asked = registry.requests.filter(({ path }) => path.includes('/manifests/1')).slice(-2)
    expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
    for (const { headers } of asked) {
      expect(headers['accept']?.split(', ').sort()).toEqual([
        'application/vnd.docker.distribution.manifest.list.v2+json',
        'application/vnd.docker.distribution.manifest.v2+json',
        'application/vnd.oci.image.index.v1+json',
        'application/vnd.oci.image.manifest.v1+json',
      ])
    }
  })

  it('by tag must have the digest that the registry tells of it', async () => {
    registry.fail({ method: 'HEAD', path: /manifests/, strike: instead(({ status }) => ({ status, headers: { 'content-type': ociIndex } })) })
    registry.fail({ method: 'GET', strike: withHeaders({ 'docker-content-digest': other }) })
    await expect(store.resolve('1')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it('is not taken for another one that a HEAD by digest tells of', async () => {
    registry.fail({ method: 'HEAD', path: /manifests/, strike: withHeaders({ 'docker-content-digest': other }) })
    await expect(store.resolve(empty.descriptor.digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it('is read where a HEAD does not tell enough', async () => {
    registry.fail({ method: 'HEAD', path: /manifests/, strike: instead(() => ({ status: 200 })) })
    expect(await store.resolve('1')).toEqual(empty.descriptor)
    expect(lines(registry.requests).at(-1)).toBe('GET /v2/acme/bp/manifests/1 200')
  })

  it('has the type of its content where the registry does not say one', async () => {
    const bare = inlineBlob(ociIndex, Buffer.from('{"schemaVersion":2,"manifests":[]}'))
    registry.repository('acme/bp').tags.set('1', bare.descriptor.digest)
    registry.repository('acme/bp').manifests.set(bare.descriptor.digest, { mediaType: ociIndex, bytes: Buffer.from(bare.bytes) })
    registry.fail({ path: /manifests/, strike: withHeaders({ 'content-type': 'application/json' }), times: 2 })
    expect(await store.resolve('1')).toEqual(bare.descriptor)
  })

  it('is refused where it is an index to one reader and an image to another', async () => {
    const confused = Buffer.from('{"schemaVersion":2,"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json"}')
    const reply = { status: 200, headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }, body: confused }
    registry.fail({ method: 'HEAD', path: /manifests/, strike: instead(() => ({ status: 200 })) })
    registry.fail({ method: 'GET', strike: instead(() => reply) })
    await expect(store.resolve('2')).rejects.toThrow(/got application\/vnd.oci.image.index.v1\+json by its content, want/)
  })

  it('is refused beyond 4 MiB, before all of it is read', async () => {
    registry.fail({ method: 'GET', strike: answer(200, { 'content-type': ociIndex }, ' '.repeat(30_000_000)) })
    await expect(store.open(empty.descriptor)).rejects.toThrow(/got more than 4194304 bytes, want a manifest of at most 4194304 bytes/)
  })

  it('is read again where the connection broke', async () => {
    registry.fail({ method: 'GET', strike: cut(5) })
    expect((await buffer(await store.open(empty.descriptor))).equals(Buffer.from(empty.bytes))).toBe(true)
  })
})
