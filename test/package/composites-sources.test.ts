import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PackageOptions } from '../../src/package/options.ts'
import type { ReadOutput } from '../support/read-back/output.ts'
import type { Reply } from '../support/registry/faults.ts'
import { FaultScript } from '../support/registry/faults.ts'
import type { Listener } from '../support/registry/listener.ts'
import { listen } from '../support/registry/listener.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { tgzOf, tgzOfFolder } from './support/archives.ts'
import type { Work } from './support/composite.ts'
import { composite, filesOf, openWork, packageToml, refusal, rooted } from './support/composite.ts'

const targets = ['linux/amd64', 'linux/arm64']
const hello = rooted('hello', 'acme/hello@1', targets)
const files = { ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...hello }

let registry: TestRegistry
let work: Work
/** What a folder gives: all that follows has to come to the same. */
let wanted: ReadOutput

beforeAll(async () => {
  registry = await startRegistry()
  work = await openWork(files)
  wanted = await publishMeta('hello')
})

afterAll(async () => {
  await work[Symbol.asyncDispose]()
  await registry.close()
})

let count = 0

/** Publishes the composite of what `dependency` names, for both targets. */
async function publishMeta(dependency: string, options: Partial<PackageOptions> = {}): Promise<ReadOutput> {
  await writeFile(join(work.path, 'package.toml'), packageToml('meta', [dependency]))
  count += 1
  return work.publish(registry, `meta-${count}:1`, 'package.toml', { targets, ...options })
}

function expectSame(output: ReadOutput): void {
  expect(output.images.map((image) => image.diff_ids)).toEqual(wanted.images.map((image) => image.diff_ids))
  expect(output.images.map(({ labels }) => labels)).toEqual(wanted.images.map(({ labels }) => labels))
}

/** An archive's entries keep their own order, so its layers are others. */
function expectSameFiles(output: ReadOutput): void {
  for (const image of [0, 1]) expect([...filesOf(output, image)].sort()).toEqual([...filesOf(wanted, image)].sort())
}

async function place(path: string, bytes: Buffer): Promise<string> {
  await mkdir(dirname(join(work.path, path)), { recursive: true })
  await writeFile(join(work.path, path), bytes)
  return path
}

describe('a dependency of this machine', () => {
  test('gives each target its own files, and the same layers from wherever it comes', () => {
    expect([0, 1].map((image) => filesOf(wanted, image).filter((file) => file.endsWith('.txt')))).toEqual([['acme_hello/1/linux-amd64.txt'], ['acme_hello/1/linux-arm64.txt']])
  })

  test.each(['./hello', './meta/../hello/', 'file:hello', 'file://hello'])('may be a folder: %s', async (uri) => {
    expectSame(await publishMeta(uri))
  })

  test('may be a folder by its whole path', async () => {
    expectSame(await publishMeta(`file://${join(work.path, 'hello')}`))
    expectSame(await publishMeta(join(work.path, 'hello')))
  })

  test.each(['archives/hello.tgz', 'archives/hello.tar', 'archives/without-ending'])('may be an archive whose inside has the folders of platforms: %s', async (path) => {
    expectSameFiles(await publishMeta(await place(path, tgzOf(hello, 'hello/'))))
  })

  test('may be a layout folder, with the index of all targets', async () => {
    await work.run({ path: 'hello', output: 'hello.oci' })
    expectSame(await publishMeta('hello.oci'))
  })

  test('may be a layout in a tgz', async () => {
    await work.run({ path: 'hello', output: 'packed.oci' })
    expectSame(await publishMeta(await place('packed.tgz', await tgzOfFolder(join(work.path, 'packed.oci')))))
  })

  test('may be a .cnb of all targets, whatever it is called and whether or not it is compressed', async () => {
    await work.run({ path: 'hello', destination: 'file', singleFile: true, output: 'hello.cnb' })
    expectSame(await publishMeta('hello.cnb'))
    const bytes = await readFile(join(work.path, 'hello.cnb'))
    expectSame(await publishMeta(await place('renamed.tar', bytes)))
    expectSame(await publishMeta(await place('compressed.tgz', gzipSync(bytes))))
  })

  test('may be a .cnb for each target, each left out elsewhere', async () => {
    await work.run({ path: 'hello', destination: 'file', output: 'each.cnb' })
    const uris = ['each-linux-amd64.cnb', 'each-linux-arm64.cnb']
    await writeFile(join(work.path, 'each.toml'), packageToml('meta', uris))
    const entries = uris.map((uri, at) => `[[dependencies]]\nuri = "${uri}"\nplatforms = ["${targets[at]}"]\n`)
    await writeFile(join(work.path, 'bp-package.toml'), entries.join(''))
    const output = await work.publish(registry, 'each:1', 'each.toml', { targets })
    await rename(join(work.path, 'bp-package.toml'), join(work.path, 'not-read.toml'))
    expectSame(output)
  })

  test('that is not there is an error with the place in package.toml', async () => {
    expect(await refusal(publishMeta('./nothing.tgz'))).toMatch(/package\.toml:3:1: dependencies\[0\]: .*"\.\/nothing\.tgz".*no such file or folder/)
  })

  test('that is an archive which must not be read is refused for what is wrong with it as a buildpack', async () => {
    expect(await refusal(publishMeta(await place('rooted.tgz', tgzOf({ 'buildpack.toml': '', '/../etc/passwd': '' }))))).toMatch(/leaves the archive by "\.\."/)
  })
})

describe('a dependency at an address', () => {
  const archive = tgzOf(hello, 'hello/')
  let cnb: Buffer
  let server: Listener
  const log: { path: string }[] = []

  beforeAll(async () => {
    await work.run({ path: 'hello', destination: 'file', singleFile: true, output: 'served.cnb' })
    cnb = await readFile(join(work.path, 'served.cnb'))
    const faults = new FaultScript()
    server = await listen({ address: '127.0.0.1', log: log as never, faults }, ({ path }): Reply => {
      const url = new URL(path, 'http://server')
      if (url.pathname === '/moved') return { status: 302, headers: { location: '/files/hello.tgz?signed=yes' } }
      if (url.pathname === '/files/hello.tgz' && url.search === '?signed=yes') return { status: 200, body: archive }
      if (url.pathname === '/package') return { status: 200, body: cnb }
      return { status: 404 }
    })
  })

  afterAll(async () => {
    await server.close()
  })

  test('may be an archive, with a query', async () => {
    expectSameFiles(await publishMeta(`${server.url}/files/hello.tgz?signed=yes`))
  })

  test('may be one behind a redirect', async () => {
    expectSameFiles(await publishMeta(`${server.url}/moved`))
    expect(log.slice(-2).map(({ path }) => path)).toEqual(['/moved', '/files/hello.tgz?signed=yes'])
  })

  test('may be a .cnb whose address does not say so', async () => {
    expectSame(await publishMeta(`${server.url}/package`))
  })

  test('that is not there is an error with the place in package.toml', async () => {
    expect(await refusal(publishMeta(`${server.url}/files/hello.tgz`))).toMatch(/package\.toml:3:1: dependencies\[0\]: .*404/)
  })

  test('that is not there is no mistake in package.toml, and neither are two of them', async () => {
    await writeFile(join(work.path, 'package.toml'), packageToml('meta', [`${server.url}/gone`, `${server.url}/lost`]))
    await expect(work.publish(registry, 'gone:1', 'package.toml', { targets })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'open the dependencies: 2 problems',
      problems: [{ key: 'dependencies[0]' }, { key: 'dependencies[1]' }],
    })
  })
})

const lines = (address: string): string =>
  [
    { version: '0.9.0', yanked: false, addr: address },
    { version: '1.0.0', yanked: false, addr: address },
    { version: '2.0.0', yanked: true, addr: address },
  ]
    .map((line) => `${JSON.stringify({ ns: 'acme', name: 'hello', ...line })}\n`)
    .join('')

describe('a dependency of a buildpack registry', () => {
  beforeAll(async () => {
    const { digest } = await work.publish(registry, 'hello:1', 'hello')
    await place('index/he/ll/acme_hello', Buffer.from(lines(`${registry.host}/hello@${digest}`)))
  })

  test.each(['urn:cnb:registry:acme/hello@1.0.0', 'urn:cnb:registry:acme/hello', 'acme/hello@1.0.0', 'acme/hello'])('is looked up in the index: %s', async (uri) => {
    expectSame(await publishMeta(uri, { registryIndex: 'index' }))
  })

  test.each([
    ['acme/hello@2.0.0', /a version that was yanked in the registry index .*\nthere is 1\.0\.0, 0\.9\.0/],
    ['acme/hello@3.0.0', /no such version in the registry index .*\nthere is 1\.0\.0, 0\.9\.0/],
    ['urn:cnb:registry:acme/world', /no such buildpack in the registry index/],
  ])('that is not to be had is an error which lists what there is: %s', async (uri, pattern) => {
    const text = await refusal(publishMeta(uri, { registryIndex: 'index' }))
    expect(text).toMatch(pattern)
    expect(text).toMatch(/package\.toml:3:1: dependencies\[0\]/)
  })
})

test.each([
  ['from=builder:acme/hello', /a buildpack of a builder/],
  ['libcnb:acme/hello', /a reference that only libcnb understands/],
  ['git://example.com/x', /the scheme "git:"/],
])('a dependency that nobody here can open is refused for what it is: %s', async (uri, pattern) => {
  expect(await refusal(publishMeta(uri))).toMatch(pattern)
})
