import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PackageOptions } from '../../src/package/options.ts'
import { readOutput } from '../support/read-back/registry.ts'
import type { LoggedRequest } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Ground } from './support/ground.ts'
import { eventsOf, openGround, separate } from './support/ground.ts'

let ground: Ground
let registry: TestRegistry

beforeEach(async () => {
  ground = await openGround(separate)
  registry = await startRegistry()
})

afterEach(async () => {
  await registry.close()
  await ground.tree.remove()
})

function published(rest: Partial<PackageOptions> = {}): ReturnType<Ground['run']> {
  return ground.run({ destination: 'registry', name: `${registry.host}/acme/hello:1`, ...rest })
}

/** `PUT manifest 1`, `POST upload`: what was asked for, without the numbers. */
function told({ method, path }: LoggedRequest): string {
  const manifest = /\/manifests\/(.+)$/.exec(path)?.[1]
  if (manifest !== undefined) return `${method} manifest ${manifest.startsWith('sha256:') ? 'by digest' : manifest}`
  return `${method} ${path.includes('/uploads/') ? 'upload' : path.includes('/blobs/') ? 'blob' : path}`
}

function puts(): string[] {
  return registry.requests.filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/')).map(told)
}

describe('a publish', () => {
  test('sends blobs, then images by digest, then the index once by its name', async () => {
    const result = await published()
    const output = await readOutput(registry.host, 'acme/hello', '1')
    expect(output.digest).toBe(result.digest)
    expect(output.kind).toBe('index')
    expect(output.images.map((image) => image.config.architecture)).toEqual(['amd64', 'arm64'])
    expect(new Set(output.mediaTypes)).toEqual(new Set(['index.v1+json', 'manifest.v1+json', 'config.v1+json', 'layer.v1.tar+gzip'].map((type) => `application/vnd.oci.image.${type}`)))
    expect(puts()).toEqual(['PUT manifest by digest', 'PUT manifest by digest', 'PUT manifest 1'])
    const order = registry.requests.map(told)
    expect(order.lastIndexOf('PUT upload')).toBeLessThan(order.indexOf('PUT manifest by digest'))
    expect([...registry.repository('acme/hello').tags.keys()]).toEqual(['1'])
  })

  test('says of each layer that it was uploaded, and under which name', async () => {
    const result = await published()
    expect(result).toMatchObject({ name: `${registry.host}/acme/hello:1`, tags: [`${registry.host}/acme/hello:1`], destination: 'registry' })
    expect(result).not.toHaveProperty('path')
    expect(result.images.map((image) => [image.name, image.layers.map((layer) => layer.status)])).toEqual([
      [`${registry.host}/acme/hello`, ['uploaded']],
      [`${registry.host}/acme/hello`, ['uploaded']],
    ])
    expect(eventsOf(ground, 'tagged').map(({ name, status }) => [name, status])).toEqual([[`${registry.host}/acme/hello:1`, 'uploaded']])
    expect(await readdir(ground.temporary)).toEqual([])
  })

  test('of one target is one image by its name', async () => {
    const result = await published({ targets: ['linux/arm64'] })
    expect(puts()).toEqual(['PUT manifest 1'])
    expect((await readOutput(registry.host, 'acme/hello', '1')).digest).toBe(result.images[0]?.digest)
  })

  test('is the same package as the one in a layout', async () => {
    const { digest } = await ground.run()
    expect((await published()).digest).toBe(digest)
  })
})

describe('a second publish', () => {
  test('of the same sends nothing that writes, and says so', async () => {
    await published()
    const before = registry.requests.length
    const second = await published({ cache: true })
    expect(new Set(registry.requests.slice(before).map(({ method }) => method))).toEqual(new Set(['HEAD']))
    expect(second.images.flatMap((image) => image.layers.map((layer) => layer.status))).toEqual(['present', 'present'])
    expect(eventsOf(ground, 'tagged').map(({ status }) => status)).toEqual(['uploaded', 'present'])
  })

  test('of something else under the same name moves the tag in one step', async () => {
    const first = await published()
    const second = await published({ labels: ['a=b'] })
    expect(second.digest).not.toBe(first.digest)
    expect(registry.repository('acme/hello').tags.get('1')).toBe(second.digest)
    expect(second.images.flatMap((image) => image.layers.map((layer) => layer.status))).toEqual(['present', 'present'])
  })
})

describe('more tags', () => {
  test('all name the index, in this repository and in others, each put once and last', async () => {
    const result = await published({ tags: ['1.0', 'latest', `${registry.host}/mirror/hello:1`] })
    const tags = (name: string): [string, string][] => [...registry.repository(name).tags]
    expect(tags('acme/hello')).toEqual([['1', result.digest], ['1.0', result.digest], ['latest', result.digest]])
    expect(tags('mirror/hello')).toEqual([['1', result.digest]])
    expect((await readOutput(registry.host, 'mirror/hello', '1')).digest).toBe(result.digest)
    const order = registry.requests.filter(({ method, path }) => method === 'PUT' && /\/manifests\//.test(path)).map(told)
    const byDigest = order.flatMap((one, index) => (one.endsWith('by digest') ? [index] : []))
    expect(Math.max(...byDigest)).toBeLessThan(order.findIndex((one) => !one.endsWith('by digest')))
    expect(result.tags).toEqual(['1', '1.0', 'latest'].map((tag) => `${registry.host}/acme/hello:${tag}`).concat(`${registry.host}/mirror/hello:1`))
  })

  test('in another repository of the registry get their blobs by a mount', async () => {
    await published({ tags: [`${registry.host}/mirror/hello:1`] })
    const uploads = registry.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/mirror/'))
    expect(uploads.length).toBeGreaterThan(0)
    for (const { path, status } of uploads) expect([new URL(path, 'http://x').searchParams.get('from'), status]).toEqual(['acme/hello', 201])
  })

  test('for each image are there with --append-image-name-suffix', async () => {
    const result = await published({ appendImageNameSuffix: true })
    expect([...registry.repository('acme/hello').tags]).toEqual([
      ['1', result.digest],
      ['1-linux-amd64', result.images[0]?.digest],
      ['1-linux-arm64', result.images[1]?.digest],
    ])
    expect(result.images.map(({ tag }) => tag)).toEqual([`${registry.host}/acme/hello:1-linux-amd64`, `${registry.host}/acme/hello:1-linux-arm64`])
    expect((await published()).images[0]).not.toHaveProperty('tag')
  })
})

test('one author after the other may publish: nothing of a run stays open', async () => {
  for (const tag of ['a', 'b', 'c']) await published({ name: `${registry.host}/acme/hello:${tag}` })
  expect([...registry.repository('acme/hello').tags.keys()]).toEqual(['a', 'b', 'c'])
  expect(await readdir(join(ground.tree.path, 'bp'))).toEqual(['buildpack.toml', 'linux'])
})
