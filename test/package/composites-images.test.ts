import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReadOutput } from '../support/read-back/output.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Json } from '../support/registry/rewrite.ts'
import { descriptorOf, indexOf, putManifest, rewriteImage } from '../support/registry/rewrite.ts'
import type { Work } from './support/composite.ts'
import { component, composite, filesOf, modulesOf, openWork, packageToml, refusal, rooted } from './support/composite.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

/** A composite of one image, and a child that can be published in its place. */
async function openMeta(targets: readonly string[] = ['linux/amd64', 'linux/arm64']): Promise<Work> {
  return openWork({ ...composite('meta', 'acme/meta@1', ['acme/hello@1']), ...rooted('hello', 'acme/hello@1', targets) })
}

/** Publishes the composite of what `dependency` names. */
async function publishMeta(work: Work, repository: string, dependency: string, targets: readonly string[]): Promise<ReadOutput> {
  await writeFile(join(work.path, 'package.toml'), packageToml('meta', [dependency]))
  return work.publish(registry, `${repository}:1`, 'package.toml', { targets })
}

/** An index by hand: for each platform an image of acme/hello with a file that is named for it. Gives the index's own name. */
async function handMade(repository: string, platforms: readonly Json[]): Promise<string> {
  const children: Json[] = []
  for (const [at, platform] of platforms.entries()) {
    await using work = await openWork(component('hello', 'acme/hello@1', { files: { [`child-${at}.txt`]: '' } }))
    await work.publish(registry, `${repository}:child-${at}`, 'hello', { targets: ['linux/amd64'] })
    rewriteImage(registry, repository, `child-${at}`, { config: (config) => ({ ...config, ...platform }) })
    children.push(descriptorOf(registry, repository, `child-${at}`, platform))
  }
  putManifest(registry, repository, 'all', indexOf(children))
  return `${registry.host}/${repository}:all`
}

function textsIn(output: ReadOutput, image = 0): readonly string[] {
  return filesOf(output, image).filter((file) => file.endsWith('.txt')).map((file) => file.split('/').at(-1) ?? '')
}

describe('an index as a dependency', () => {
  test('gives each target its own image, whose layers are taken as they are', async () => {
    await using work = await openMeta()
    const hello = await work.publish(registry, 'hello:1', 'hello')
    const output = await publishMeta(work, 'index', `docker://${registry.host}/hello:1`, ['linux/arm64', 'linux/amd64'])
    expect([0, 1].map((image) => textsIn(output, image))).toEqual([['linux-arm64.txt'], ['linux-amd64.txt']])
    expect(output.images.map((image) => image.diff_ids[0])).toEqual(hello.images.map((image) => image.diff_ids[0]).reverse())
    expect([0, 1].map((image) => modulesOf(output, image))).toEqual([
      ['acme/hello@1', 'acme/meta@1'],
      ['acme/hello@1', 'acme/meta@1'],
    ])
  })

  test.each([
    ['docker://', (host: string, digest: string) => `docker://${host}/hello@${digest}`],
    ['a bare name', (host: string, digest: string) => `${host}/hello@${digest}`],
    ['the image key', (host: string, digest: string) => `image = "${host}/hello@${digest}"`],
    ['a tag and a digest', (host: string, digest: string) => `${host}/hello:1@${digest}`],
  ])('may be named by its digest: %s', async (_what, name) => {
    await using work = await openMeta()
    const { digest } = await work.publish(registry, 'hello:1', 'hello')
    const output = await publishMeta(work, 'by-digest', name(registry.host, digest), ['linux/amd64', 'linux/arm64'])
    expect([0, 1].map((image) => textsIn(output, image))).toEqual([['linux-amd64.txt'], ['linux-arm64.txt']])
  })

  test('that lacks a target is an error which lists what it has, and tags nothing', async () => {
    await using work = await openMeta()
    await work.publish(registry, 'hello:1', 'hello')
    expect(await refusal(publishMeta(work, 'lacks', `${registry.host}/hello:1`, ['linux/amd64', 'linux/s390x']))).toMatch(
      /take dependency ".*hello:1": got images for linux\/amd64, linux\/arm64, want one for linux\/s390x\n.*bp-package\.toml/,
    )
    expect(registry.contents.repositories.get('lacks')?.tags.size ?? 0).toBe(0)
  })

  test('may lack a target for which bp-package.toml leaves it out', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
      ...rooted('hello', 'acme/hello@1', ['linux/amd64']),
      ...component('other', 'acme/hello@1', { targets: ['linux/s390x'], files: { 'other.txt': '' } }),
    })
    await work.publish(registry, 'only-amd64:1', 'hello')
    const uri = `${registry.host}/only-amd64:1`
    const entries = [[uri, 'linux/amd64'], ['other', 'linux/s390x']].map(([name, platform]) => `[[dependencies]]\nuri = "${name}"\nplatforms = ["${platform}"]\n`)
    await writeFile(join(work.path, 'bp-package.toml'), entries.join(''))
    await writeFile(join(work.path, 'package.toml'), packageToml('meta', [uri, 'other']))
    const output = await work.publish(registry, 'left-out-image:1', 'package.toml', { targets: ['linux/amd64', 'linux/s390x'] })
    expect([0, 1].map((image) => textsIn(output, image))).toEqual([['linux-amd64.txt'], ['other.txt']])
  })
})

const arm = (variant?: string): Json => ({ os: 'linux', architecture: 'arm', ...(variant === undefined ? {} : { variant }) })
const amd64 = (version?: string): Json => ({ os: 'linux', architecture: 'amd64', ...(version === undefined ? {} : { 'os.version': version }) })

describe('which image of an index', () => {
  const cases: readonly { readonly what: string; readonly has: readonly Json[]; readonly target: string; readonly taken: number }[] = [
    { what: 'the equal variant', has: [arm('v5'), arm('v6'), arm('v7')], target: 'linux/arm/v6', taken: 1 },
    { what: 'the newest of the older variants', has: [arm('v5'), arm('v6')], target: 'linux/arm/v7', taken: 1 },
    { what: 'one without a variant where there is no other', has: [arm()], target: 'linux/arm/v6', taken: 0 },
    { what: 'arm without a variant for arm/v7', has: [arm('v6'), arm()], target: 'linux/arm/v7', taken: 1 },
    { what: 'arm64/v8 for arm64', has: [{ os: 'linux', architecture: 'arm64', variant: 'v8' }], target: 'linux/arm64', taken: 0 },
    { what: 'amd64 for amd64/v3', has: [amd64()], target: 'linux/amd64/v3', taken: 0 },
    { what: 'the equal os.version', has: [amd64(), amd64('22.04'), amd64('24.04')], target: 'linux/amd64:ubuntu@24.04', taken: 2 },
    { what: 'one without an os.version where none is equal', has: [amd64('22.04'), amd64()], target: 'linux/amd64:ubuntu@24.04', taken: 1 },
    { what: 'one without an os.version for a target without a distribution', has: [amd64('22.04'), amd64()], target: 'linux/amd64', taken: 1 },
    { what: 'one that names no architecture where nothing else fits', has: [arm('v7'), { os: 'linux', architecture: '' }], target: 'linux/s390x', taken: 1 },
  ]

  test.each(cases)('$what is taken', async ({ what, has, target, taken }) => {
    await using work = await openMeta()
    const name = `choice-${what.replaceAll(/\W+/g, '-')}`
    const output = await publishMeta(work, `${name}-meta`, await handMade(name, has), [target])
    expect(textsIn(output)).toEqual([`child-${taken}.txt`])
  })

  test.each([
    { what: 'a newer variant', has: [arm('v7')], target: 'linux/arm/v6', found: 'linux/arm/v7' },
    { what: 'another os.version', has: [amd64('22.04')], target: 'linux/amd64:ubuntu@24.04', found: 'linux/amd64:22.04' },
    { what: 'another os', has: [{ os: 'windows', architecture: 'amd64' }], target: 'linux/amd64', found: 'windows/amd64' },
  ])('$what is not', async ({ what, has, target, found }) => {
    await using work = await openMeta()
    const name = `no-choice-${what.replaceAll(/\W+/g, '-')}`
    expect(await refusal(publishMeta(work, `${name}-meta`, await handMade(name, has), [target]))).toContain(`got images for ${found}, want one for ${target}`)
  })

  test('of an index that lists none is an error', async () => {
    await using work = await openMeta()
    putManifest(registry, 'empty', 'all', indexOf([]))
    expect(await refusal(publishMeta(work, 'of-empty', `${registry.host}/empty:all`, ['linux/amd64']))).toMatch(/got an index without images, want one for linux\/amd64/)
  })
})

describe('a single image as a dependency', () => {
  test('is taken for its own platform', async () => {
    await using work = await openMeta(['linux/arm64'])
    await work.publish(registry, 'single:1', 'hello')
    expect(textsIn(await publishMeta(work, 'of-single', `${registry.host}/single:1`, ['linux/arm64']))).toEqual(['linux-arm64.txt'])
  })

  test('for another platform is an error', async () => {
    await using work = await openMeta(['linux/amd64'])
    await work.publish(registry, 'single-amd64:1', 'hello')
    expect(await refusal(publishMeta(work, 'of-wrong', `${registry.host}/single-amd64:1`, ['linux/amd64', 'linux/arm64']))).toMatch(
      /got images for linux\/amd64, want one for linux\/arm64/,
    )
    expect(registry.contents.repositories.get('of-wrong')?.tags.size ?? 0).toBe(0)
  })

  test('that names no architecture, as pack makes one without a target, is taken for every target, with a warning', async () => {
    await using work = await openMeta(['linux/amd64'])
    await work.publish(registry, 'no-arch:1', 'hello')
    rewriteImage(registry, 'no-arch', '1', { config: (config) => ({ ...config, architecture: '' }) })
    const output = await publishMeta(work, 'of-no-arch', `${registry.host}/no-arch:1`, ['linux/amd64', 'linux/arm64'])
    expect(output.images.map(({ config }) => config.architecture)).toEqual(['amd64', 'arm64'])
    expect([0, 1].map((image) => textsIn(output, image))).toEqual([['linux-amd64.txt'], ['linux-amd64.txt']])
    expect(work.warnings()).toEqual([expect.stringMatching(/no-arch:1 names no architecture: it is taken for linux\/amd64$/), expect.stringMatching(/taken for linux\/arm64$/)])
  })

  test('that is not there is an error with its place in package.toml', async () => {
    await using work = await openMeta()
    expect(await refusal(publishMeta(work, 'of-none', `${registry.host}/nothing:1`, ['linux/amd64']))).toMatch(/package\.toml:3:1: dependencies\[0\]: .*nothing:1.*no such manifest/)
  })
})
