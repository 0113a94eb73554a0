import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImageIndex } from '../../src/oci/manifest.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { formatPlatform } from '../../src/oci/platform.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { digestIn, fixture, packaged } from './support/cli.ts'
import { contentsOf, packageOf } from './support/compare.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { exec } from './support/exec.ts'
import type { Podman } from './support/podman.ts'
import { openPodman, writePolicy } from './support/podman.ts'

/** Targets of fixtures/hello-world, in order, with the folder that each one's package is made of. */
const targets = [
  { platform: 'linux/amd64', root: 'linux/amd64' },
  { platform: 'linux/arm64', root: 'linux/arm64' },
  { platform: 'linux/arm/v7', root: 'linux/arm/v7' },
  { platform: 'linux/riscv64', root: 'linux/riscv64/ubuntu@24.04' },
]

let registry: RunningRegistry
let home: Tree
let policy: string
let name: string
let printed: string

beforeAll(async () => {
  registry = await startDockerRegistry()
  home = await emptyTree()
  policy = await writePolicy(home.path)
  name = `${registry.host}/samples/hello-world:0.0.1`
  printed = await packaged([name, '--publish', '-p', fixture('hello-world')], { home: home.path })
})

afterAll(async () => {
  await registry.close()
  await home.remove()
})

async function rawIndex(reference = `docker://${name}`): Promise<{ readonly text: string; readonly index: ImageIndex }> {
  const text = await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', reference])
  return { text, index: JSON.parse(text) as ImageIndex }
}

describe('hello-world, published to a real registry,', () => {
  test('is the index whose digest was printed', async () => {
    const { text, index } = await rawIndex()
    expect(printed).toBe(`${registry.host}/samples/hello-world@${digestOf(Buffer.from(text))}`)
    expect(index.mediaType).toBe('application/vnd.oci.image.index.v1+json')
    expect(index.manifests.map(({ platform }) => platform && formatPlatform(platform))).toEqual([
      'linux/amd64',
      'linux/arm64',
      'linux/arm/v7',
      'linux/riscv64:24.04',
    ])
  })

  test.each(targets)('has an image for $platform that skopeo inspects', async ({ platform }) => {
    const [os = '', architecture = '', variant] = platform.split('/')
    const chosen = ['--override-os', os, '--override-arch', architecture, ...(variant === undefined ? [] : ['--override-variant', variant])]
    const inspected = JSON.parse(await exec('skopeo', [...chosen, 'inspect', '--tls-verify=false', `docker://${name}`]))
    expect(inspected).toMatchObject({ Os: os, Architecture: architecture, Layers: [expect.stringMatching(/^sha256:/)] })
    expect(Object.keys(inspected.Labels).sort()).toEqual(['io.buildpacks.buildpack.layers', 'io.buildpacks.buildpackage.metadata'])
  })

  test('is copied whole by skopeo, byte for byte', async () => {
    const copy = join(home.path, 'copy.oci')
    await exec('skopeo', ['copy', '--policy', policy, '--all', '--preserve-digests', '--src-tls-verify=false', `docker://${name}`, `oci:${copy}:0.0.1`])
    expect(digestOf(Buffer.from((await rawIndex(`oci:${copy}:0.0.1`)).text))).toBe(digestIn(printed))
  })

  test('moves to another registry by skopeo with the same digests', async () => {
    const other = await startDockerRegistry()
    try {
      const elsewhere = `docker://${other.host}/mirror/hello:1`
      await exec('skopeo', ['copy', '--policy', policy, '--all', '--preserve-digests', '--src-tls-verify=false', '--dest-tls-verify=false', `docker://${name}`, elsewhere])
      expect(digestOf(Buffer.from((await rawIndex(elsewhere)).text))).toBe(digestIn(printed))
    } finally {
      await other.close()
    }
  })

  test.each(targets)('unpacks by umoci for $platform to the files of $root', async ({ platform, root }) => {
    const layout = join(home.path, `${root.replaceAll('/', '-')}.oci`)
    const [os = '', architecture = '', variant] = platform.split('/')
    const chosen = ['--override-os', os, '--override-arch', architecture, ...(variant === undefined ? [] : ['--override-variant', variant])]
    await exec('skopeo', ['copy', '--policy', policy, ...chosen, '--src-tls-verify=false', `docker://${name}`, `oci:${layout}:one`])
    const bundle = join(home.path, `${root.replaceAll('/', '-')}-bundle`)
    await exec('umoci', ['raw', 'unpack', '--image', `${layout}:one`, bundle])
    expect(await readdir(join(bundle, 'cnb/buildpacks'))).toEqual(['samples_hello-world'])
    expect(await contentsOf(join(bundle, 'cnb/buildpacks/samples_hello-world/0.0.1'))).toEqual(await packageOf(fixture('hello-world'), root))
  })

  test('is there already in a second run, which prints the same and uploads no layer', async () => {
    const metadata = join(home.path, 'result.json')
    await packaged([name, '--publish', '-p', fixture('hello-world'), '--metadata-file', metadata], { home: home.path })
    const result = JSON.parse(await readFile(metadata, 'utf8'))
    expect(result.digest).toBe(digestIn(printed))
    const statuses = result.images.flatMap((image: { layers: { status: string }[] }) => image.layers.map(({ status }) => status))
    expect(new Set(statuses)).toEqual(new Set(['present']))
  })
})

describe('podman', () => {
  let podman: Podman

  beforeAll(async () => {
    podman = await openPodman(registry.host)
  })

  afterAll(async () => {
    await podman[Symbol.asyncDispose]()
  })

  test('lists the index', async () => {
    const { index } = await rawIndex()
    expect(JSON.parse(await podman.run('manifest', 'inspect', name)).manifests).toEqual(
      index.manifests.map((child) => expect.objectContaining({ digest: child.digest, size: child.size })),
    )
  })

  test.each(targets)('pulls the image for $platform', async ({ platform }) => {
    const id = (await podman.run('pull', '--quiet', '--signature-policy', policy, '--platform', platform, name)).trim()
    const [image] = JSON.parse(await podman.run('image', 'inspect', id))
    const [os, architecture] = platform.split('/')
    expect(image).toMatchObject({ Os: os, Architecture: architecture })
    expect(image.Labels['io.buildpacks.buildpackage.metadata']).toContain('"id":"samples/hello-world"')
  })
})

describe('one root for several targets', () => {
  test('is one layer, uploaded once, that all images share', async () => {
    const shared = `${registry.host}/samples/hello-shared:1`
    await packaged([shared, '--publish', '-p', fixture('hello-shared')], { home: home.path })
    const { index } = await rawIndex(`docker://${shared}`)
    const layers = new Set<string>()
    for (const { digest } of index.manifests) {
      const manifest = JSON.parse(await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/samples/hello-shared@${digest}`]))
      for (const layer of manifest.layers) layers.add(layer.digest)
    }
    expect(index.manifests).toHaveLength(3)
    expect(layers.size).toBe(1)
  })

  test('keeps its symlink', async () => {
    const layout = join(home.path, 'shared.oci')
    await exec('skopeo', ['copy', '--policy', policy, '--override-os', 'linux', '--override-arch', 'arm64', '--src-tls-verify=false', `docker://${registry.host}/samples/hello-shared:1`, `oci:${layout}:one`])
    await exec('umoci', ['raw', 'unpack', '--image', `${layout}:one`, join(home.path, 'shared')])
    const unpacked = await contentsOf(join(home.path, 'shared/cnb/buildpacks/samples_hello-shared/0.0.1'))
    expect(unpacked).toEqual(await packageOf(fixture('hello-shared'), '.'))
    expect(unpacked['share/default.txt']).toBe('link to greeting.txt')
  })
})

describe('a package for Windows', () => {
  test('is one image that skopeo reads, with its files below Files', async () => {
    const windows = `${registry.host}/samples/hello-windows:1`
    await packaged([windows, '--publish', '-p', fixture('hello-windows')], { home: home.path })
    const layout = join(home.path, 'windows.oci')
    await exec('skopeo', ['copy', '--policy', policy, '--override-os', 'windows', '--override-arch', 'amd64', '--src-tls-verify=false', `docker://${windows}`, `oci:${layout}:one`])
    await exec('umoci', ['raw', 'unpack', '--image', `${layout}:one`, join(home.path, 'windows')])
    const unpacked = await contentsOf(join(home.path, 'windows/Files/cnb/buildpacks/samples_hello-windows/0.0.1'))
    expect(Object.keys(unpacked)).toEqual(['bin', 'bin/build.bat', 'bin/detect.bat', 'buildpack.toml'])
  })
})

test('every extra tag names the index, in another repository too', async () => {
  const extra = `${registry.host}/mirror/hello-world:stable`
  await packaged([name, '--publish', '-p', fixture('hello-world'), '--tag', `${registry.host}/samples/hello-world:latest`, '--tag', extra], { home: home.path })
  for (const reference of [`${registry.host}/samples/hello-world:latest`, extra]) {
    expect(digestOf(Buffer.from((await rawIndex(`docker://${reference}`)).text))).toBe(digestIn(printed))
  }
})
