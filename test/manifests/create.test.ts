import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createIndex } from '../../src/index.ts'
import type { Event } from '../../src/index.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { CaseImage } from '../support/vectors/manifest-case.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { imagesFor, listsFolder, succeed } from './support/lists.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})
afterAll(() => registry.close())

const ociIndex = 'application/vnd.oci.image.index.v1+json'

/** An index `multi` over amd64 and arm64 with an attestation of the first. */
function multi(): Record<string, CaseImage> {
  const about = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': '{digest:amd64}' }
  const manifests = [
    { image: 'amd64', platform: { os: 'linux', architecture: 'amd64' } },
    { image: 'arm64' },
    { image: 'att', platform: { os: 'unknown', architecture: 'unknown' }, annotations: about },
  ]
  return {
    ...imagesFor(['amd64', 'arm64', 's390x']),
    att: { config: { os: 'unknown', architecture: 'unknown' }, layers: [{ a: 'att' }] },
    multi: { tag: 'multi', index: { schemaVersion: 2, mediaType: ociIndex, manifests } },
    nested: { tag: 'nested', index: { schemaVersion: 2, mediaType: ociIndex, manifests: [{ image: 's390x' }, { image: 'multi' }] } },
  }
}

async function platformsIn(ground: ManifestGround, list: string): Promise<readonly string[]> {
  const { stdout } = await succeed(ground, 'manifest', 'inspect', '--local', list)
  const { manifests } = JSON.parse(stdout) as { manifests: readonly { platform?: { os: string; architecture: string } }[] }
  return manifests.map(({ platform }) => `${platform?.os}/${platform?.architecture}`)
}

describe('a list that is created', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['an index', ['multi'], ['linux/amd64', 'linux/arm64', 'unknown/unknown']],
    ['an index in an index', ['nested'], ['linux/s390x', 'linux/amd64', 'linux/arm64', 'unknown/unknown']],
    ['one platform of an index, with what is about it', ['multi', '--platform', 'linux/amd64'], ['linux/amd64', 'unknown/unknown']],
    ['one that nothing is about', ['multi', '--platform', 'linux/arm64/v8'], ['linux/arm64']],
    ['several platforms without attestations', ['nested', '--platform', 'linux/arm64', '--platform', 'linux/s390x', '--no-attestations'], ['linux/s390x', 'linux/arm64']],
  ])('of %s has its images in their order', async (_, [name = '', ...flags], wanted) => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(multi())
    const list = `${ground.repo('app')}:list`
    const { stdout } = await succeed(ground, 'manifest', 'create', list, `${ground.repo('app')}:${name}`, ...flags)
    const images = wanted.filter((platform) => !platform.startsWith('unknown')).length
    expect(stdout).toBe(`Created ${list} (${images === 1 ? '1 image' : `${images} images`})\n`)
    expect(await platformsIn(ground, list)).toEqual(wanted)
  })

  test('of a platform that is not there says what there is, and is not', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(multi())
    const list = `${ground.repo('app')}:list`
    for (const more of [[], ['--platform', 'linux/amd64']]) {
      const { code, stderr } = await ground.run(['manifest', 'create', list, `${ground.repo('app')}:multi`, '--platform', 'linux/s390x', ...more])
      expect(code).toBe(1)
      expect(stderr).toContain('linux/s390x')
      expect(stderr).toContain('linux/arm64')
    }
    expect((await ground.run(['manifest', 'exists', list])).code).toBe(1)
  })

  test('tells every image that is not there, and is not', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64']))
    const [list, app] = [`${ground.repo('app')}:list`, ground.repo('app')]
    const { code, stdout, stderr } = await ground.run(['manifest', 'create', list, `${app}:no`, `${app}:amd64`, `${app}:neither`, '--json'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'IMAGE_NOT_FOUND', message: expect.stringMatching(/:no"[^]*:neither"/) as string, hint: null } })
  })

  test('where there is one already speaks to no registry, and can take the place of one that nobody can read', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64']))
    const [list, image] = [`${ground.repo('app')}:list`, `${ground.repo('app')}:amd64`]
    await succeed(ground, 'manifest', 'create', list)
    const before = registry.requests.length
    for (const [flags, code, said] of [[[], 1, '--replace'], [['--amend', '--replace'], 2, '--amend'], [['--amend', '--format', 'docker'], 1, 'fixed when it was created']] as const) {
      const result = await ground.run(['manifest', 'create', list, image, ...flags])
      expect({ code: result.code, stderr: result.stderr }).toEqual({ code, stderr: expect.stringContaining(said) as string })
    }
    expect(registry.requests.length).toBe(before)
    await writeFile(join(listsFolder(ground), `${list.replaceAll(':', '%3A').replaceAll('/', '%2F')}/list.json`), '')
    expect(await ground.run(['manifest', 'exists', list])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('list.json') as string })
    await succeed(ground, 'manifest', 'create', list, image, '--replace')
    expect(await platformsIn(ground, list)).toEqual(['linux/amd64'])
  })

  test('has the size and type of what was fetched, whatever its parent says', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64']))
    const { digest, size, mediaType } = ground.manifestOf('amd64')
    const lie = { schemaVersion: 2, mediaType: ociIndex, manifests: [{ mediaType: 'application/vnd.docker.distribution.manifest.v2+json', digest, size: size + 5, platform: { os: 'linux', architecture: 'amd64' } }] }
    await fetch(`http://${ground.repo('app').replace('/', '/v2/')}/manifests/lie`, { method: 'PUT', headers: { 'content-type': ociIndex }, body: JSON.stringify(lie) })
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', list, `${ground.repo('app')}:lie`)
    expect(JSON.parse((await succeed(ground, 'manifest', 'inspect', list)).stdout)).toMatchObject({ manifests: [{ mediaType, digest, size }] })
  })
})

describe('createIndex', () => {
  test('publishes with no local list, tells what it does, and refuses what no platform can choose', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push({ ...imagesFor(['amd64', 'arm64']), bare: { config: { os: 'linux' }, layers: [{ a: 'bare' }], tag: 'bare' } })
    const events: Event[] = []
    const [app, options] = [ground.repo('app'), { cwd: ground.work, env: { HOME: ground.home }, onEvent: (event: Event) => void events.push(event) }]
    const result = await createIndex({ ...options, list: `${app}:1`, images: [`${app}:amd64`, `${app}:arm64`], tags: ['latest'], annotations: { made: 'here' } })
    expect(result).toMatchObject({ reference: `${app}:1`, digest: await ground.fill('{served:app:latest}'), tags: [`${app}:latest`, `${app}:1`] })
    expect(events.filter(({ type }) => type === 'tagged')).toHaveLength(2)
    expect(JSON.parse((await ground.served('app', '1'))?.bytes.toString('utf8') ?? '')).toMatchObject({ annotations: { made: 'here' } })
    await expect(createIndex({ ...options, list: `${app}:2`, images: [`${app}:bare`] })).rejects.toMatchObject({ code: 'PLATFORM_MISSING', hint: expect.stringContaining('manifest annotate') as string })
    await expect(createIndex({ ...options, list: `${app}:2` })).rejects.toMatchObject({ code: 'LIST_EMPTY' })
    await expect(createIndex({ ...options, list: `${app}:2`, images: [`${app}:amd64`], signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await ground.tags('app')).toEqual(['1', 'amd64', 'arm64', 'bare', 'latest'])
  })

  test('adds to the index that is there where it is told to', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64']))
    const [app, options] = [ground.repo('app'), { cwd: ground.work, env: { HOME: ground.home }, amend: true }]
    await createIndex({ ...options, list: `${app}:1`, images: [`${app}:amd64`] })
    const { images } = await createIndex({ ...options, list: `${app}:1`, images: [`${app}:arm64`] })
    expect(images.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64'])
  })
})

/** Writes a file for each image, as --metadata-file does, and merges the folder of them. */
async function merge(ground: ManifestGround, files: Readonly<Record<string, unknown>>): Promise<Awaited<ReturnType<ManifestGround['run']>>> {
  await mkdir(join(ground.work, 'results'))
  for (const [name, value] of Object.entries(files)) await writeFile(join(ground.work, 'results', name), typeof value === 'string' ? value : JSON.stringify(value))
  return ground.run(['manifest', 'create', '--publish', `${ground.repo('app')}:list`, '--from', 'results'])
}

function file(ground: ManifestGround, name: string, platform: object = { os: 'linux', architecture: name }, more: object = {}): object {
  return { schemaVersion: 1, other: true, images: [{ name: ground.repo('app'), digest: ground.manifestOf(name).digest, platform, ...more }] }
}

/** A buildpackage as far as its label goes. */
function labelled(id: string, architecture: string): CaseImage {
  return { config: { os: 'linux', architecture, config: { Labels: { 'io.buildpacks.buildpackage.metadata': JSON.stringify({ id, version: '1' }) } } }, layers: [{ a: id }] }
}

describe('files that jobs of a matrix left', () => {
  test('are merged by name, and fill in what a config does not say', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push({ ...imagesFor(['amd64']), bare: { config: { os: 'linux' }, layers: [{ a: 'bare' }] } })
    const { code, stderr } = await merge(ground, { 'b.json': file(ground, 'amd64'), 'a.json': file(ground, 'bare', { os: 'linux', architecture: 'arm64', variant: 'v8' }), 'note.txt': 'x' })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const { manifests } = JSON.parse((await ground.served('app', 'list'))?.bytes.toString('utf8') ?? '') as { manifests: readonly { platform: unknown }[] }
    expect(manifests.map(({ platform }) => platform)).toEqual([{ architecture: 'arm64', os: 'linux', variant: 'v8' }, { architecture: 'amd64', os: 'linux' }])
  })

  test.each<[string, (ground: ManifestGround) => Record<string, unknown>, readonly string[]]>([
    ['of which two are of one platform', (g) => ({ 'a.json': file(g, 'amd64'), 'b.json': file(g, 'twin', { os: 'linux', architecture: 'amd64' }) }), ['linux/amd64', 'a.json', 'b.json']],
    ['of which one is a copy', (g) => ({ 'a.json': file(g, 'amd64'), 'b.json': file(g, 'amd64') }), ['a.json', 'b.json']],
    ['that contradict a config', (g) => ({ 'a.json': file(g, 'amd64', { os: 'linux', architecture: 'arm64' }) }), ['a.json', 'linux/arm64', 'linux/amd64']],
    ['of an image that is not there', (g) => ({ 'a.json': file(g, 'amd64'), 'b.json': file(g, 'arm64', undefined, { digest: `sha256:${'0'.repeat(64)}` }) }), ['b.json', '0'.repeat(64)]],
    ['of two versions', (g) => ({ 'a.json': file(g, 'amd64', undefined, { layers: [{ module: 'a/b@1' }] }), 'b.json': file(g, 'arm64', undefined, { layers: [{ module: 'a/b@2' }] }) }), ['a.json', 'a/b@1', 'b.json', 'a/b@2']],
    ['of two packages by their labels', (g) => ({ 'a.json': file(g, 'labelled', { os: 'linux', architecture: 's390x' }), 'b.json': file(g, 'other', { os: 'linux', architecture: 'riscv64' }) }), ['a.json', 'acme/one@1', 'b.json', 'acme/two@1']],
    ['of another schema', () => ({ 'a.json': { schemaVersion: 2, images: [] } }), ['a.json', 'schemaVersion 2']],
    ['without an image', () => ({ 'a.json': { schemaVersion: 1, images: [] } }), ['a.json', 'no image']],
    ['without a platform', (g) => ({ 'a.json': file(g, 'amd64', undefined, { platform: undefined }) }), ['a.json', 'images[0]']],
    ['without a digest', (g) => ({ 'a.json': file(g, 'amd64', undefined, { digest: 'latest' }) }), ['a.json', 'images[0]']],
    ['that are no JSON', () => ({ 'a.json': 'x' }), ['a.json']],
    ['of which there is none', () => ({ 'a.txt': 'x' }), ['results']],
  ])('%s are refused by name, and nothing is published', async (_, files, said) => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push({ ...imagesFor(['amd64', 'arm64']), twin: { config: { os: 'linux', architecture: 'amd64' }, layers: [{ a: 'twin' }] }, labelled: labelled('acme/one', 's390x'), other: labelled('acme/two', 'riscv64') })
    const { code, stdout, stderr } = await merge(ground, files(ground))
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    for (const text of said) expect(stderr).toContain(text)
    expect(await ground.tags('app')).toEqual(['amd64', 'arm64'])
  })
})
