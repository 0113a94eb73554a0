import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PackageOptions } from '../../src/package/options.ts'
import { planPackage } from '../../src/package/run.ts'
import type { ReadOutput } from '../support/read-back/output.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Work } from './support/composite.ts'
import { component, composite, extension, filesOf, modulesOf, openWork, packageToml, refusal } from './support/composite.ts'

const targets = ['linux/amd64']
const hardest = {
  'a-file': { content: 'x', mode: 0o755 },
  'link-to-nowhere': { link: '/usr/bin/nothing' },
  'out-of-here': { link: '../../../../etc/passwd' },
  'ünïcode/ä': 'y',
  [`${'long/'.repeat(30)}name`]: 'z',
  'empty/': '',
}

let registry: TestRegistry
let work: Work

beforeAll(async () => {
  registry = await startRegistry()
  work = await openWork({
    ...composite('meta', 'acme/meta@1', ['acme/a@1', 'acme/b@1', 'acme/a@2']),
    ...component('a', 'acme/a@1', { targets, files: hardest }),
    ...component('a2', 'acme/a@2', { targets }),
    ...component('b', 'acme/b@1', { targets, files: { 'b.txt': '' } }),
    'local.toml': packageToml('meta', ['a', 'b', 'a2']),
  })
  for (const folder of ['a', 'a2', 'b']) await work.publish(registry, `${folder}:1`, folder)
})

afterAll(async () => {
  await work[Symbol.asyncDispose]()
  await registry.close()
})

let count = 0

async function flattened(dependencies: readonly string[], options: Partial<PackageOptions> = {}): Promise<ReadOutput> {
  await writeFile(join(work.path, 'package.toml'), packageToml('meta', dependencies))
  count += 1
  return work.publish(registry, `meta-${count}:1`, 'package.toml', { targets, flatten: true, ...options })
}

const image = (name: string): string => `${registry.host}/${name}:1`

describe('a package that is flattened', () => {
  test('has one layer with all modules, dependencies first, each folder once', async () => {
    const output = await flattened(['a', 'b', 'a2'])
    expect(output.images[0]?.diff_ids).toHaveLength(1)
    const names = Object.values(output.layers)[0]?.entries.map(({ name }) => name) ?? []
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => /^\/cnb\/buildpacks\/[^/]+(\/\d)?$/.test(name))).toEqual(
      ['acme_a', 'acme_a/1', 'acme_b', 'acme_b/1', 'acme_a/2', 'acme_meta', 'acme_meta/1'].map((name) => `/cnb/buildpacks/${name}`),
    )
    expect(Object.values(output.layers)[0]?.trailingZeroBlocks).toBe(2)
  })

  test('is the same whether its modules come from folders or from images', async () => {
    const local = await flattened(['a', 'b', 'a2'])
    const mixed = await flattened([image('a'), 'b', image('a2')])
    const foreign = await flattened([image('a'), image('b'), image('a2')])
    for (const output of [mixed, foreign]) {
      expect(output.images).toEqual(local.images)
      expect(output.digest).toBe(local.digest)
    }
  })

  test('leaves apart what --flatten-exclude names, as it is: a foreign layer is not read', async () => {
    const from = registry.requests.length
    const output = await flattened([image('a'), 'b', image('a2')], { flattenExclude: ['acme/a@1'] })
    expect(output.images[0]?.diff_ids).toHaveLength(2)
    expect(modulesOf(output)[0]).toBe('acme/a@1')
    const layer = JSON.parse(registry.repository('a').manifests.get(registry.repository('a').tags.get('1') ?? '')?.bytes.toString() ?? '').layers[0].digest
    const gets = registry.requests.slice(from).filter(({ method, path }) => method === 'GET' && path === `/v2/a/blobs/${layer}`)
    expect(gets).toEqual([])
    expect(output.images[0]?.diff_ids[0]).toBe((await work.publish(registry, 'a:1', 'a')).images[0]?.diff_ids[0])
  })

  test('holds a module that two dependencies have once, in a layer of its own', async () => {
    const output = await flattened(['a', image('a'), 'b', 'a2'])
    expect(output.images[0]?.diff_ids).toHaveLength(2)
    expect([...modulesOf(output)].sort()).toEqual(['acme/a@1', 'acme/a@2', 'acme/b@1', 'acme/meta@1'])
    const files = filesOf(output)
    expect(new Set(files).size).toBe(files.length)
  })

  test('refuses a module that two dependencies have with different content', async () => {
    await using other = await openWork(component('a', 'acme/a@1', { targets, files: { 'another.txt': '' } }))
    await other.publish(registry, 'another-a:1', 'a')
    expect(await refusal(flattened(['a', image('another-a'), 'b', 'a2']))).toMatch(/acme\/a@1 from two dependencies with different content: sha256:\S+ and sha256:/)
  })

  test('keeps extensions beside buildpacks', async () => {
    await using own = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/b@1']),
      ...component('b', 'acme/b@1', { targets }),
      ...extension('curl', 'acme/curl@1'),
      'package.toml': packageToml('meta', ['b', 'curl']),
    })
    const output = await own.publish(registry, 'with-extension:1', 'package.toml', { targets, flatten: true })
    expect(output.images[0]?.diff_ids).toHaveLength(1)
    expect(Object.values(output.layers)[0]?.entries.map(({ name }) => name)).toContain('/cnb/extensions/acme_curl/1/extension.toml')
  })

  test('leaves nothing of foreign layers in the folder for temporary files', async () => {
    await flattened([image('a'), image('b'), image('a2')])
    expect(await readdir(join(work.path, '.temporary'))).toEqual([])
  })
})

async function outer(options: Partial<PackageOptions> = {}): Promise<ReadOutput> {
  await using own = await openWork({ ...composite('outer', 'acme/outer@1', ['acme/meta@1']), 'package.toml': packageToml('outer', [image('flat')]) })
  return await own.publish(registry, 'outer:1', 'package.toml', { targets, ...options })
}

describe('a flattened package as a dependency', () => {
  beforeAll(async () => {
    await work.publish(registry, 'flat:1', 'local.toml', { targets, flatten: true })
  })

  test('gives all its modules, from its one layer', async () => {
    const output = await outer()
    expect(output.images[0]?.diff_ids).toHaveLength(2)
    expect([...modulesOf(output)].sort()).toEqual(['acme/a@1', 'acme/a@2', 'acme/b@1', 'acme/meta@1', 'acme/outer@1'])
    expect(filesOf(output)).toEqual(expect.arrayContaining(['acme_a/1/a-file', 'acme_b/1/b.txt', 'acme_outer/1/buildpack.toml']))
  })

  test('is flattened again with all its files', async () => {
    const output = await outer({ flatten: true })
    expect(output.images[0]?.diff_ids).toHaveLength(1)
    const plain = await outer()
    expect([...filesOf(output)].sort()).toEqual([...filesOf(plain)].sort())
  })

  test('is told once in the plan, with all its modules', async () => {
    await using own = await openWork({ ...composite('outer', 'acme/outer@1', ['acme/meta@1']), 'package.toml': packageToml('outer', [image('flat')]) })
    const plan = await planPackage({ cwd: own.path, env: { HOME: own.path }, hostArch: 'amd64', destination: 'layout', cache: false, config: 'package.toml', targets })
    expect(plan.layers.map(({ module, targets: uses }) => [module, uses])).toEqual([
      ['acme/a@1, acme/a@2, acme/b@1, acme/meta@1', ['linux/amd64']],
      ['acme/outer@1', ['linux/amd64']],
    ])
  })
})

test('a layer for Windows is flattened with its folders below Files', async () => {
  const windows = ['windows/amd64']
  await using own = await openWork({
    ...composite('meta', 'acme/meta@1', ['acme/a@1', 'acme/b@1']),
    ...component('a', 'acme/a@1', { targets: windows, files: { 'bin/build.bat': '', 'bin/detect.bat': '' } }),
    ...component('b', 'acme/b@1', { targets: windows }),
    'local.toml': packageToml('meta', ['a', 'b']),
  })
  await own.publish(registry, 'windows-a:1', 'a')
  await writeFile(join(own.path, 'package.toml'), packageToml('meta', [image('windows-a'), 'b']))
  const local = await own.publish(registry, 'windows-local:1', 'local.toml', { targets: windows, flatten: true })
  const mixed = await own.publish(registry, 'windows-mixed:1', 'package.toml', { targets: windows, flatten: true })
  expect(mixed.images).toEqual(local.images)
  expect(filesOf(mixed)).toContain('Files/cnb/buildpacks/acme_a/1/bin/build.bat')
})
