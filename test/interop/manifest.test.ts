import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImageIndex } from '../../src/oci/manifest.ts'
import { digestOf } from '../../src/oci/digest.ts'
import type { CaseImage } from '../support/vectors/manifest-case.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import type { RealEngine } from './support/dockerd.ts'
import { startDockerd } from './support/dockerd.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { exec } from './support/exec.ts'
import type { Podman } from './support/podman.ts'
import { openPodman, writePolicy } from './support/podman.ts'
import { pullInto } from './support/pull.ts'

let registry: RunningRegistry
let elsewhere: RunningRegistry
let engine: RealEngine
let podman: Podman

beforeAll(async () => {
  ;[registry, elsewhere] = await Promise.all([startDockerRegistry({ log: true }), startDockerRegistry()])
  ;[engine, podman] = await Promise.all([startDockerd(), openPodman(registry.host)])
})

afterAll(async () => {
  await Promise.all([registry, elsewhere].map((one) => one?.close()))
  await Promise.all([engine, podman].map((one) => one?.[Symbol.asyncDispose]()))
})

const dockerType = 'application/vnd.docker.distribution.manifest.v2+json'
const amd64 = { config: { os: 'linux', architecture: 'amd64' }, layers: [{ 'cnb/amd64': 'amd64' }], tag: 'amd64' }
const arm64 = { config: { os: 'linux', architecture: 'arm64', variant: 'v8' }, layers: [{ 'cnb/arm64': 'arm64' }], tag: 'arm64' }
const windows = { config: { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.1', 'os.features': ['win32k'] }, layers: [{ 'Files/cnb/a': 'windows' }], tag: 'windows' }

/** Runs a command that has to succeed, in a process of its own, and gives its stdout without the line's end. */
async function run(ground: ManifestGround, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await ground.start(args)
  if (code !== 0) throw new Error(`bp-package ${args.join(' ')}: exit ${String(code)}\n${stderr}`)
  return stdout.trimEnd()
}

async function rawIndex(name: string): Promise<{ readonly text: string; readonly index: ImageIndex }> {
  const text = await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`])
  return { text, index: JSON.parse(text) as ImageIndex }
}

/** Everything that an index names, read and checked by skopeo. */
async function copiesWhole(ground: ManifestGround, name: string, folder: string): Promise<void> {
  const policy = await writePolicy(ground.work)
  await exec('skopeo', ['copy', '--all', '--policy', policy, '--src-tls-verify=false', `docker://${name}`, `dir:${join(ground.work, folder)}`], { env: { HOME: ground.work, TMPDIR: ground.work } })
  const { text } = await rawIndex(name)
  expect(await readFile(join(ground.work, folder, 'manifest.json'), 'utf8')).toBe(text)
}

interface Format {
  readonly format: string
  readonly mediaType: string
  readonly images: Readonly<Record<'amd64' | 'arm64' | 'windows', CaseImage>>
}

const formats: readonly Format[] = [
  { format: 'oci', mediaType: 'application/vnd.oci.image.index.v1+json', images: { amd64, arm64, windows } },
  {
    format: 'docker',
    mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json',
    images: { amd64: { ...amd64, mediaType: dockerType }, arm64: { ...arm64, mediaType: dockerType }, windows: { ...windows, mediaType: dockerType } },
  },
]

describe.each(formats)('a list of the format $format', ({ format, mediaType, images }) => {
  let ground: ManifestGround
  let name: string
  let printed: string

  beforeAll(async () => {
    ground = await ManifestGround.open(registry.host)
    await ground.push(images)
    name = `${ground.repo('app')}:list`
    await run(ground, 'manifest', 'create', name, '--format', format)
    await run(ground, 'manifest', 'add', name, ...Object.keys(images).map((tag) => `${ground.repo('app')}:${tag}`))
    printed = await run(ground, 'manifest', 'push', name)
  })

  afterAll(() => ground?.[Symbol.asyncDispose]())

  test('is the index whose digest was printed, its children as they were', async () => {
    const { text, index } = await rawIndex(name)
    expect(printed).toBe(`${name}@${digestOf(Buffer.from(text))}`)
    expect(index.mediaType).toBe(mediaType)
    expect(index.manifests.map(({ digest }) => digest)).toEqual(Object.keys(images).map((image) => ground.manifestOf(image).digest))
  })

  test('is copied whole by skopeo', async () => {
    await copiesWhole(ground, name, 'copy')
  })

  test('is read by podman, which pulls the image of a platform', async () => {
    const seen = JSON.parse(await podman.run('manifest', 'inspect', name)) as ImageIndex
    expect(seen.manifests.map(({ digest }) => digest)).toEqual(Object.keys(images).map((image) => ground.manifestOf(image).digest))
    for (const architecture of ['amd64', 'arm64']) {
      await podman.run('pull', '-q', '--platform', `linux/${architecture}`, name)
      expect((await podman.run('image', 'inspect', '--format', '{{.Os}}/{{.Architecture}}', name)).trim()).toBe(`linux/${architecture}`)
    }
  })

  test('gives Docker the image of a platform', async () => {
    for (const architecture of ['amd64', 'arm64']) expect(await pullInto(engine, name, `linux/${architecture}`)).toMatchObject({ Os: 'linux', Architecture: architecture })
  })

  test('says which Windows a child is for, and skopeo finds it by that', async () => {
    const { index } = await rawIndex(name)
    expect(index.manifests.at(-1)?.platform).toEqual(windows.config)
    const found = await exec('skopeo', ['inspect', '--config', '--tls-verify=false', '--override-os', 'windows', '--override-arch', 'amd64', `docker://${name}`])
    expect(JSON.parse(found)).toMatchObject({ os: 'windows', 'os.version': '10.0.20348.1' })
  })

  test('is inspected from the registry by the bytes it has', async () => {
    const { text } = await rawIndex(name)
    expect(await run(ground, 'manifest', 'inspect', '--remote', '--raw', name)).toBe(text.trimEnd())
    expect(await run(ground, 'manifest', 'inspect', '--remote', '--digest', name)).toBe(digestOf(Buffer.from(text)))
  })
})

describe('children from elsewhere', () => {
  test('of the same registry are mounted: no blob is sent', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push({ a: { ...amd64, repository: 'one' }, b: { ...arm64, repository: 'two', mediaType: dockerType } })
    const name = `${ground.repo('app')}:list`
    await run(ground, 'manifest', 'create', name, `${ground.repo('one')}:amd64`, `${ground.repo('two')}:arm64`)
    const before = registry.requests.length
    const result = JSON.parse(await run(ground, 'manifest', 'push', '--json', name)) as { readonly images: readonly { readonly copied: string }[] }
    expect(result.images.map(({ copied }) => copied)).toEqual(['mounted', 'mounted'])
    const app = registry.requests.slice(before).filter((line) => line.includes('/app/'))
    expect(app.filter((line) => /^POST \S+mount=\S+ 201$/.test(line))).toHaveLength(4)
    expect(app.filter((line) => /^(PATCH|PUT) \S+\/blobs\/uploads\//.test(line))).toEqual([])
    await copiesWhole(ground, name, 'copy')
  })

  test('of another registry are sent, byte for byte, and once', async () => {
    await using here = await ManifestGround.open(registry.host)
    await using there = await ManifestGround.open(elsewhere.host)
    await here.push({ amd64 })
    await there.push({ arm64, windows: { ...windows, mediaType: dockerType } })
    const name = `${here.repo('app')}:list`
    await run(here, 'manifest', 'create', name, `${here.repo('app')}:amd64`, `${there.repo('app')}:arm64`, `${there.repo('app')}:windows`)
    const copied = async (): Promise<readonly string[]> =>
      (JSON.parse(await run(here, 'manifest', 'push', '--json', name)) as { readonly images: readonly { readonly copied: string }[] }).images.map((image) => image.copied)
    expect(await copied()).toEqual(['present', 'uploaded', 'uploaded'])
    for (const image of ['arm64', 'windows']) expect((await here.served('app', there.manifestOf(image).digest))?.bytes).toEqual(there.manifestOf(image).bytes)
    await copiesWhole(here, name, 'copy')
    const before = registry.requests.length
    expect(await copied()).toEqual(['present', 'present', 'present'])
    expect(registry.requests.slice(before).filter((line) => !/^(HEAD|GET) /.test(line))).toEqual([])
  })
})

describe('somebody else\'s index', () => {
  test('goes into a list child by child, and is changed in the registry itself', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push({ amd64, arm64, windows })
    const name = `${ground.repo('app')}:theirs`
    await podman.run('manifest', 'create', name)
    await podman.run('manifest', 'add', '--annotation', 'by=podman', name, `docker://${ground.repo('app')}:amd64`)
    await podman.run('manifest', 'push', '--format', 'oci', '--all', name, `docker://${name}`)
    await podman.run('manifest', 'rm', name)
    const printed = await run(ground, 'manifest', 'add', '--publish', name, `${ground.repo('app')}:arm64`)
    const { text, index } = await rawIndex(name)
    expect(printed).toBe(`${name}@${digestOf(Buffer.from(text))}`)
    expect(index.manifests.map(({ digest }) => digest)).toEqual([ground.manifestOf('amd64').digest, ground.manifestOf('arm64').digest])
    expect(index.manifests[0]?.annotations).toEqual({ by: 'podman' })
    await run(ground, 'manifest', 'rm', '--publish', name, 'linux/amd64')
    expect((await rawIndex(name)).index.manifests.map(({ digest }) => digest)).toEqual([ground.manifestOf('arm64').digest])
    const list = `${ground.repo('app')}:list`
    await run(ground, 'manifest', 'create', '--publish', list, name, `${ground.repo('app')}:windows`)
    expect((await rawIndex(list)).index.manifests.map(({ digest }) => digest)).toEqual(['arm64', 'windows'].map((image) => ground.manifestOf(image).digest))
    await copiesWhole(ground, list, 'copy')
  })
})
