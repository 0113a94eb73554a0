import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { architecturesIn, imagesFor, succeed } from './support/lists.ts'

/** A registry that nobody can reach; its images are in `mirror`. */
const far = 'registry.invalid'
let registry: TestRegistry
let mirror: TestRegistry
let ground: ManifestGround
let mirrored: ManifestGround

beforeEach(async () => {
  ;[registry, mirror] = await Promise.all([startRegistry(), startRegistry()])
  ;[ground, mirrored] = await Promise.all([ManifestGround.open(registry.host), ManifestGround.open(mirror.host)])
  await mirrored.push(imagesFor(['amd64', 'arm64']))
})

afterEach(async () => {
  await Promise.all([registry.close(), mirror.close(), ground[Symbol.asyncDispose](), mirrored[Symbol.asyncDispose]()])
})

/** An image of the far registry, by a tag. */
function image(tag: string): string {
  return `${mirrored.repo('app').replace(mirror.host, far)}:${tag}`
}

const flag = (): string[] => ['--registry-mirror', `${far}=${mirror.host}`]
const architectures = async (): Promise<readonly string[]> => {
  const { manifests } = JSON.parse((await ground.served('app', 'list'))?.bytes.toString('utf8') ?? '{}') as { readonly manifests: readonly { readonly platform: { readonly architecture: string } }[] }
  return manifests.map(({ platform }) => platform.architecture)
}

describe('images of a registry that has a mirror', () => {
  test('go from the mirror straight into an index', async () => {
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', '--publish', list, image('amd64'), ...flag())
    await succeed(ground, 'manifest', 'add', '--publish', list, image('arm64'), ...flag())
    await succeed(ground, 'manifest', 'annotate', '--publish', list, image('arm64'), '--annotation', 'k=v', ...flag())
    expect(await architectures()).toEqual(['amd64', 'arm64'])
    await succeed(ground, 'manifest', 'rm', '--publish', list, image('amd64'), ...flag())
    expect(await architectures()).toEqual(['arm64'])
    for (const blob of mirrored.blobsOf('arm64')) expect(await ground.hasBlob('app', blob)).toBe(true)
  })

  test('go from the mirror into a local list, and from there where the list is pushed to', async () => {
    const [list, before] = [`${ground.repo('app')}:list`, mirror.requests.length]
    await succeed(ground, 'manifest', 'create', list, image('amd64'), ...flag())
    await succeed(ground, 'manifest', 'add', list, image('arm64'), ...flag())
    expect(await architecturesIn(ground, list)).toEqual(['amd64', 'arm64'])
    const { code, stderr } = await ground.run(['manifest', 'push', list])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(far) })
    await succeed(ground, 'manifest', 'push', list, ...flag())
    expect(await architectures()).toEqual(['amd64', 'arm64'])
    expect(new Set(mirror.requests.slice(before).map(({ method }) => method))).toEqual(new Set(['HEAD', 'GET']))
  })

  test('come from the mirror that registries.conf names, too', async () => {
    await mkdir(join(ground.home, '.config/containers'), { recursive: true })
    await writeFile(join(ground.home, '.config/containers/registries.conf'), `[[registry]]\nlocation = "${far}"\n[[registry.mirror]]\nlocation = "${mirror.host}"\n`)
    await succeed(ground, 'manifest', 'create', '--publish', `${ground.repo('app')}:list`, image('amd64'))
    expect(await architectures()).toEqual(['amd64'])
  })
})

describe('the repository of a list', () => {
  test('is asked itself, for the index and for the images in it, whatever mirrors there are', async () => {
    await ground.push(imagesFor(['amd64', 'arm64']))
    const [list, own, before] = [`${ground.repo('app')}:list`, (tag: string) => `${ground.repo('app')}:${tag}`, mirror.requests.length]
    const all = ['--registry-mirror', `*=${mirror.host}`]
    await succeed(ground, 'manifest', 'create', '--publish', list, own('amd64'), ...all)
    await succeed(ground, 'manifest', 'add', '--publish', list, own('arm64'), ...all)
    await succeed(ground, 'manifest', 'annotate', '--publish', list, own('arm64'), '--annotation', 'k=v', ...all)
    await succeed(ground, 'manifest', 'create', list, own('amd64'), ...all)
    await succeed(ground, 'manifest', 'push', list, ...all)
    expect(mirror.requests.slice(before)).toEqual([])
  })

  test.each(['inspect', 'exists', 'remove'])('is what %s is about: it has no --registry-mirror', async (command) => {
    expect(await ground.run(['manifest', command, `${ground.repo('app')}:list`, ...flag()])).toMatchObject({ code: 2, stderr: expect.stringContaining('--registry-mirror') })
  })
})
