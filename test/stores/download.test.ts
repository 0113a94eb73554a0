import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { download } from '../../src/buildpacks/download.ts'
import type { PackagerError } from '../../src/errors.ts'
import type { Event } from '../../src/events.ts'
import type { DownloadOptions, Downloads } from '../../src/stores/download.ts'
import { openDownloads } from '../../src/stores/download.ts'
import type { Fault, LoggedRequest } from '../support/registry/faults.ts'
import { answer, cut, FaultScript, hang, reset, stall } from '../support/registry/faults.ts'
import type { Listener } from '../support/registry/listener.ts'
import { listen } from '../support/registry/listener.ts'
import { startProxy } from '../support/registry/proxy.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'

const pem = (name: string): string => new URL(`../support/registry/tls/${name}`, import.meta.url).pathname
const content = Buffer.alloc(300_000, 'bytes of an archive ')
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`

interface Server extends Listener {
  readonly requests: LoggedRequest[]
  fail(fault: Fault): void
}

const closing: (() => Promise<unknown>)[] = []
let tree: Tree
let server: Server
let events: Event[]

async function start(tls = false): Promise<Server> {
  const requests: LoggedRequest[] = []
  const faults = new FaultScript()
  const pair = tls ? { tls: { key: await readFile(pem('server.key'), 'utf8'), cert: await readFile(pem('server.crt'), 'utf8') } } : {}
  const listener = await listen({ address: '127.0.0.1', log: requests, faults, ...pair }, ({ path }) =>
    path.startsWith('/gone') ? { status: 404, body: Buffer.from('<html>not here'), headers: { 'content-type': 'text/html' } } : { status: 200, body: content },
  )
  closing.push(() => listener.close())
  return { ...listener, requests, fail: (fault) => faults.add(fault) }
}

function open(options: Partial<DownloadOptions> = {}): Downloads {
  const downloads = openDownloads({
    env: {},
    homeDir: '/nonexistent',
    settings: {},
    userAgent: 'bp-package/test',
    report: (event) => events.push(event),
    sleep: () => Promise.resolve(),
    random: () => 1,
    ...options,
  })
  closing.push(() => downloads.close())
  return downloads
}

const get = (path: string, options?: Partial<DownloadOptions>, most = 1_000_000) => open(options).file(new URL(path, server.url), join(tree.path, 'got'), most)
const failure = (path: string, options?: Partial<DownloadOptions>, most?: number): Promise<PackagerError> =>
  get(path, options, most).then(
    () => Promise.reject(new Error('it was taken')),
    (error: PackagerError) => error,
  )

function fetchArchive(path: string): Promise<string> {
  return download(new URL(path, server.url), tree.path, { downloads: open(), report: (event) => events.push(event) })
}

beforeEach(async () => {
  tree = await emptyTree()
  server = await start()
  events = []
})

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
  await tree.remove()
})

describe('a download', () => {
  it('writes a file, asks for the address with its query, and says who asks', async () => {
    expect(await get('/a/bp.tgz?sig=a%2Fb&x')).toEqual({ digest, size: content.length })
    expect((await readFile(join(tree.path, 'got'))).equals(content)).toBe(true)
    expect(server.requests).toMatchObject([{ method: 'GET', path: '/a/bp.tgz?sig=a%2Fb&x', status: 200 }])
    expect(server.requests[0]?.headers).toMatchObject({ 'user-agent': 'bp-package/test', 'accept-encoding': 'identity' })
  })

  it('follows redirects', async () => {
    const other = await start()
    server.fail({ path: /^\/one/, strike: answer(302, { location: '/two' }) })
    server.fail({ path: /^\/two/, strike: answer(307, { location: `${other.url}/three?sig=x` }) })
    expect(await get('/one')).toMatchObject({ digest })
    expect(other.requests.map(({ path }) => path)).toEqual(['/three?sig=x'])
  })

  it('does not follow them for ever', async () => {
    server.fail({ times: 99, strike: answer(302, { location: '/again' }) })
    expect((await failure('/x')).message).toMatch(/more than 6 redirects/)
    expect(server.requests).toHaveLength(7)
  })

  it('is not led from https to http', async () => {
    const tls = await start(true)
    tls.fail({ strike: answer(302, { location: 'http://other.example/bp.tgz?sig=secret' }) })
    const error = await failure(tls.url, { settings: { caFiles: [pem('ca.crt')] } })
    expect(error.message).toMatch(/a Location without TLS: http:\/\/other\.example\/bp\.tgz\?sig=REDACTED/)
    expect(await open({ settings: { caFiles: [pem('ca.crt')] } }).file(new URL(tls.url), join(tree.path, 'got'), 1e6)).toMatchObject({ digest })
  })

  it('trusts no certificate of nobody', async () => {
    const tls = await start(true)
    expect(await failure(tls.url)).toMatchObject({ code: 'NETWORK', hint: expect.stringContaining('--ca-file') as string })
  })

  it('sends user and password of the address to its own origin, and shows them to nobody', async () => {
    const other = await start()
    const url = new URL('/first', server.url)
    url.username = 'ann'
    url.password = 'p%40ss'
    server.fail({ path: /first/, strike: answer(302, { location: '/second' }) })
    server.fail({ path: /second/, strike: answer(302, { location: `${other.url}/third` }) })
    other.fail({ strike: answer(403, {}, 'no') })
    const error = await failure(url.href)
    const sent = [...server.requests, ...other.requests].map(({ headers }) => headers['authorization'])
    expect(sent).toEqual([...Array.from({ length: 2 }, () => `Basic ${Buffer.from('ann:p@ss').toString('base64')}`), undefined])
    expect(`${error.message} ${error.hint}`).not.toMatch(/ann|p%40ss|p@ss/)
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', hint: expect.stringContaining('only user and password in the address itself') as string })
  })

  it('goes through the proxy that the environment names', async () => {
    const proxy = await startProxy(server.host)
    closing.push(() => proxy.close())
    expect(await get('http://files.example/bp.tgz', { env: { HTTP_PROXY: proxy.url } })).toMatchObject({ digest })
    expect(proxy.requests).toEqual(['GET http://files.example/bp.tgz'])
  })
})

describe('a download that meets trouble', () => {
  it.each([
    ['an answer of 503', answer(503)],
    ['a connection that breaks', reset()],
    ['a body that breaks off', cut(100_000)],
  ])('tries again after %s, from the beginning', async (_, strike) => {
    server.fail({ times: 2, strike })
    expect(await get('/x')).toEqual({ digest, size: content.length })
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry'])
    expect((await readFile(join(tree.path, 'got'))).equals(content)).toBe(true)
  })

  it.each([
    ['never answers', hang(), { headersMs: 100 }, /no answer in time/],
    ['stops in the middle', stall(1000), { idleMs: 100 }, /the answer stopped half-way/],
  ])('does not wait for ever for a server that %s', async (_, strike, timeouts, message) => {
    server.fail({ times: 9, strike })
    const error = await failure('/x', { timeouts, maxTries: 2 })
    expect(error.code).toBe('NETWORK')
    expect(error.message).toMatch(message)
    expect(error.message).toContain('(2 tries)')
  })

  it('leaves no file behind, and says what came instead', async () => {
    const error = await failure('/gone?token=secret')
    expect(error.message).toBe(`download "${server.url}/gone?token=REDACTED": GET ${server.url}/gone?token=REDACTED: status 404 Not Found`)
    expect(error.code).toBe('NOT_FOUND')
    expect(await readdir(tree.path)).toEqual([])
  })

  it('stops at the size that is allowed, as soon as the server tells another', async () => {
    const error = await failure('/x', {}, 1000)
    expect(error.code).toBe('UNSUPPORTED')
    expect(error.message).toMatch(/300000 bytes, want at most 1000 bytes/)
    expect(server.requests).toHaveLength(1)
    expect(await readdir(tree.path)).toEqual([])
  })

  it('stops at the size that is allowed, where the server tells none', async () => {
    const endless = createServer((_, response) => {
      // A write to a connection that is gone may be answered before anything else has its turn, also the news that it is gone.
      const more = (): void => {
        if (!response.destroyed) response.write(content, () => setImmediate(more))
      }
      more()
    })
    await new Promise<void>((resolve) => {
      endless.listen(0, '127.0.0.1', resolve)
    })
    closing.push(async () => endless.close())
    const error = await failure(`http://127.0.0.1:${(endless.address() as AddressInfo).port}/`, {}, 1_000_000)
    expect(error.code).toBe('UNSUPPORTED')
    expect(error.message).toMatch(/more bytes than that, want at most 1000000 bytes/)
    expect(await readdir(tree.path)).toEqual([])
  })

  it('takes an answer for nothing but 200', async () => {
    server.fail({ strike: answer(206, {}, 'part') })
    expect((await failure('/x')).message).toContain('status 206')
  })

  it('stops when it is interrupted', async () => {
    const stop = new AbortController()
    server.fail({ strike: stall(1000) })
    const got = failure('/x', { signal: stop.signal })
    while ((await readdir(tree.path)).length === 0 || server.requests.length === 0) await new Promise(setImmediate)
    stop.abort()
    expect((await got).code).toBe('CANCELLED')
    expect(await readdir(tree.path)).toEqual([])
  })

  it('never writes over a file that is there', async () => {
    await writeFile(join(tree.path, 'got'), 'theirs')
    expect((await failure('/x')).code).toBe('SPOOL')
    expect(await readFile(join(tree.path, 'got'), 'utf8')).toBe('theirs')
    expect(server.requests).toEqual([])
  })
})

describe('a text', () => {
  it('is read, or undefined where there is none', async () => {
    const downloads = open()
    expect(await downloads.text(new URL('/index', server.url))).toBe(content.toString())
    expect(await downloads.text(new URL('/gone', server.url))).toBeUndefined()
  })

  it('is not read without end', async () => {
    await expect(open().text(new URL('/index', server.url), 1000)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

describe('an archive', () => {
  it.each([
    ['/releases/bp-v1.0+linux.tgz?sig=x', 'bp-v1.0+linux.tgz'],
    ['/', 'archive'],
    ['/..%2f..%2fetc/pass%00wd', 'pass_wd'],
    ['/%2e%2e%2fx', '___x'],
    ['/.hidden', 'hidden'],
    [`/${'x'.repeat(300)}.tgz`, `${'x'.repeat(96)}.tgz`],
  ])('of %s is a file %s in a folder of its own', async (path, name) => {
    const got = await fetchArchive(path)
    const [folder = ''] = await readdir(tree.path)
    expect(got).toBe(join(tree.path, folder, name))
    expect((await readFile(got)).equals(content)).toBe(true)
  })

  it('of the same name from elsewhere is another file', async () => {
    expect(await fetchArchive('/a/bp.tgz')).not.toBe(await fetchArchive('/b/bp.tgz'))
  })

  it('is reported with its digest, without what may be secret', async () => {
    await fetchArchive(`http://ann:pw@${server.host}/bp.tgz?token=secret`)
    expect(events).toEqual([{ type: 'step', message: `downloaded ${server.host}/bp.tgz: 300000 bytes, ${digest}` }])
  })

  it('over http from elsewhere comes with a warning, unless that was asked for', async () => {
    const proxy = await startProxy(server.host)
    closing.push(() => proxy.close())
    const url = new URL('http://files.example/bp.tgz')
    const report = (event: Event): unknown => events.push(event)
    const env = { http_proxy: proxy.url }
    await download(url, tree.path, { downloads: open({ env }), report })
    expect(events[0]).toEqual({ type: 'warning', message: 'files.example/bp.tgz is downloaded over http: what comes may be anything', hint: 'write https:// in its uri, or allow it with --plain-http files.example' })
    events = []
    await download(url, tree.path, { downloads: open({ env, settings: { plainHttp: ['files.example'] } }), report })
    expect(events.map(({ type }) => type)).toEqual(['step'])
  })
})
