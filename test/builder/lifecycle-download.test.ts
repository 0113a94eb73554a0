import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BuilderOptions } from '../../src/builder/options.ts'
import { tarBytes } from '../support/archives/tar-bytes.ts'
import type { Fault, LoggedRequest } from '../support/registry/faults.ts'
import { answer, cut, FaultScript } from '../support/registry/faults.ts'
import type { Listener } from '../support/registry/listener.ts'
import { listen } from '../support/registry/listener.ts'
import type { BuilderGround } from './support/ground.ts'
import { buildpack, modules, openBuilderGround } from './support/ground.ts'
import { elf, lifecycleMembers } from './support/lifecycles.ts'

const pem = (name: string): string => new URL(`../support/registry/tls/${name}`, import.meta.url).pathname
const archive = gzipSync(tarBytes(lifecycleMembers(elf(62))))
const sha256 = createHash('sha256').update(archive).digest('hex')
const released = '/releases/v0.21.0/lifecycle-v0.21.0+linux.x86-64.tgz'

/** A server of files over TLS, whose certificate `--ca-file` names. */
interface FileServer extends Listener {
  readonly requests: LoggedRequest[]
  fail(fault: Fault): void
}

let servers: FileServer[]
let ground: BuilderGround

async function start(): Promise<FileServer> {
  const requests: LoggedRequest[] = []
  const faults = new FaultScript()
  const tls = { key: await readFile(pem('server.key'), 'utf8'), cert: await readFile(pem('server.crt'), 'utf8') }
  const listener = await listen({ address: '127.0.0.1', log: requests, faults, tls }, () => ({ status: 200, body: archive, headers: { 'content-type': 'application/octet-stream' } }))
  const server = { ...listener, requests, fail: (fault: Fault) => faults.add(fault) }
  servers.push(server)
  return server
}

let releases: FileServer
let storage: FileServer

beforeEach(async () => {
  servers = []
  ;[releases, storage] = [await start(), await start()]
  ground = await openBuilderGround(`${modules('acme/hello')}[build]\nimage = "HOST/acme/build:1"\n[[run.images]]\nimage = "HOST/acme/run:1"\n`, buildpack('acme/hello', '1.0.0'))
})

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()))
  await ground[Symbol.asyncDispose]()
})

const template = (suffix = ''): string => `${releases.url}/releases/v{version}/lifecycle-v{version}+{os}.{arch}.tgz${suffix}`

function options(suffix = ''): Partial<BuilderOptions> {
  return { targets: ['linux/amd64'], lifecycleTemplate: template(suffix), registry: { caFiles: [pem('ca.crt')] } }
}

/** What the run says, and that it left nothing behind. */
async function refusal(suffix = ''): Promise<string> {
  const said = await ground.refusal(options(suffix))
  expect(await readdir(`${ground.tree.path}/temporary`)).toEqual([])
  expect(ground.registry.contents.repositories.get('acme/builder')?.tags.size ?? 0).toBe(0)
  return said.replaceAll(releases.host, 'RELEASES').replaceAll(storage.host, 'STORAGE')
}

describe('a release of the lifecycle', () => {
  test('comes from another host, by a redirect with a signed query, once for all targets of one architecture', async () => {
    releases.fail({ strike: answer(302, { location: `${storage.url}/objects/1?X-Sig=a%2Bb&response-content-disposition=attachment%3B%20filename%3Dl.tgz` }) })
    await ground.run(options())
    expect(releases.requests.map(({ path }) => path)).toEqual([released])
    expect(storage.requests.map(({ path }) => path)).toEqual(['/objects/1?X-Sig=a%2Bb&response-content-disposition=attachment%3B%20filename%3Dl.tgz'])
    expect(ground.warnings()).toEqual([])
  })

  test('may have a query in its template, and the digest of its bytes behind that', async () => {
    await ground.run(options(`?token=x#sha256=${sha256}`))
    expect(releases.requests.map(({ path }) => path)).toEqual([`${released}?token=x`])
  })

  test('begins again where the connection breaks', async () => {
    releases.fail({ strike: cut(100) })
    await ground.run(options())
    expect(releases.requests).toHaveLength(2)
  })
})

describe('a release of the lifecycle is refused', () => {
  test('where a redirect leads to no TLS', async () => {
    releases.fail({ times: 99, strike: answer(302, { location: 'http://elsewhere.example/l.tgz?sig=secret' }) })
    const said = await refusal()
    expect(said).toContain('a Location without TLS: http://elsewhere.example/l.tgz?sig=REDACTED')
    expect(said).not.toContain('secret')
  })

  test('whose server is not trusted', async () => {
    expect(await ground.refusal({ ...options(), registry: {} })).toMatch(/^NETWORK .*certificate/)
  })

  test('that is not there', async () => {
    releases.fail({ times: 99, strike: answer(404, { 'content-type': 'text/html' }, '<html>Not Found') })
    expect(await refusal()).toMatch(/^NOT_FOUND .*https:\/\/RELEASES\/releases\/v0\.21\.0\/lifecycle-v0\.21\.0\+linux\.x86-64\.tgz.*404/)
  })

  test('of fewer bytes than its server says', async () => {
    releases.fail({ times: 99, strike: cut(100) })
    expect(await refusal()).toMatch(/^NETWORK download "https:\/\/RELEASES.*: GET https:\/\/RELEASES/)
  })

  test('of more bytes than its server says, which come as a cut archive', async () => {
    releases.fail({ times: 99, strike: { kind: 'rewrite', rewrite: (reply) => ({ ...reply, body: archive.subarray(0, -30) }) } })
    expect(await refusal()).toMatch(/^UNREADABLE .*https:\/\/RELEASES.*ends too early/)
  })

  test.each([
    ['a page that says to log in', '<!DOCTYPE html><html><title>Sign in</title></html>'],
    ['nothing', ''],
    ['a long text', 'Not Found\n'.repeat(500)],
  ])('that is %s', async (_, text) => {
    releases.fail({ times: 99, strike: answer(200, { 'content-type': 'text/html' }, text) })
    const said = await refusal()
    expect(said).toMatch(/^(?:UNREADABLE|UNSUPPORTED) .*https:\/\/RELEASES\/releases\/v0\.21\.0\/lifecycle-v0\.21\.0\+linux\.x86-64\.tgz/)
  })

  test('with other bytes than its template says, before anything in it is read', async () => {
    releases.fail({ times: 99, strike: answer(200, {}, '<html>') })
    expect(await refusal(`#sha256=${sha256}`)).toMatch(new RegExp(`^DIGEST_MISMATCH download lifecycle "https://RELEASES${released.replaceAll(/[.+]/g, '\\$&')}": got sha256 [0-9a-f]{64}, want ${sha256}`))
  })

  test('without what its address holds of secrets', async () => {
    releases.fail({ times: 99, strike: answer(200, {}, '<html>') })
    const address = new URL(template('?sig=hidden2').replaceAll(/[{}]/g, ''))
    address.username = 'ann'
    address.password = 'hidden1'
    const said = await ground.refusal({ ...options(), lifecycleTemplate: address.href })
    expect(said).toMatch(/read archive "https:.*tgz": got a web page/)
    expect(said).not.toMatch(/hidden|ann:/)
    expect(releases.requests[0]?.path).toContain('?sig=hidden2')
    expect(JSON.stringify(ground.events)).not.toMatch(/hidden/)
  })

  test('whose programs are of another machine than its name says', async () => {
    const other = gzipSync(tarBytes(lifecycleMembers(elf(183))))
    releases.fail({ times: 99, strike: { kind: 'rewrite', rewrite: (reply) => ({ ...reply, body: other }) } })
    expect(await refusal()).toContain('detector, a program for linux/arm64, want one for linux/amd64')
  })
})
