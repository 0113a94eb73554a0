import { afterEach, describe, expect, it } from 'vitest'
import { buffer } from 'node:stream/consumers'
import { locate } from '../../src/registry/redirect.ts'
import { remoteStore } from '../../src/stores/remote.ts'
import { answer, withHeaders } from '../support/registry/faults.ts'
import type { RegistryOptions, TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { lines, loginEnv, someLayer, talk } from '../support/registry/talk.ts'

const closing: (() => Promise<void>)[] = []
const users = { ann: 'pw' }

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options)
  closing.push(() => registry.close())
  return registry
}

function storeOf(registry: TestRegistry): ReturnType<typeof remoteStore> {
  const { client } = talk({ env: loginEnv(registry.host, 'ann:pw') })
  closing.push(() => client.close())
  return remoteStore(client, registry.host, 'acme/bp')
}

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

describe('a redirect', () => {
  it('of a blob to a storage of another origin is followed without credentials', async () => {
    const registry = await start({ auth: { kind: 'bearer', users }, elsewhere: true })
    const bytes = Buffer.from('content')
    const blob = registry.addBlob('acme/bp', bytes)
    const read = await buffer(await storeOf(registry).open({ mediaType: 'application/octet-stream', ...blob }))
    expect(read.equals(bytes)).toBe(true)
    expect(registry.requests.at(-1)?.headers['authorization']).toMatch(/^Bearer /)
    expect(registry.storageRequests).toMatchObject([{ method: 'GET', status: 200 }])
    expect(registry.storageRequests[0]?.headers['authorization']).toBeUndefined()
  })

  it('within the origin keeps the credentials', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    const blob = registry.addBlob('acme/real', Buffer.from('content'))
    registry.fail({ method: 'GET', path: /acme\/bp/, strike: answer(308, { location: `/v2/acme/real/blobs/${blob.digest}` }) })
    const read = await buffer(await storeOf(registry).open({ mediaType: 'application/octet-stream', ...blob }))
    expect(read.toString()).toBe('content')
    expect(lines(registry.requests).slice(-2)).toEqual(['GET /v2/acme/bp/blobs/DIGEST 308', 'GET /v2/acme/real/blobs/DIGEST 200'])
  })

  it('that comes back from another origin does not bring the credentials back', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    const other = await start()
    registry.fail({ method: 'GET', path: /acme\/bp/, strike: answer(307, { location: `${other.url}/hop` }) })
    other.fail({ strike: answer(302, { location: `${registry.url}/v2/acme/bp/manifests/1` }) })
    await expect(storeOf(registry).open(someLayer(1).descriptor)).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    expect(other.requests[0]?.headers['authorization']).toBeUndefined()
    const back = registry.requests.filter(({ path }) => path === '/v2/acme/bp/manifests/1')
    expect(back.map(({ headers }) => headers['authorization'])).not.toHaveLength(0)
    expect(back[0]?.headers['authorization']).toBeUndefined()
  })

  it.each([
    ['for ever', '/v2/acme/bp/manifests/1', /more than 6 redirects/],
    ['to a file', 'file:///etc/passwd', /a Location with the scheme "file:"/],
    ['to nowhere', 'http://', /a Location that is no URL/],
  ])('%s is refused', async (_, location, message) => {
    const registry = await start()
    registry.fail({ method: 'HEAD', path: /manifests/, times: 100, strike: answer(302, { location }) })
    await expect(storeOf(registry).resolve('1')).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringMatching(message) as string,
    })
  })

  it('of a token service takes no credentials along, and one of a refresh token is not followed at all', async () => {
    const other = await start()
    other.fail({ times: 9, strike: answer(200, {}, '{"token":"x"}') })
    const registry = await start({ auth: { kind: 'bearer', users } })
    registry.fail({ path: /^\/token/, times: 9, strike: answer(307, { location: `${other.url}/token` }) })
    await expect(storeOf(registry).resolve('1')).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
    expect(other.requests[0]).toMatchObject({ path: '/token', method: 'GET' })
    expect(other.requests[0]?.headers['authorization']).toBeUndefined()
    const { client } = talk({ env: { CNB_REGISTRY_AUTH: JSON.stringify({ [registry.host]: 'X-Identity secret' }) } })
    closing.push(() => client.close())
    const seen = other.requests.length
    await expect(remoteStore(client, registry.host, 'acme/bp').resolve('1')).rejects.toMatchObject({
      message: expect.stringContaining('status 307') as string,
    })
    expect(other.requests).toHaveLength(seen)
  })
})

describe('the Location of an upload', () => {
  it('at another origin is used without credentials', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    const storage = await start()
    registry.fail({ method: 'POST', strike: withHeaders({ location: `${storage.url}/put-here?sig=secret` }) })
    storage.fail({ times: 9, strike: answer(400, {}, 'no') })
    await expect(storeOf(registry).put(someLayer(10))).rejects.toThrow(/PUT http:.*\/put-here\?sig=REDACTED&digest=sha256:.*status 400/)
    expect(storage.requests[0]).toMatchObject({ method: 'PUT', bytes: 10 })
    expect(storage.requests[0]?.headers['authorization']).toBeUndefined()
  })

  it('at another origin that refuses is told as that, and not as a login that lacks', async () => {
    const registry = await start({ auth: { kind: 'basic', users } })
    const storage = await start()
    registry.fail({ method: 'POST', strike: withHeaders({ location: `${storage.url}/put-here` }) })
    storage.fail({ times: 9, strike: answer(403) })
    await expect(storeOf(registry).put(someLayer(10))).rejects.toMatchObject({ code: 'UNAUTHORIZED', hint: `${registry.host} leads to ${storage.host}, which is given no credentials` })
  })

  it('that leads nowhere is told with the request that it answers', async () => {
    const registry = await start()
    registry.fail({ method: 'POST', times: 1, strike: answer(202, { location: 'javascript:alert(1)' }) })
    await expect(storeOf(registry).put(someLayer(10))).rejects.toThrow(/POST http:\/\/127.*\/blobs\/uploads\/: the answer has a Location with the scheme "javascript:"$/)
  })

  const from = { method: 'POST', url: new URL('https://registry.example/v2/a/blobs/uploads/') } as const

  it.each([
    ['/v2/x?a=%3D', 'https://registry.example/v2/x?a=%3D'],
    ['x', 'https://registry.example/v2/a/blobs/uploads/x'],
    ['https://other.example/x', 'https://other.example/x'],
    ['https://ann:pw@other.example/x#f', 'https://other.example/x'],
    ['http://registry.example/x?y', 'https://registry.example/x?y'],
  ])('%s is %s', (location, expected) => {
    expect(locate(from, location, {}).href).toBe(expected)
  })

  it('never gives TLS up, unless asked to', () => {
    expect(() => locate(from, 'http://other.example/x?sig=s', {})).toThrow(/^POST https:\/\/registry\.example\/v2\/a\/blobs\/uploads\/: the answer has a Location without TLS: http:\/\/other\.example\/x\?sig=REDACTED/)
    expect(locate(from, 'http://other.example/x', { plainHttp: ['other.example'] }).href).toBe('http://other.example/x')
  })
})
