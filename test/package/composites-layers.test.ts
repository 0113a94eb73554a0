import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LoggedRequest } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Json } from '../support/registry/rewrite.ts'
import { rewriteImage } from '../support/registry/rewrite.ts'
import { component, composite, filesOf, modulesOf, openWork, packageToml, refusal, rooted } from './support/composite.ts'

const amd64 = { targets: ['linux/amd64'] }

let registry: TestRegistry

beforeEach(async () => {
  registry = await startRegistry()
})

afterEach(async () => {
  await registry.close()
})

/** Requests of one kind since `from`, as `METHOD path`. */
function asked(pattern: RegExp, from = 0): string[] {
  return registry.requests.slice(from).map(({ method, path }: LoggedRequest) => `${method} ${path}`).filter((line) => pattern.test(line))
}

/** Digests of the layers of an image, by its name. */
function layersOf(repository: string, tag: string): { readonly digest: string; readonly mediaType: string }[] {
  const { manifests, tags } = registry.repository(repository)
  const { layers } = JSON.parse(manifests.get(tags.get(tag) ?? '')?.bytes.toString('utf8') ?? '{}')
  return layers
}

describe('layers of an image of the same registry', () => {
  test('are mounted, without a byte read or sent', async () => {
    await using work = await openWork({ ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...component('hello', 'acme/hello@1', amd64), 'package.toml': packageToml('meta', [`${registry.host}/hello:1`]) })
    await work.publish(registry, 'hello:1', 'hello')
    const [layer] = layersOf('hello', '1')
    const from = registry.requests.length
    const result = await work.run({ destination: 'registry', name: `${registry.host}/other/meta:1`, config: 'package.toml', ...amd64 })
    expect(result.images[0]?.layers.map(({ module, digest, status }) => [module, digest === layer?.digest, status])).toEqual([
      ['acme/hello@1', true, 'mounted'],
      ['acme/meta@1', false, 'uploaded'],
    ])
    expect(asked(new RegExp(`GET .*${layer?.digest}`), from)).toEqual([])
    expect(asked(/POST .*mount=/, from)).toEqual([`POST /v2/other/meta/blobs/uploads/?mount=${encodeURIComponent(layer?.digest ?? '')}&from=hello`])
  })

  test('of the same repository are there already', async () => {
    await using work = await openWork({ ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...component('hello', 'acme/hello@1', amd64), 'package.toml': packageToml('meta', [`${registry.host}/all:hello`]) })
    await work.publish(registry, 'all:hello', 'hello')
    const result = await work.run({ destination: 'registry', name: `${registry.host}/all:meta`, config: 'package.toml', ...amd64 })
    expect(result.images[0]?.layers.map(({ status }) => status)).toEqual(['present', 'uploaded'])
  })
})

describe('layers of an image of another registry', () => {
  test('are copied by digest, not compressed anew', async () => {
    const elsewhere = await startRegistry()
    try {
      await using work = await openWork({ ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...component('hello', 'acme/hello@1', amd64), 'package.toml': packageToml('meta', [`${elsewhere.host}/hello:1`]) })
      await work.run({ destination: 'registry', name: `${elsewhere.host}/hello:1`, path: 'hello', compression: 'gzip:1' })
      const result = await work.run({ destination: 'registry', name: `${registry.host}/meta:1`, config: 'package.toml', ...amd64 })
      const digest = result.images[0]?.layers[0]?.digest ?? ''
      expect(result.images[0]?.layers.map(({ status }) => status)).toEqual(['uploaded', 'uploaded'])
      expect(registry.repository('meta').blobs.get(digest)).toEqual(elsewhere.repository('hello').blobs.get(digest))
    } finally {
      await elsewhere.close()
    }
  })

  test('that are not what their digest says are an error, and nothing is tagged', async () => {
    const elsewhere = await startRegistry()
    try {
      await using work = await openWork({ ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...component('hello', 'acme/hello@1', amd64), 'package.toml': packageToml('meta', [`${elsewhere.host}/hello:1`]) })
      const result = await work.run({ destination: 'registry', name: `${elsewhere.host}/hello:1`, path: 'hello' })
      const digest = result.images[0]?.layers[0]?.digest ?? ''
      const { blobs } = elsewhere.repository('hello')
      blobs.set(digest, Buffer.from(blobs.get(digest) ?? '').fill(1, 20, 30))
      await expect(work.run({ destination: 'registry', name: `${registry.host}/meta:1`, config: 'package.toml', ...amd64 })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
      expect(registry.contents.repositories.get('meta')?.tags.size ?? 0).toBe(0)
    } finally {
      await elsewhere.close()
    }
  })
})

const docker = (value: unknown, mediaType: string): Json => ({ ...(value as Json), mediaType })

test('Docker media types of a foreign image become OCI, the bytes stay', async () => {
  await using work = await openWork({ ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...component('hello', 'acme/hello@1', amd64), 'package.toml': packageToml('meta', [`${registry.host}/hello:1`]) })
  await work.publish(registry, 'hello:1', 'hello')
  rewriteImage(registry, 'hello', '1', {
    manifest: ({ config, layers, ...rest }) => ({
      ...rest,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: docker(config, 'application/vnd.docker.container.image.v1+json'),
      layers: (layers as Json[]).map((layer) => docker(layer, 'application/vnd.docker.image.rootfs.diff.tar.gzip')),
    }),
  })
  const output = await work.publish(registry, 'meta:1', 'package.toml', amd64)
  expect(new Set(output.mediaTypes)).toEqual(new Set(['manifest', 'config', 'layer'].map((kind) => `application/vnd.oci.image.${kind}.v1${kind === 'layer' ? '.tar+gzip' : '+json'}`)))
  expect(layersOf('meta', '1')[0]?.digest).toBe(layersOf('hello', '1')[0]?.digest)
})

describe('one module from two dependencies', () => {
  const files = { ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...component('hello', 'acme/hello@1', amd64), ...component('copy', 'acme/hello@1', amd64) }

  test('with the same content is one layer', async () => {
    await using work = await openWork({ ...files, 'package.toml': packageToml('meta', ['hello', 'copy', `${registry.host}/hello:1`]) })
    await work.publish(registry, 'hello:1', 'hello')
    const output = await work.publish(registry, 'meta:1', 'package.toml', amd64)
    expect(modulesOf(output)).toEqual(['acme/hello@1', 'acme/meta@1'])
    expect(output.images[0]?.diff_ids).toHaveLength(2)
  })

  test.each(['copy', 'an image'])('with another content is an error with both diffIDs: %s', async (other) => {
    await using work = await openWork({ ...files, ...component('changed', 'acme/hello@1', { ...amd64, files: { 'more.txt': '' } }) })
    const hello = await work.publish(registry, 'hello:1', 'hello')
    const changed = await work.publish(registry, 'changed:1', 'changed')
    await writeFile(join(work.path, 'package.toml'), packageToml('meta', ['hello', other === 'copy' ? 'changed' : `${registry.host}/changed:1`]))
    const [first, second] = [hello, changed].map((output) => output.images[0]?.diff_ids[0])
    expect(await refusal(work.publish(registry, 'meta:1', 'package.toml', amd64))).toContain(`acme/hello@1 from two dependencies with different content: ${first} and ${second}`)
    expect(registry.contents.repositories.get('meta')?.tags.size ?? 0).toBe(0)
  })

  test('by an image and a composite image that has it too is one layer', async () => {
    await using work = await openWork({ ...files, ...composite('outer', 'acme/outer@1', ['acme/meta@1', 'acme/hello@1']), 'package.toml': packageToml('meta', ['hello']) })
    await work.publish(registry, 'hello:1', 'hello')
    await work.publish(registry, 'meta:1', 'package.toml', amd64)
    await writeFile(join(work.path, 'outer.toml'), packageToml('outer', [`${registry.host}/meta:1`, `${registry.host}/hello:1`]))
    expect(modulesOf(await work.publish(registry, 'outer:1', 'outer.toml', amd64))).toEqual(['acme/hello@1', 'acme/meta@1', 'acme/outer@1'])
  })
})

describe('the order of layers', () => {
  test('is that of the dependencies, within an image its own, the main module last; and so the digest is the same each time', async () => {
    const names = ['e', 'b', 'd', 'a', 'c']
    const members = names.map((name) => `acme/${name}@1`)
    await using work = await openWork({
      ...composite('inner', 'acme/inner@1', ['acme/z@1', 'acme/y@1']),
      ...component('z', 'acme/z@1', amd64),
      ...component('y', 'acme/y@1', amd64),
      'inner.toml': packageToml('inner', ['z', 'y']),
      ...composite('meta', 'acme/meta@1', [...members, 'acme/inner@1']),
      ...Object.assign({}, ...names.map((name) => component(name, `acme/${name}@1`, amd64))),
      'package.toml': packageToml('meta', ['e', 'b', `${registry.host}/inner:1`, 'd', 'a', 'c']),
    })
    await work.publish(registry, 'inner:1', 'inner.toml', amd64)
    const outputs = await Promise.all([1, 2, 3].map((tag) => work.publish(registry, `meta:${tag}`, 'package.toml', amd64)))
    for (const output of outputs) {
      expect(modulesOf(output)).toEqual(['acme/e@1', 'acme/b@1', 'acme/z@1', 'acme/y@1', 'acme/inner@1', 'acme/d@1', 'acme/a@1', 'acme/c@1', 'acme/meta@1'])
      expect(output.digest).toBe(outputs[0]?.digest)
    }
  })
})

const many = (count: number) => {
  const names = Array.from({ length: count - 1 }, (_, at) => `m${at}`)
  return openWork({
    ...composite('meta', 'acme/meta@1', names.map((name) => `acme/${name}@1`)),
    ...Object.assign({}, ...names.map((name) => component(name, `acme/${name}@1`, amd64))),
    'package.toml': packageToml('meta', names),
  })
}

describe('the number of layers', () => {
  test('below a hundred is no matter; from there on it is a warning, and from 127 on an error with the way out', async () => {
    for (const [count, expected] of [[99, []], [100, [expect.stringMatching(/^linux\/amd64: 100 layers; Docker takes 125, a builder's own among them/)]]] as const) {
      await using work = await many(count)
      await work.run({ config: 'package.toml', output: 'out.oci', ...amd64 })
      expect(work.warnings()).toEqual(expected)
    }
    await using work = await many(127)
    expect(await refusal(work.run({ config: 'package.toml', output: 'out.oci', ...amd64 }))).toMatch(/count the layers: got linux\/amd64: 127 layers, want at most 126; Docker takes 125.*\n--flatten puts the modules into one layer/)
    await work.publish(registry, 'meta:1', 'package.toml', { ...amd64, flatten: true })
    expect(work.warnings()).toEqual([])
    // As a dependency they are one layer, whatever number of modules is in it.
    await using outer = await openWork({ ...composite('outer', 'acme/outer@1', ['acme/meta@1']), 'outer.toml': packageToml('outer', [`${registry.host}/meta:1`]) })
    const output = await outer.publish(registry, 'outer:1', 'outer.toml', amd64)
    expect(output.images[0]?.diff_ids).toHaveLength(2)
    expect(modulesOf(output)).toHaveLength(128)
  })
})

test('a composite of three local and two image components for three targets, published again, sends no blob and reads no layer', async () => {
  const targets = ['linux/amd64', 'linux/arm64', 'linux/s390x']
  const locals = ['a', 'b', 'c'].map((name) => rooted(name, `acme/${name}@1`, targets))
  await using work = await openWork({
    ...composite('meta', 'acme/meta@1', ['a', 'b', 'c', 'x', 'y'].map((name) => `acme/${name}@1`)),
    ...Object.assign({}, ...locals),
    ...rooted('x', 'acme/x@1', targets),
    ...rooted('y', 'acme/y@1', targets),
    'package.toml': packageToml('meta', ['a', 'b', `${registry.host}/x:1`, 'c', `${registry.host}/y:1`], targets),
  })
  for (const name of ['x', 'y']) await work.publish(registry, `${name}:1`, name)
  const first = await work.publish(registry, 'meta:1', 'package.toml', { cache: true })
  expect(filesOf(first, 2).filter((file) => file.endsWith('.txt'))).toEqual(['a', 'b', 'x', 'c', 'y'].map((name) => `acme_${name}/1/linux-s390x.txt`))
  const from = registry.requests.length
  const result = await work.run({ destination: 'registry', name: `${registry.host}/meta:1`, config: 'package.toml', cache: true })
  expect(result.digest).toBe(first.digest)
  expect(result.images.flatMap(({ layers }) => layers.map(({ status }) => status))).toEqual(Array.from({ length: 18 }, () => 'present'))
  expect(asked(/^(POST|PUT|PATCH) /, from)).toEqual([])
  expect(asked(/^GET .*\/blobs\//, from)).toEqual([])
  // Without the cache the configs of the components are read, for their labels, and nothing else.
  await rm(join(work.path, '.home/.cache'), { recursive: true })
  const again = registry.requests.length
  await work.run({ destination: 'registry', name: `${registry.host}/meta:1`, config: 'package.toml' })
  expect(asked(/^(POST|PUT|PATCH) /, again)).toEqual([])
  expect(asked(/^GET .*\/blobs\//, again)).toHaveLength(6)
})
