import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { remoteStore } from '../../src/stores/remote.ts'
import { answer, hang, reset, stall } from '../support/registry/faults.ts'
import { startProxy } from '../support/registry/proxy.ts'
import type { RegistryOptions, TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { someLayer, talk } from '../support/registry/talk.ts'

const pem = (name: string): string => new URL(`../support/registry/tls/${name}`, import.meta.url).pathname
const closing: (() => Promise<unknown>)[] = []
let folder = ''

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options)
  closing.push(() => registry.close())
  return registry
}

async function startTls(clientCa?: string): Promise<TestRegistry> {
  const [key, cert] = await Promise.all([readFile(pem('server.key'), 'utf8'), readFile(pem('server.crt'), 'utf8')])
  return start({ tls: { key, cert, ...(clientCa === undefined ? {} : { clientCa }) } })
}

/** Pushes one small blob. */
async function push(host: string, options: Parameters<typeof talk>[0] = {}): Promise<string> {
  const talking = talk({ homeDir: folder, ...options })
  closing.push(() => talking.client.close())
  return remoteStore(talking.client, host, 'acme/bp').put(someLayer(10))
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-'))
})

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
  await rm(folder, { recursive: true, force: true })
})

describe('a registry on this machine', () => {
  it.each(['127.0.0.1', '::1'])('that listens on %s alone is found as localhost, by whatever address that name comes first', async (address) => {
    const registry = await start({ address })
    expect(await push(`localhost:${new URL(registry.url).port}`)).toBe('uploaded')
    expect(registry.requests.length).toBeGreaterThan(0)
  })

  it('is spoken to without TLS, by IPv4, by IPv6 and by name', async () => {
    const four = await start()
    expect(await push(four.host)).toBe('uploaded')
    expect(await push(four.host.replace('127.0.0.1', 'localhost'))).toBe('uploaded')
    const six = await start({ address: '::1' })
    expect(await push(six.host)).toBe('uploaded')
  })

  it('is spoken to with TLS where it has it', async () => {
    const registry = await startTls()
    expect(await push(registry.host, { settings: { caFiles: [pem('ca.crt')] } })).toBe('uploaded')
  })

  it('with a certificate of nobody we know is refused, with the remedy, and not spoken to in the clear', async () => {
    const registry = await startTls()
    await expect(push(registry.host)).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/HEAD https:.*(unable to verify|self-signed)/) as string,
      hint: expect.stringContaining(`--ca-file FILE, or accept any with --skip-tls-verify ${registry.host}`) as string,
    })
  })

  it.each(['skipTlsVerify', 'insecure'] as const)('with such a certificate is accepted by %s for its host only', async (name) => {
    const registry = await startTls()
    expect(await push(registry.host, { settings: { [name]: [registry.host] } })).toBe('uploaded')
    await expect(push(registry.host, { settings: { [name]: ['other.example'] } })).rejects.toMatchObject({ code: 'NETWORK' })
  })

  it('is trusted by the authorities of a certs.d folder, and shown the client certificate there', async () => {
    const registry = await startTls(await readFile(pem('ca.crt'), 'utf8'))
    for (const root of ['.docker', '.config/containers']) {
      const host = join(folder, root, 'certs.d', registry.host)
      await mkdir(host, { recursive: true })
      await copyFile(pem('ca.crt'), join(host, 'ca.crt'))
      await copyFile(pem('client.crt'), join(host, 'me.cert'))
      await copyFile(pem('client.key'), join(host, 'me.key'))
      expect(await push(registry.host)).toBe('uploaded')
      await rm(host, { recursive: true })
    }
    await expect(push(registry.host, { settings: { caFiles: [pem('ca.crt')] } })).rejects.toMatchObject({ code: 'NETWORK' })
  })

  it('is trusted by SSL_CERT_FILE', async () => {
    const registry = await startTls()
    expect(await push(registry.host, { env: { SSL_CERT_FILE: pem('ca.crt') } })).toBe('uploaded')
  })

  it.each<[string, Uint8Array | undefined, string, string]>([
    ['missing', undefined, 'no such file', 'check the path'],
    ['empty', Buffer.of(), 'an empty file', 'a certificate in PEM begins with'],
    ['text', Buffer.from('hello'), 'no certificate in it', 'a certificate in PEM begins with'],
    ['a key', Buffer.from('-----BEGIN PRIVATE KEY-----\n'), 'a private key', 'a certificate in PEM begins with'],
    ['in DER', Buffer.of(0x30, 0x82, 1, 2), 'binary data, which may be a certificate in DER', 'openssl x509 -inform der -in '],
  ])('with a --ca-file that is %s is not spoken to, and told what was found and wanted', async (_, bytes, found, hint) => {
    const registry = await startTls()
    const file = join(folder, 'ca.pem')
    if (bytes !== undefined) await writeFile(file, bytes)
    await expect(push(registry.host, { settings: { caFiles: [file] } })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(`read --ca-file "${file}": got ${found}, want a file of certificates in PEM`) as string,
      hint: expect.stringContaining(hint) as string,
    })
  })

  it('with a --ca-file that is a folder, or a broken SSL_CERT_FILE, is not spoken to', async () => {
    const registry = await startTls()
    await expect(push(registry.host, { settings: { caFiles: [folder] } })).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('got a folder, want') as string })
    await expect(push(registry.host, { env: { SSL_CERT_FILE: join(folder, 'none') } })).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringContaining('read SSL_CERT_FILE') as string })
  })

  it('with TLS, spoken to in plain http alone, is told to be that', async () => {
    const registry = await startTls()
    await expect(push(registry.host, { settings: { plainHttp: [registry.host] } })).rejects.toMatchObject({
      code: 'NETWORK',
      hint: `where ${registry.host} speaks TLS, leave --plain-http out; --insecure ${registry.host} tries both`,
    })
  })

  it('that does not listen is an error after one try', async () => {
    // Another test may be given the port of a server that was closed; the first port of all is nobody's.
    const nobody = '127.0.0.1:1'
    const failing = talk()
    await expect(remoteStore(failing.client, nobody, 'acme/bp').resolve('1')).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/^look for manifest "127.*\/acme\/bp:1": HEAD http:.*connect ECONNREFUSED 127\.0\.0\.1:1$/) as string,
      hint: `nothing listens at ${nobody}; check the host and the port`,
    })
    expect(failing.waits).toEqual([])
    await failing.client.close()
  })
})

describe('another host', () => {
  it('is spoken to without TLS only where asked for', async () => {
    const registry = await start()
    const proxy = await startProxy(registry.host)
    closing.push(() => proxy.close())
    const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url }
    expect(await push('registry.example', { env, settings: { plainHttp: ['registry.example'] } })).toBe('uploaded')
    expect(proxy.requests[0]).toBe('HEAD http://registry.example/v2/')
    expect(await push('registry.example', { env, settings: { insecure: ['registry.example'] } })).toBe('uploaded')
    await expect(push('registry.example', { env })).rejects.toMatchObject({
      code: 'NETWORK',
      hint: 'where registry.example speaks plain http, say --plain-http registry.example',
    })
  })

  it('behind a proxy that does not listen is not said to be the one that is missing', async () => {
    await expect(push('registry.example', { env: { HTTPS_PROXY: 'http://127.0.0.1:1' } })).rejects.toMatchObject({
      code: 'NETWORK',
      hint: 'nothing listens at 127.0.0.1:1, the proxy to registry.example; check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY',
    })
  })

  it('is reached with TLS through a proxy, whose password goes to it alone', async () => {
    const registry = await startTls()
    const proxy = await startProxy(registry.host)
    closing.push(() => proxy.close())
    const env = { https_proxy: proxy.url.replace('http://', 'http://ann:pw@') }
    expect(await push('registry.example', { env, settings: { caFiles: [pem('ca.crt')] } })).toBe('uploaded')
    expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT registry.example:443']))
    expect(proxy.authorizations[0]).toBe(`Basic ${Buffer.from('ann:pw').toString('base64')}`)
    expect(registry.requests.every(({ headers }) => headers['proxy-authorization'] === undefined)).toBe(true)
  })

  it('is sent no credentials by a token service without TLS', async () => {
    const registry = await start({ auth: { kind: 'bearer', users: { ann: 'pw' }, realm: 'http://auth.example/token' } })
    const proxy = await startProxy(registry.host)
    closing.push(() => proxy.close())
    const env = { http_proxy: proxy.url, CNB_REGISTRY_AUTH: '{"registry.example":"Basic YW5uOnB3"}' }
    await expect(push('registry.example', { env, settings: { plainHttp: ['registry.example'] } })).rejects.toMatchObject({
      message: expect.stringContaining('the token service http://auth.example/token, want a token service over https') as string,
      hint: '--plain-http auth.example allows it',
    })
    expect(proxy.requests.some((line) => line.includes('auth.example'))).toBe(false)
  })

  it('does not make us talk to a token service on this machine', async () => {
    const registry = await start({ auth: { kind: 'bearer', anonymousPull: true } })
    const proxy = await startProxy(registry.host)
    closing.push(() => proxy.close())
    const pushed = push('registry.example', { env: { http_proxy: proxy.url }, settings: { plainHttp: ['registry.example'] } })
    await expect(pushed).rejects.toThrow(/the token service http:\/\/127/)
    expect(registry.tokenRequests).toEqual([])
  })
})

describe('a connection', () => {
  it('that is reset is made again', async () => {
    const registry = await start()
    registry.fail({ method: 'HEAD', path: /blobs/, strike: reset(), times: 2 })
    expect(await push(registry.host)).toBe('uploaded')
  })

  it('that never answers is given up, and tried again', async () => {
    const registry = await start()
    registry.fail({ method: 'HEAD', path: /blobs/, strike: hang() })
    expect(await push(registry.host, { timeouts: { headersMs: 500 } })).toBe('uploaded')
  })

  it('that is silent each time is an error that says so', async () => {
    const registry = await start()
    registry.fail({ method: 'PUT', strike: hang(), times: 9 })
    await expect(push(registry.host, { timeouts: { storedMs: 500 }, maxTries: 2 })).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/PUT .*no answer in time \(UND_ERR_HEADERS_TIMEOUT\) \(2 tries\)$/) as string,
    })
  })

  it('whose error body never ends costs no more than its status', async () => {
    const registry = await start()
    registry.fail({ method: 'POST', strike: answer(403, {}, 'x'.repeat(5_000_000)) })
    const failure = push(registry.host)
    await expect(failure).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/status 403 Forbidden: x{200}\.\.\.$/) as string,
    })
  })

  it('whose error body stalls still tells its status', async () => {
    const registry = await start()
    registry.fail({ method: 'GET', strike: stall(3), times: 9 })
    const { client } = talk({ timeouts: { idleMs: 150 } })
    closing.push(() => client.close())
    const open = remoteStore(client, registry.host, 'acme/bp').open(someLayer(5).descriptor)
    await expect(open).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('status 404') as string })
  })

  it('to something that does not speak http is an error, not a hang', async () => {
    const sockets = new Set<{ destroy(): void }>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined).end('220 smtp.example ESMTP\r\n')
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    closing.push(() => new Promise((resolve) => server.close(resolve)))
    await expect(push(`127.0.0.1:${(server.address() as AddressInfo).port}`)).rejects.toMatchObject({ code: 'NETWORK' })
    for (const socket of sockets) socket.destroy()
  })
})
