import { afterEach, describe, expect, it } from 'vitest'
import { remoteStore } from '../../src/stores/remote.ts'
import { answer, refuse, rewrite } from '../support/registry/faults.ts'
import type { RegistryOptions, TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Talk } from '../support/registry/talk.ts'
import { lines, loginEnv, someLayer, talk } from '../support/registry/talk.ts'

const users = { ann: 'p:w' }
const closing: (() => Promise<void>)[] = []

async function start(options: RegistryOptions): Promise<TestRegistry> {
  const registry = await startRegistry(options)
  closing.push(() => registry.close())
  return registry
}

function talkTo(env: Record<string, string>, options: Parameters<typeof talk>[0] = {}): Talk {
  const talking = talk({ env, ...options })
  closing.push(() => talking.client.close())
  return talking
}

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

describe('a registry with basic authentication', () => {
  it('gets user and password on every request after the ping', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    expect(await remoteStore(client, registry.host, 'acme/bp').put(someLayer(10))).toBe('uploaded')
    expect(registry.requests.map(({ headers }) => headers['authorization'] !== undefined)).toEqual([false, true, true, true])
  })

  it('that refuses them gets no second try, and the error says where they came from, but not what they are', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    const { client } = talkTo(loginEnv(registry.host, 'ann:hidden'))
    const put = remoteStore(client, registry.host, 'acme/bp').put(someLayer(10))
    await expect(put).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/^look for blob .*: HEAD http:.*status 401 Unauthorized$/) as string,
      hint: `the credentials of "ann" from CNB_REGISTRY_AUTH for ${registry.host} were refused; log in again with "docker login ${registry.host}"`,
    })
    await expect(put).rejects.not.toThrow(/hidden|Basic/)
    expect(lines(registry.requests)).toEqual(['HEAD /v2/ 401', 'HEAD /v2/acme/bp/blobs/DIGEST 401'])
  })

  it('and nobody logged in: the error names the places and the remedy', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    const { client } = talkTo({}, { homeDir: '/home/ann' })
    await expect(remoteStore(client, registry.host, 'acme/bp').resolve('1')).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringMatching(/no credentials for 127.*\/home\/ann\/\.docker\/config\.json.*docker login 127/) as string,
    })
  })
})

describe('a registry with a token service', () => {
  it('is served by one token for all that a push does, however many push at once', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    const store = remoteStore(client, registry.host, 'acme/bp')
    await Promise.all(Array.from({ length: 12 }, () => store.put(someLayer(1000))))
    expect(registry.repository('acme/bp').blobs.size).toBe(12)
    expect(registry.tokenRequests.map(({ path }) => decodeURIComponent(path))).toEqual(['/token?service=test&scope=repository:acme/bp:pull,push'])
    expect(registry.requests.filter(({ path }) => path === '/v2/')).toHaveLength(1)
  })

  it('is asked without credentials where there are none, and for no more than reading needs', async () => {
    const registry = await start({ auth: { kind: 'bearer', anonymousPull: true } })
    const blob = registry.addBlob('acme/bp', Buffer.from('x'))
    const { client } = talkTo({})
    expect(await remoteStore(client, registry.host, 'acme/bp').has({ mediaType: 'application/octet-stream', ...blob })).toBe(true)
    expect(registry.tokenRequests[0]?.path).toContain('pull')
    expect(registry.tokenRequests[0]?.path).not.toContain('push')
    expect(registry.tokenRequests[0]?.headers['authorization']).toBeUndefined()
  })

  it('is asked again when tokens end in the middle of a run, an upload too', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    const store = remoteStore(client, registry.host, 'acme/bp')
    await store.put(someLayer(10))
    registry.fail({ method: 'POST', strike: rewrite((reply) => (registry.expireTokens(), reply)) })
    const layer = someLayer(100_000)
    expect(await store.put(layer)).toBe('uploaded')
    expect(registry.repository('acme/bp').blobs.get(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true)
    expect(registry.tokenRequests).toHaveLength(2)
  })

  it('is asked again before a token is too old, and a token without an age is a minute old at most', async () => {
    for (const [expiresIn, life] of [[300, 290_000], [undefined, 50_000]] as const) {
      const registry = await start({ auth: { kind: 'bearer', users, ...(expiresIn === undefined ? {} : { expiresIn }) } })
      let now = 0
      const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'), { now: () => now })
      const store = remoteStore(client, registry.host, 'acme/bp')
      await store.put(someLayer(1))
      now = life - 1
      await store.put(someLayer(1))
      expect(registry.tokenRequests).toHaveLength(1)
      now = life
      await store.put(someLayer(1))
      expect(registry.tokenRequests).toHaveLength(2)
    }
  })

  it('takes an identity token by POST, never in a URL', async () => {
    const registry = await start({ auth: { kind: 'bearer', identityToken: 'refresh-me' } })
    const { client } = talkTo({ CNB_REGISTRY_AUTH: JSON.stringify({ [registry.host]: 'X-Identity refresh-me' }) })
    expect(await remoteStore(client, registry.host, 'acme/bp').put(someLayer(10))).toBe('uploaded')
    expect(lines(registry.tokenRequests)).toEqual(['POST /token 200'])
  })

  it('is not asked where a registry token is there already', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } })
    const { client } = talkTo({ CNB_REGISTRY_AUTH: JSON.stringify({ [registry.host]: 'Bearer given' }) })
    await expect(remoteStore(client, registry.host, 'acme/bp').has(someLayer(1).descriptor)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    expect(registry.requests.at(-1)?.headers['authorization']).toBe('Bearer given')
    expect(registry.tokenRequests).toEqual([])
  })

  it('that refuses the credentials is an error with their source and its words', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } })
    const { client } = talkTo(loginEnv(registry.host, 'ann:wrong'))
    await expect(remoteStore(client, registry.host, 'acme/bp').resolve('1')).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/^get a token from "127.*": GET http:.*&scope=repository:acme\/bp:pull: status 401 Unauthorized: UNAUTHORIZED: inc/) as string,
      hint: `the credentials are from CNB_REGISTRY_AUTH for ${registry.host}`,
    })
  })

  it('that grants too little ends in an error after one more token', async () => {
    const registry = await start({ auth: { kind: 'bearer', users, granted: { 'acme/bp': ['pull'] } } })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    await expect(remoteStore(client, registry.host, 'acme/bp').put(someLayer(10))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('status 401') as string,
    })
    expect(registry.tokenRequests).toHaveLength(2)
  })

  it('is tried again where it is out of order', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } })
    registry.fail({ path: /^\/token/, strike: answer(503) })
    const { client, waits } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    expect(await remoteStore(client, registry.host, 'acme/bp').put(someLayer(10))).toBe('uploaded')
    expect(waits).toEqual([500])
  })

  it.each([
    ['no JSON', 'secret'],
    ['no token', '{"tokens":"secret"}'],
    ['a token that would end the header', '{"token":"secret\\r\\nX-Evil: 1"}'],
    ['a token without end', `{"token":"secret${'a'.repeat(2_000_000)}"}`],
  ])('that answers with %s is refused', async (_, body) => {
    const registry = await start({ auth: { kind: 'bearer', users } })
    registry.fail({ path: /^\/token/, strike: answer(200, {}, body) })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    const found = remoteStore(client, registry.host, 'acme/bp').resolve('1')
    await expect(found).rejects.toMatchObject({ code: 'REGISTRY', message: expect.stringContaining('"token" or "access_token"') as string })
    await expect(found).rejects.not.toThrow(/secret|Evil/)
  })

  it('that is not there is not taken for an image that is not there', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } })
    registry.fail({ path: /^\/token/, strike: answer(404) })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    await expect(remoteStore(client, registry.host, 'acme/bp').resolve('1')).rejects.toMatchObject({ code: 'REGISTRY' })
  })

  it('asks for the scopes of the challenge as well as our own', async () => {
    const registry = await start({ auth: { kind: 'bearer', users } })
    const challenge = `Bearer realm="${registry.url}/nowhere",service="other",scope="repository:acme/extra:pull repository:acme/bp:delete"`
    registry.fail({ method: 'HEAD', path: /blobs/, strike: refuse(401, 'UNAUTHORIZED', 'more', { 'www-authenticate': challenge }) })
    registry.fail({ path: /^\/nowhere/, strike: answer(200, {}, '{"token":"abc"}') })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    await expect(remoteStore(client, registry.host, 'acme/bp').put(someLayer(10))).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    const asked = registry.requests.find(({ path }) => path.startsWith('/nowhere'))
    const scopes = 'scope=repository:acme/bp:delete,pull,push&scope=repository:acme/extra:pull'
    expect(decodeURIComponent(asked?.path ?? '')).toBe(`/nowhere?service=other&${scopes}`)
  })
})

describe('a ping', () => {
  it.each([404, 405])('by HEAD that is answered with %s is sent again by GET, whose challenge counts', async (status) => {
    const registry = await start({ auth: { kind: 'basic', users } })
    registry.fail({ method: 'HEAD', path: /^\/v2\/$/, strike: answer(status) })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    expect(await remoteStore(client, registry.host, 'acme/bp').put(someLayer(10))).toBe('uploaded')
    expect(lines(registry.requests).slice(0, 3)).toEqual([`HEAD /v2/ ${status}`, 'GET /v2/ 401', 'HEAD /v2/acme/bp/blobs/DIGEST 404'])
  })
})

describe('a ping that leads elsewhere', () => {
  const thief = 'Bearer realm="REALM/token",service="x"'

  it.each([['Basic', 'Basic realm="r"'], ['Bearer', thief]])('names nobody who gets credentials: a %s challenge of another origin is not taken', async (_, challenge) => {
    const other = await start({})
    other.fail({ path: /^\/elsewhere/, times: 99, strike: answer(401, { 'www-authenticate': challenge.replace('REALM', other.url) }) })
    const registry = await start({})
    registry.fail({ path: /^\/v2\/$/, times: 99, strike: answer(307, { location: `${other.url}/elsewhere` }) })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    const layer = someLayer(10)
    expect(await remoteStore(client, registry.host, 'acme/bp').put(layer)).toBe('uploaded')
    expect(other.requests.map(({ path }) => path)).not.toContain('/token')
    expect([...other.requests, ...registry.requests].map(({ headers }) => headers['authorization'])).toEqual(
      Array.from({ length: other.requests.length + registry.requests.length }, () => undefined),
    )
  })

  it('within the registry is followed, and its challenge counts', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    registry.fail({ path: /^\/v2\/$/, strike: answer(308, { location: '/v2' }) })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    expect(await remoteStore(client, registry.host, 'acme/bp').put(someLayer(10))).toBe('uploaded')
    expect(lines(registry.requests).slice(0, 2)).toEqual(['HEAD /v2/ 308', 'HEAD /v2 401'])
  })
})

describe('a way in that is not spoken', () => {
  it('is named in the hint', async () => {
    const registry = await start({})
    registry.fail({ times: 10, strike: answer(401, { 'www-authenticate': 'Negotiate' }) })
    const { client } = talkTo(loginEnv(registry.host, 'ann:p:w'))
    await expect(remoteStore(client, registry.host, 'acme/bp').resolve('1')).rejects.toMatchObject({
      hint: expect.stringContaining('asks for negotiate') as string,
    })
  })
})
