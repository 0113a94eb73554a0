import { readdirSync, rmSync } from 'node:fs'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PackageOptions } from '../../src/package/options.ts'
import type { RunResult } from '../../src/publish/options.ts'
import { readArchive } from '../support/read-back/archive.ts'
import type { ReadOutput } from '../support/read-back/output.ts'
import type { Work } from './support/composite.ts'
import { component, composite, filesOf, modulesOf, openWork, packageToml, refusal, rooted } from './support/composite.ts'

const targets = ['linux/amd64', 'linux/arm/v7']
const index = 'application/vnd.oci.image.index.v1+json'

let work: Work

beforeEach(async () => {
  work = await openWork({ ...rooted('hello', 'acme/hello@1', targets), ...component('plain', 'acme/plain@2', { targets: ['linux/amd64'] }) })
})

afterEach(async () => {
  await work[Symbol.asyncDispose]()
})

function write(path: string, options: Partial<PackageOptions> = {}): Promise<RunResult> {
  return work.run({ destination: 'file', path, ...options })
}

function read(name: string): Promise<ReadOutput> {
  return readArchive(join(work.path, name), name)
}

/** What lies beside the author's folders. */
async function found(): Promise<string[]> {
  return (await readdir(work.path)).filter((name) => !['hello', 'plain', '.home', '.temporary'].includes(name)).sort()
}

describe('a package of one target', () => {
  test.each([
    ['by its id and version', {}, 'plain-2.cnb'],
    ['by NAME', { name: 'out.cnb' }, 'out.cnb'],
    ['by NAME, which gets its ending', { name: 'out' }, 'out.cnb'],
    ['by --output, in a folder that is made', { output: 'a/b/out.cnb' }, 'a/b/out.cnb'],
    ['by --output where NAME is an image', { name: 'registry.example/acme/plain:3', output: 'out.cnb' }, 'out.cnb'],
  ])('is one file, named %s', async (_how, options, name) => {
    const result = await write('plain', options)
    expect(result.path).toBe(join(work.path, name))
    expect(result.files).toBeUndefined()
    const output = await read(name)
    expect(output.digest).toBe(result.digest)
    expect(output.archive?.manifests).toHaveLength(1)
    expect(await found()).toEqual([name.split('/')[0]])
    expect(work.warnings()).toEqual([])
  })

  test('keeps another ending, with a warning', async () => {
    await write('plain', { name: 'out.tar' })
    expect(await found()).toEqual(['out.tar'])
    expect(work.warnings()).toEqual([expect.stringContaining('out.tar does not end in .cnb')])
  })

  test('has the version, or the tag of NAME, as its name inside', async () => {
    await write('plain', { name: 'out.cnb' })
    await write('plain', { name: 'registry.example/acme/plain:3', output: 'tagged.cnb' })
    const names = await Promise.all(['out.cnb', 'tagged.cnb'].map(async (name) => (await read(name)).archive?.manifests[0]?.annotations))
    expect(names).toEqual(['2', '3'].map((tag) => ({ 'org.opencontainers.image.ref.name': tag })))
  })

  test('is the same bytes each time', async () => {
    await write('plain', { name: 'a.cnb' })
    await write('plain', { name: 'b.cnb' })
    expect((await readFile(join(work.path, 'a.cnb'))).equals(await readFile(join(work.path, 'b.cnb')))).toBe(true)
  })

  test('takes the place of a former one, but of nothing else', async () => {
    await writeFile(join(work.path, 'out.cnb'), 'my own file')
    expect(await refusal(write('plain', { name: 'out.cnb' }))).toMatch(/a file of another kind/)
    expect(await readFile(join(work.path, 'out.cnb'), 'utf8')).toBe('my own file')
    await write('plain', { name: 'former.cnb' })
    await write('hello', { name: 'former.cnb', targets: ['linux/amd64'] })
    expect(modulesOf(await read('former.cnb'))).toEqual(['acme/hello@1'])
  })
})

describe('a package of several targets', () => {
  test('is a file for each, named by its target, with its own files and nothing of the others', async () => {
    const result = await write('hello', { name: 'out.cnb' })
    const names = ['out-linux-amd64.cnb', 'out-linux-arm-v7.cnb']
    expect(result.files).toEqual(names.map((name) => join(work.path, name)))
    expect(await found()).toEqual(names)
    for (const [at, name] of names.entries()) {
      const output = await read(name)
      expect(output.digest).toBe(result.images[at]?.digest)
      expect(output.archive?.manifests.map(({ platform }) => platform)).toEqual([undefined])
      expect(output.archive?.outer.filter((entry) => entry.name.endsWith('DIGEST'))).toHaveLength(3)
      expect(filesOf(output)).toContain(`acme_hello/1/${targets[at]?.replaceAll('/', '-')}.txt`)
    }
  })

  test('has the distribution in the name as well', async () => {
    await write('plain', { name: 'out.cnb', targets: ['linux/amd64:ubuntu@22.04', 'linux/amd64:ubuntu@24.04'] })
    expect(await found()).toEqual(['out-linux-amd64-ubuntu@22.04.cnb', 'out-linux-amd64-ubuntu@24.04.cnb'])
  })

  test('with --single-file is one file with the index of all, and each blob once', async () => {
    const result = await write('hello', { name: 'out.cnb', singleFile: true })
    expect(await found()).toEqual(['out.cnb'])
    const output = await read('out.cnb')
    expect(output.digest).toBe(result.digest)
    expect(output.archive?.manifests.map(({ mediaType }) => mediaType)).toEqual([index])
    expect(output.images.map(({ config }) => [config.os, config.architecture, config.variant])).toEqual([
      ['linux', 'amd64', null],
      ['linux', 'arm', 'v7'],
    ])
    expect(output.archive?.outer.filter((entry) => entry.name.endsWith('DIGEST'))).toHaveLength(7)
  })

  test('with --single-file and one target is that image alone', async () => {
    await write('hello', { name: 'out.cnb', singleFile: true, targets: ['linux/amd64'] })
    expect((await read('out.cnb')).archive?.manifests.map(({ mediaType }) => mediaType)).toEqual(['application/vnd.oci.image.manifest.v1+json'])
  })

  test('has the images that a layout would have', async () => {
    const layout = await work.run({ path: 'hello', output: 'out.oci' })
    const file = await write('hello', { name: 'out.cnb', singleFile: true })
    expect(file.digest).toBe(layout.digest)
  })

  test('is written whole or not at all: a place that is taken leaves no other file', async () => {
    await mkdir(join(work.path, 'out-linux-arm-v7.cnb'))
    expect(await refusal(write('hello', { name: 'out.cnb' }))).toMatch(/out-linux-arm-v7\.cnb.*a folder/)
    expect(await found()).toEqual(['out-linux-arm-v7.cnb'])
  })

  test('leaves no file where an interrupt comes when all are staged', async () => {
    const interrupt = new AbortController()
    const run = write('hello', {
      name: 'out.cnb',
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'image-done' && event.target === 'linux/arm/v7') interrupt.abort()
      },
    })
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await found()).toEqual([])
    expect(await readdir(join(work.path, '.temporary'))).toEqual([])
  })
})

test('of several files none takes its place before the last one is whole', async () => {
  const run = write('hello', {
    name: 'out.cnb',
    onEvent: (event) => {
      if (event.type !== 'image-done' || event.target !== 'linux/arm/v7') return
      // As a full disk does: what is staged for the second file cannot be written any more.
      const staged = readdirSync(work.path).filter((name) => name.includes('arm-v7') && name.includes('partial'))
      for (const name of staged) rmSync(join(work.path, name), { recursive: true })
    },
  })
  await expect(run).rejects.toMatchObject({ code: 'OUTPUT' })
  expect(await found()).toEqual([])
})

test('a composite is a file as well, and the file is a dependency of another', async () => {
  await using own = await openWork({
    ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
    ...rooted('hello', 'acme/hello@1', targets),
    'package.toml': packageToml('meta', ['hello'], targets),
    ...composite('outer', 'acme/outer@1', ['acme/meta@1']),
    'outer.toml': packageToml('outer', ['meta.cnb'], targets),
  })
  await own.run({ destination: 'file', config: 'package.toml', output: 'meta.cnb', singleFile: true })
  const result = await own.run({ destination: 'file', config: 'outer.toml', output: 'outer.cnb' })
  expect(result.files).toHaveLength(2)
  for (const [at, path] of (result.files ?? []).entries()) {
    const output = await readArchive(path, path)
    expect(modulesOf(output)).toEqual(['acme/hello@1', 'acme/meta@1', 'acme/outer@1'])
    expect(filesOf(output)).toContain(`acme_hello/1/${targets[at]?.replaceAll('/', '-')}.txt`)
  }
})
