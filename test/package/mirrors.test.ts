import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRegistry } from '../../src/inspect/open.ts'
import { parseReference } from '../../src/oci/reference.ts'
import type { PackageOptions } from '../../src/package/options.ts'
import type { ReadOutput } from '../support/read-back/output.ts'
import { readOutput } from '../support/read-back/registry.ts'
import { answer, refuse } from '../support/registry/faults.ts'
import type { RegistryOptions, TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Work } from './support/composite.ts'
import { component, composite, modulesOf, openWork, packageToml, refusal } from './support/composite.ts'

const targets = ['linux/amd64', 'linux/arm64']
let work: Work
let registry: TestRegistry
const closing: (() => Promise<void>)[] = []

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const started = await startRegistry(options)
  closing.push(() => started.close())
  return started
}

/** A registry that has what the composite depends on, below `prefix`. */
async function startMirror(prefix = '', options: RegistryOptions = {}): Promise<TestRegistry> {
  const plain = await start()
  await work.publish(plain, `${prefix}acme/hello:1`, 'hello', { targets })
  const { contents } = plain
  const mirror = await start(options)
  for (const [name, repository] of contents.repositories) mirror.contents.repositories.set(name, repository)
  return mirror
}

beforeEach(async () => {
  work = await openWork({ ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...component('hello', 'acme/hello@1') })
  registry = await start()
})

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
  await work[Symbol.asyncDispose]()
})

/** Publishes the composite to `registry`, with its dependency from `dependency`. */
async function publish(dependency: string, mirrors: readonly string[], rest: Partial<PackageOptions> = {}): Promise<ReadOutput> {
  await writeFile(join(work.path, 'package.toml'), packageToml('meta', [`docker://${dependency}`]))
  await work.run({ destination: 'registry', name: `${registry.host}/acme/meta:1`, config: 'package.toml', targets, registry: { mirrors }, ...rest })
  return readOutput(registry.host, 'acme/meta', '1')
}

const env = (more: Record<string, string> = {}): Pick<PackageOptions, 'env'> => ({ env: { HOME: join(work.path, '.home'), TMPDIR: join(work.path, '.temporary'), ...more } })
const header = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const both = ['acme/hello@1', 'acme/meta@1']

describe('an image dependency', () => {
  test('comes from where registries.conf has that one tag, with all that it holds; another tag from its own registry', async () => {
    const [own, mirror] = [await startMirror(), await startMirror('pinned/')]
    const repository = mirror.repository('pinned/acme/hello')
    const tagged = repository.tags.get('1') ?? ''
    repository.tags.set('old', tagged)
    const conf = join(work.path, 'registries.conf')
    await writeFile(conf, `[[registry]]\nprefix = "${own.host}/acme/hello:1"\nlocation = "${mirror.host}/pinned/acme/hello:old"\n`)
    own.repository('acme/hello').tags.set('2', own.repository('acme/hello').tags.get('1') ?? '')
    const before = own.requests.length
    expect(modulesOf(await publish(`${own.host}/acme/hello:1`, [], env({ CONTAINERS_REGISTRIES_CONF: conf })))).toEqual(both)
    expect(own.requests.length).toBe(before)
    expect(mirror.requests.map(({ path }) => path)).toContain('/v2/pinned/acme/hello/manifests/old')
    expect(modulesOf(await publish(`${own.host}/acme/hello:2`, [], env({ CONTAINERS_REGISTRIES_CONF: conf })))).toEqual(both)
    expect(own.requests.length).toBeGreaterThan(before)
  })

  test('is pulled from the mirror, and its registry is not spoken to', async () => {
    const mirror = await startMirror()
    const output = await publish('registry.invalid/acme/hello:1', [`registry.invalid=${mirror.host}`])
    expect([0, 1].map((image) => modulesOf(output, image))).toEqual([both, both])
    expect(new Set(mirror.requests.map(({ method }) => method))).toEqual(new Set(['HEAD', 'GET']))
  })

  test('may lie elsewhere in the mirror', async () => {
    const mirror = await startMirror('proxied/')
    const output = await publish('registry.invalid/acme/hello:1', [`registry.invalid=${mirror.host}/proxied`])
    expect(modulesOf(output)).toEqual(both)
  })

  test.each([
    ['lacks it', () => undefined],
    ['refuses it', (mirror: TestRegistry) => mirror.fail({ times: 99, path: /manifests/, strike: refuse(403, 'DENIED', 'no') })],
    ['is out of order', (mirror: TestRegistry) => mirror.fail({ times: 99, strike: answer(500) })],
  ])('is pulled from its registry where the mirror %s, which -v tells', async (_, breakIt) => {
    const [origin, mirror] = [await startMirror(), await start()]
    breakIt(mirror)
    const output = await publish(`${origin.host}/acme/hello:1`, [`${origin.host}=${mirror.host}`])
    expect(modulesOf(output)).toEqual(both)
    expect(mirror.requests.length).toBeGreaterThan(0)
    expect(work.events.flatMap((event) => (event.type === 'detail' ? [event.message] : []))).toContainEqual(expect.stringContaining(`the mirror ${mirror.host}/acme/hello is passed over: `))
  })

  test('whose name a mirror lacks is not asked for there piece by piece', async () => {
    const [origin, mirror] = [await startMirror(), await start()]
    await publish(`${origin.host}/acme/hello:1`, [`${origin.host}=${mirror.host}`])
    expect(mirror.requests.map(({ path }) => path)).toEqual(['/v2/', '/v2/acme/hello/manifests/1'])
  })

  test('that neither has is an error that names both', async () => {
    const [origin, mirror] = [await start(), await start()]
    const said = await refusal(publish(`${origin.host}/acme/hello:1`, [`${origin.host}=${mirror.host}`]))
    expect(said).toContain(`${origin.host}/acme/hello:1`)
    expect(said).toContain(`${mirror.host}/acme/hello:1`)
  })

  test('is not taken from a mirror that has other content under its digest', async () => {
    const [origin, mirror] = [await startMirror(), await startMirror()]
    const blobs = mirror.repository('acme/hello').blobs
    const copy = { blobs: new Map([...blobs].map(([digest, bytes]) => [digest, Buffer.alloc(bytes.length)])), manifests: new Map(mirror.repository('acme/hello').manifests), tags: new Map(mirror.repository('acme/hello').tags) }
    mirror.contents.repositories.set('acme/hello', copy)
    const output = await publish(`${origin.host}/acme/hello:1`, [`${origin.host}=${mirror.host}`])
    expect(modulesOf(output)).toEqual(both)
    expect(work.warnings()).toContainEqual(expect.stringMatching(/the mirror .* is passed over: .*sha256/))
  })
})

describe('a mirror', () => {
  test('gets its own credentials, and nobody else\'s', async () => {
    const mirror = await startMirror('', { auth: { kind: 'basic', users: { mia: 'mirror' } } })
    const origin = await start({ auth: { kind: 'basic', users: { ann: 'pw' } } })
    const auth = { [origin.host]: header('ann:pw'), [mirror.host]: header('mia:mirror') }
    await publish(`${origin.host}/acme/hello:1`, [`${origin.host}=${mirror.host}`], env({ CNB_REGISTRY_AUTH: JSON.stringify(auth) }))
    expect(new Set(mirror.requests.map(({ headers }) => headers['authorization']))).toEqual(new Set([undefined, header('mia:mirror')]))
    expect(origin.requests).toEqual([])
  })

  test('is not pushed to, nor asked what a tag stands for that is pushed', async () => {
    const mirror = await start()
    await work.publish(registry, 'acme/hello:1', 'hello', { targets, registry: { mirrors: [`${registry.host}=${mirror.host}`] } })
    await work.publish(registry, 'acme/hello:1', 'hello', { targets, append: true, registry: { mirrors: [`*=${mirror.host}`] } })
    expect(mirror.requests).toEqual([])
  })

  test('may be named in registries.conf, with the place of the registry itself', async () => {
    const [origin, mirror] = [await startMirror('moved/'), await start()]
    const conf = join(work.path, 'registries.conf')
    await writeFile(conf, `[[registry]]\nprefix = "registry.invalid"\nlocation = "${origin.host}/moved"\n[[registry.mirror]]\nlocation = "${mirror.host}"\n`)
    const output = await publish('registry.invalid/acme/hello:1', [], env({ CONTAINERS_REGISTRIES_CONF: conf }))
    expect(modulesOf(output)).toEqual(both)
    expect(mirror.requests.length).toBeGreaterThan(0)
  })

  test('that is wrongly written is a mistake of the command line, whether or not it would be asked', async () => {
    await expect(work.run({ path: 'hello', output: 'out.oci', registry: { mirrors: ['docker.io'] } })).rejects.toMatchObject({ code: 'USAGE' })
  })
})

test('what is inspected is read from the mirror too', async () => {
  const mirror = await startMirror()
  const registry = { mirrors: [`registry.invalid=${mirror.host}`] }
  const opened = await openRegistry(parseReference('registry.invalid/acme/hello:1'), { cwd: work.path, ...env(), registry })
  expect(opened.root?.digest).toBe(mirror.repository('acme/hello').tags.get('1'))
  await opened.close()
})

test('what registries.conf blocks is not pulled', async () => {
  const conf = join(work.path, 'registries.conf')
  await writeFile(conf, '[[registry]]\nlocation = "registry.invalid"\nblocked = true\n')
  expect(await refusal(publish('registry.invalid/acme/hello:1', [], env({ CONTAINERS_REGISTRIES_CONF: conf })))).toContain(`is blocked by ${conf}`)
})
