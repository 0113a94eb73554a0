import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImageIndex } from '../../src/oci/manifest.ts'
import { digestOf } from '../../src/oci/digest.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { digestIn, fixture, packaged } from './support/cli.ts'
import { contentsOf, packageOf } from './support/compare.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { exec } from './support/exec.ts'
import { openPodman, writePolicy } from './support/podman.ts'

/** Targets of the composite, with the folder of hello-world that each one's component is made of. */
const targets = [
  { platform: 'linux/amd64', root: 'linux/amd64' },
  { platform: 'linux/arm64', root: 'linux/arm64' },
  { platform: 'linux/arm/v7', root: 'linux/arm/v7' },
]

let registry: RunningRegistry
let elsewhere: RunningRegistry
let home: Tree
let policy: string
let name: string
let printed: string

/** hello-world from its folder, hello-shared from its image in another registry. */
beforeAll(async () => {
  ;[registry, elsewhere] = await Promise.all([startDockerRegistry(), startDockerRegistry()])
  home = await emptyTree()
  policy = await writePolicy(home.path)
  const shared = `${elsewhere.host}/samples/hello-shared:0.0.1`
  await packaged([shared, '--publish', '-p', fixture('hello-shared'), ...targets.flatMap(({ platform }) => ['--target', platform])], { home: home.path })
  await writeComposite(shared)
  name = `${registry.host}/samples/meta:1`
  printed = await packaged([name, '--publish', '-c', join(home.path, 'package.toml')], { home: home.path })
})

afterAll(async () => {
  await Promise.all([registry.close(), elsewhere.close()])
  await home.remove()
})

async function writeComposite(shared: string): Promise<void> {
  const members = ['samples/hello-world', 'samples/hello-shared'].map((id) => `[[order.group]]\nid = "${id}"\nversion = "0.0.1"\n`)
  await mkdir(join(home.path, 'meta'))
  await writeFile(join(home.path, 'meta/buildpack.toml'), `api = "0.10"\n[buildpack]\nid = "samples/meta"\nversion = "1"\n[[order]]\n${members.join('')}`)
  const tables = targets.map(({ platform }) => {
    const [os, arch, variant] = platform.split('/')
    return `[[targets]]\nos = "${os}"\narch = "${arch}"\n${variant === undefined ? '' : `variant = "${variant}"\n`}`
  })
  await writeFile(join(home.path, 'package.toml'), `[buildpack]\nuri = "meta"\n[[dependencies]]\nuri = "${fixture('hello-world')}"\n[[dependencies]]\nuri = "docker://${shared}"\n${tables.join('')}`)
}

/** What the composite unpacks to: each module as its own package has it. */
async function wanted(root: string): Promise<Record<string, unknown>> {
  return {
    'samples_hello-world/0.0.1': await packageOf(fixture('hello-world'), root),
    'samples_hello-shared/0.0.1': await packageOf(fixture('hello-shared'), '.'),
    'samples_meta/1': await contentsOf(join(home.path, 'meta')),
  }
}

async function modulesIn(folder: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const id of await readdir(folder)) {
    for (const version of await readdir(join(folder, id))) found[`${id}/${version}`] = await contentsOf(join(folder, id, version))
  }
  return found
}

function platformFlags(platform: string): string[] {
  const [os = '', architecture = '', variant] = platform.split('/')
  return ['--override-os', os, '--override-arch', architecture, ...(variant === undefined ? [] : ['--override-variant', variant])]
}

/** Copies one platform's image into a layout, unpacks it by umoci, and gives its modules. */
async function unpacked(what: string, reference: string, platform: string): Promise<Record<string, unknown>> {
  const layout = join(home.path, `${what}-${platform.replaceAll('/', '-')}`)
  await exec('skopeo', ['copy', '--policy', policy, ...platformFlags(platform), '--src-tls-verify=false', reference, `oci:${layout}.oci:one`])
  await exec('umoci', ['raw', 'unpack', '--image', `${layout}.oci:one`, `${layout}-bundle`])
  return modulesIn(join(`${layout}-bundle`, 'cnb/buildpacks'))
}

describe('a composite of a folder and of an image in another registry, published to a real registry,', () => {
  test('is the index whose digest was printed', async () => {
    const text = await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`])
    expect(digestIn(printed)).toBe(digestOf(Buffer.from(text)))
    expect((JSON.parse(text) as ImageIndex).manifests.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64', 'arm'])
  })

  test.each(targets)('unpacks by umoci for $platform to the files of its modules', async ({ platform, root }) => {
    expect(await unpacked('published', `docker://${name}`, platform)).toEqual(await wanted(root))
  })

  test.each(targets)('is pulled by podman for $platform, with the same files', async ({ platform, root }) => {
    await using podman = await openPodman(registry.host)
    const id = (await podman.run('pull', '--quiet', '--signature-policy', policy, '--platform', platform, name)).trim()
    const mounted = (await podman.run('image', 'mount', id)).trim()
    expect(await modulesIn(join(mounted, 'cnb/buildpacks'))).toEqual(await wanted(root))
    await podman.run('image', 'unmount', id)
  })

  test('has the foreign layers as they were, and a second run sends nothing', async () => {
    const result = join(home.path, 'result.json')
    await packaged([name, '--publish', '-c', join(home.path, 'package.toml'), '--metadata-file', result], { home: home.path })
    const { digest, images } = JSON.parse(await readFile(result, 'utf8'))
    expect(digest).toBe(digestIn(printed))
    const layers = images.flatMap((image: { layers: { module: string; digest: string; status: string }[] }) => image.layers)
    expect(new Set(layers.map(({ status }: { status: string }) => status))).toEqual(new Set(['present']))
    const theirs = JSON.parse(await exec('skopeo', ['inspect', '--tls-verify=false', ...platformFlags('linux/arm64'), `docker://${elsewhere.host}/samples/hello-shared:0.0.1`])).Layers
    const taken = layers.filter(({ module }: { module: string }) => module === 'samples/hello-shared@0.0.1').map((layer: { digest: string }) => layer.digest)
    expect(new Set(taken)).toEqual(new Set(theirs))
  })

  test('flattened is one layer with the same files', async () => {
    const flat = `${registry.host}/samples/flat:1`
    await packaged([flat, '--publish', '--flatten', '-c', join(home.path, 'package.toml')], { home: home.path })
    const inspected = JSON.parse(await exec('skopeo', [...platformFlags('linux/arm64'), 'inspect', '--tls-verify=false', `docker://${flat}`]))
    expect(inspected.Layers).toHaveLength(1)
    expect(await unpacked('flat', `docker://${flat}`, 'linux/arm64')).toEqual(await wanted('linux/arm64'))
  })

  test('is a dependency of another, mounted within the registry', async () => {
    await mkdir(join(home.path, 'outer'))
    await writeFile(join(home.path, 'outer/buildpack.toml'), 'api = "0.10"\n[buildpack]\nid = "samples/outer"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "samples/meta"\nversion = "1"\n')
    await writeFile(join(home.path, 'outer.toml'), `[buildpack]\nuri = "outer"\n[[dependencies]]\nuri = "${name}"\n`)
    const result = join(home.path, 'outer.json')
    const outer = `${registry.host}/samples/outer:1`
    await packaged([outer, '--publish', '-c', join(home.path, 'outer.toml'), '-t', 'linux/arm/v7', '--metadata-file', result], { home: home.path })
    const [{ layers }] = JSON.parse(await readFile(result, 'utf8')).images
    expect(layers.map(({ module, status }: { module: string; status: string }) => [module, status])).toEqual([
      ['samples/hello-world@0.0.1', 'mounted'],
      ['samples/hello-shared@0.0.1', 'mounted'],
      ['samples/meta@1', 'mounted'],
      ['samples/outer@1', 'uploaded'],
    ])
    expect(await unpacked('outer', `docker://${outer}`, 'linux/arm/v7')).toEqual({ ...(await wanted('linux/arm/v7')), 'samples_outer/1': await contentsOf(join(home.path, 'outer')) })
  })
})

test('a composite as one file for all targets unpacks to the files of its modules', async () => {
  const file = join(home.path, 'meta.cnb')
  await packaged(['--format', 'file', '--single-file', '-o', file, '-c', join(home.path, 'package.toml')], { home: home.path })
  expect(await unpacked('file', `oci-archive:${file}`, 'linux/arm64')).toEqual(await wanted('linux/arm64'))
})
