import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buffer } from 'node:stream/consumers'
import { remoteStore } from '../../src/stores/remote.ts'
import type { Strike } from '../support/registry/faults.ts'
import { endless } from '../support/registry/faults.ts'
import type { RegistryOptions, TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Talk } from '../support/registry/talk.ts'
import { lines, loginEnv, someLayer, talk } from '../support/registry/talk.ts'

const users = { ann: 'pw' }
const uploads = /\/blobs\/uploads\//
let registry: TestRegistry
let talking: Talk

async function start(options: RegistryOptions = {}): Promise<ReturnType<typeof remoteStore>> {
  registry = await startRegistry(options)
  talking = talk({ env: loginEnv(registry.host, 'ann:pw'), timeouts: { smallBodyMs: 60 } })
  return remoteStore(talking.client, registry.host, 'acme/bp')
}

beforeEach(() => {
  talking = talk()
})

afterEach(async () => {
  await talking.client.close()
  await registry.close()
})

/** Either way round a body ends an honest client's patience. */
const kinds: [string, number][] = [['runs on and on', 0], ['trickles', 10]]

describe.each(kinds)('an answer that nobody reads and whose body %s', (_, everyMs) => {
  const slow = (status: number, headers?: Record<string, string>): Strike => endless(status, everyMs, headers)

  it('does not keep a refused token from being renewed', async () => {
    const store = await start({ auth: { kind: 'bearer', users } })
    await store.put(someLayer(1))
    registry.expireTokens()
    const layer = someLayer(10)
    const challenge = `Bearer realm="${tokenOrigin()}/token",service="test"`
    registry.fail({ method: 'POST', path: uploads, strike: slow(401, { 'www-authenticate': challenge }) })
    expect(await store.put(layer)).toBe('uploaded')
  })

  it('does not keep a redirect from being followed', async () => {
    const store = await start()
    const blob = registry.addBlob('acme/real', Buffer.from('content'))
    registry.fail({ method: 'GET', strike: slow(307, { location: `/v2/acme/real/blobs/${blob.digest}` }) })
    const read = await buffer(await store.open({ mediaType: 'application/octet-stream', ...blob }))
    expect(read.toString()).toBe('content')
  })

  it.each([429, 503])('does not keep what %s refused from being tried again', async (status) => {
    const store = await start()
    registry.fail({ method: 'POST', path: uploads, strike: slow(status) })
    expect(await store.put(someLayer(10))).toBe('uploaded')
    expect(lines(registry.requests).filter((line) => line.startsWith('POST'))).toHaveLength(2)
  })

  it('does not keep an upload from going on', async () => {
    const store = await start()
    const layer = someLayer(10)
    registry.fail({ method: 'PUT', path: uploads, strike: slow(201) })
    expect(await store.put(layer)).toBe('uploaded')
  })

  it('does not hide what was refused', async () => {
    const store = await start()
    registry.fail({ method: 'POST', path: uploads, strike: slow(403) })
    await expect(store.put(someLayer(10))).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('status 403') as string })
  })
})

it('a token that never comes to its end is an error after as many tries as any other', async () => {
  const store = await start({ auth: { kind: 'bearer', users } })
  registry.fail({ path: /^\/token/, times: 99, strike: endless(200, 10) })
  await expect(store.resolve('1')).rejects.toMatchObject({
    code: 'NETWORK',
    message: expect.stringMatching(/^get a token from .*the answer stopped half-way .*\(5 tries\)$/) as string,
  })
})

/** Where this registry's tokens come from. */
function tokenOrigin(): string {
  return `http://${registry.tokenRequests[0]?.headers['host'] ?? ''}`
}
