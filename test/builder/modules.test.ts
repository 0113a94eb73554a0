import { describe, expect, test } from 'vitest'
import { packageBuildpack } from '../../src/package/run.ts'
import { tarBytes } from '../support/archives/tar-bytes.ts'
import { makeImage, sendImage } from '../support/images/made.ts'
import { digestOf } from '../support/read-back/image.ts'
import { readOutput } from '../support/read-back/registry.ts'
import type { BuilderGround } from './support/ground.ts'
import { baseConfig, baseImage, buildpack, modules, openBuilderGround, tomlWith, twoTargets } from './support/ground.ts'

const hello = buildpack('acme/hello', '1.0.0')

/** Packages a buildpack of the ground's folder into its registry. */
async function publishPackage(ground: BuilderGround, id: string): Promise<void> {
  const path = id.split('/').at(-1) ?? id
  await packageBuildpack({ cwd: ground.tree.path, path, name: `${ground.registry.host}/${id}:1`, env: { HOME: ground.tree.path }, hostArch: 'amd64', destination: 'registry', cache: false })
}

function layersOf(output: Awaited<ReturnType<typeof readOutput>>, at = 0): readonly string[] {
  return (output.images[at]?.diff_ids ?? []).map((diffID) => output.layers[diffID]?.entries[0]?.name ?? '')
}

describe('a package', () => {
  test('gives each target its own image, and a layer that would stay the same is mounted, not made', async () => {
    await using ground = await openBuilderGround(tomlWith(`[[buildpacks]]\nuri = "docker://HOST/acme/hello:1"\n[[order]]\n[[order.group]]\nid = "acme/hello"\n${twoTargets}`), hello)
    await publishPackage(ground, 'acme/hello')
    const result = await ground.run()
    const layer = result.images[0]?.layers.find(({ module }) => module === 'acme/hello@1.0.0')
    expect(layer?.status).toBe('mounted')
    expect(ground.events.filter((event) => event.type === 'layer-built' && event.module === 'acme/hello@1.0.0')).toEqual([])
  })

  test("with an image for each distribution gives the one for the build image's", async () => {
    const distros = ['12', '13'].map((version) => `[[targets.distros]]\nname = "debian"\nversion = "${version}"\n`).join('')
    const files = {
      ...buildpack('acme/hello', '1.0.0', { targets: [], more: `[[targets]]\nos = "linux"\narch = "amd64"\n${distros}` }),
      'hello/linux/amd64/debian@13/bin/build': { content: '#!/bin/sh\necho thirteen\n', mode: 0o755 },
      'hello/linux/amd64/debian@13/bin/detect': { content: '#!/bin/sh\n', mode: 0o755 },
    }
    await using ground = await openBuilderGround(tomlWith('[[buildpacks]]\nuri = "docker://HOST/acme/hello:1"\n'), files)
    await publishPackage(ground, 'acme/hello')
    const layer = async (version: string): Promise<string | undefined> => {
      const Labels = { 'io.buildpacks.base.distro.name': 'debian', 'io.buildpacks.base.distro.version': version }
      await ground.push('acme/build:1', [baseImage('amd64', { ...baseConfig, Labels })])
      const result = await ground.run({ targets: ['linux/amd64'] })
      return result.images[0]?.layers.find(({ module }) => module === 'acme/hello@1.0.0')?.diffID
    }
    expect(await layer('12')).not.toBe(await layer('13'))
    expect(await ground.refusal({ labels: ['io.buildpacks.base.distro.version=14'] })).toContain("acme/hello@1.0.0 is for linux/amd64:debian@12;debian@13, the builder's image is linux/amd64, debian@14")
  })

  test('lacks a target: what it has is told', async () => {
    await using ground = await openBuilderGround(tomlWith('[[buildpacks]]\nuri = "docker://HOST/acme/hello:1"\n'), buildpack('acme/hello', '1.0.0', { targets: ['linux/arm64'] }))
    await publishPackage(ground, 'acme/hello')
    const found = `"docker://${ground.registry.host}/acme/hello:1": got images for linux/arm64, want one for linux/amd64`
    expect(await ground.refusal()).toBe(`CONFIG take package ${found}\nbuilder.toml:1:1: buildpacks[0]: ${found}`)
  })

  test('that says it has a module, and whose layer has none of it, is refused', async () => {
    await using ground = await openBuilderGround(tomlWith('[[buildpacks]]\nuri = "docker://HOST/acme/lie:1"\n'))
    const files = { 'cnb/buildpacks/acme_hello/1.0.0/buildpack.toml': 'x', 'cnb/buildpacks/acme_lie/10/buildpack.toml': 'x' }
    const layerDiffID = digestOf(tarBytes(Object.entries(files).map(([name, content]) => ({ name, content }))))
    const Labels = {
      'io.buildpacks.buildpackage.metadata': '{"id":"acme/lie","version":"1"}',
      'io.buildpacks.buildpack.layers': JSON.stringify({ 'acme/lie': { 1: { api: '0.10', layerDiffID } } }),
    }
    await sendImage(ground.registry.host, 'acme/lie', makeImage({ config: { os: 'linux', architecture: 'amd64', config: { Labels } }, layers: [files] }), '1')
    const said = `UNSUPPORTED read package "docker://${ground.registry.host}/acme/lie:1": got for acme/lie@1 a layer without /cnb/buildpacks/acme_lie/1, want a buildpackage image`
    expect(await ground.refusal({ targets: ['linux/amd64'] })).toBe(said)
    expect(await ground.refusal({ targets: ['linux/amd64'], flatten: ['acme/lie@1'] })).toBe(said)
  })

  test('of an extension is named in [[extensions]]', async () => {
    await using ground = await openBuilderGround(tomlWith('[[buildpacks]]\nuri = "docker://HOST/acme/ext:1"\n'), { 'ext/extension.toml': 'api = "0.10"\n[extension]\nid = "acme/ext"\nversion = "1"\n[[targets]]\nos = "linux"\narch = "amd64"\n' })
    await publishPackage(ground, 'acme/ext')
    expect(await ground.refusal()).toContain('buildpacks[0]: acme/ext@1 is an extension: name it in [[extensions]]')
  })
})

test('a folder may be a buildpack and an extension', async () => {
  await using ground = await openBuilderGround(tomlWith(`${modules('acme/hello')}[[extensions]]\nuri = "hello"\n`), { ...hello, 'hello/extension.toml': 'api = "0.10"\n[extension]\nid = "acme/hello"\nversion = "1.0.0"\n' })
  await ground.run({ targets: ['linux/amd64'] })
  expect(layersOf(await readOutput(ground.registry.host, 'acme/builder', '1')).slice(3, 5)).toEqual(['/cnb/buildpacks/acme_hello', '/cnb/extensions/acme_hello'])
})

describe('a module that is listed twice', () => {
  const twice = tomlWith('[[buildpacks]]\nuri = "hello"\n[[buildpacks]]\nuri = "again"\n[[order]]\n[[order.group]]\nid = "acme/hello"\n')
  const again = Object.fromEntries(Object.entries(hello).map(([path, file]) => [path.replace('hello/', 'again/'), file]))

  test('with the same content is one, and nothing is said', async () => {
    await using ground = await openBuilderGround(twice, { ...hello, ...again })
    await ground.run({ targets: ['linux/amd64'] })
    expect(ground.warnings()).toEqual([])
  })

  test('with different content is the last one, which is said', async () => {
    await using ground = await openBuilderGround(twice, { ...hello, ...again, 'again/more': 'x' })
    await ground.run({ targets: ['linux/amd64'] })
    expect(ground.warnings()).toEqual(['linux/amd64: acme/hello@1.0.0 is listed twice with different content: the last one is taken'])
    const output = await readOutput(ground.registry.host, 'acme/builder', '1')
    expect(Object.values(output.layers).flatMap(({ entries }) => entries.map(({ name }) => name))).toContain('/cnb/buildpacks/acme_hello/1.0.0/more')
  })
})

describe('--flatten', () => {
  const three = { ...hello, ...buildpack('acme/b', '2'), ...buildpack('acme/a', '1') }

  test('puts modules into one layer before the others, in the order of builder.toml', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello', 'acme/b', 'acme/a')), three)
    const result = await ground.run({ targets: ['linux/amd64'], flatten: ['acme/b@2,acme/hello@1.0.0,acme/none@1'] })
    const names = result.images[0]?.layers.map(({ module }) => module) ?? []
    expect(names.slice(3, 5)).toEqual(['acme/hello@1.0.0, acme/b@2', 'acme/a@1'])
    expect(layersOf(await readOutput(ground.registry.host, 'acme/builder', '1')).slice(3, 5)).toEqual(['/cnb/buildpacks/acme_hello', '/cnb/buildpacks/acme_a'])
  })
})

test('a builder of more layers than are taken is refused', async () => {
  const many = Array.from({ length: 120 }, (_, at) => `acme/bp${at}`)
  await using ground = await openBuilderGround(tomlWith(modules(...many)), Object.assign({}, ...many.map((id) => buildpack(id, '1'))))
  expect(await ground.refusal({ targets: ['linux/amd64'] })).toContain('count the layers: got linux/amd64: 127 layers, want at most 126; Docker takes 125')
  const flatten = [many.slice(0, 20).map((id) => `${id}@1`).join(',')]
  await ground.run({ targets: ['linux/amd64'], flatten, destination: 'layout' })
  expect(ground.warnings()).toEqual(['linux/amd64: 108 layers; Docker takes 125'])
})

describe('a base that is a builder', () => {
  test('keeps a layer that would be the same, and hides another one of the same module', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello')), hello)
    await ground.run({ targets: ['linux/amd64'], name: `${ground.registry.host}/acme/build:1` })
    const same = await ground.run({ targets: ['linux/amd64'] })
    expect(same.images[0]?.layers.filter(({ module }) => module.startsWith('acme/hello')).length).toBe(0)
  })

  test('that says it has a layer, and has it not, gets it', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello')), hello)
    const layerOf = async (): Promise<string | undefined> => (await ground.run({ targets: ['linux/amd64'] })).images[0]?.layers.find(({ module }) => module === 'acme/hello@1.0.0')?.diffID
    const layerDiffID = await layerOf()
    const label = JSON.stringify({ 'acme/hello': { '1.0.0': { api: '0.10', layerDiffID } } })
    await ground.push('acme/build:1', [baseImage('amd64', { ...baseConfig, Labels: { 'io.buildpacks.buildpack.layers': label } })])
    expect(layerDiffID).toMatch(/^sha256:/)
    expect(await layerOf()).toBe(layerDiffID)
  })

  test('has another version of a layer hidden by a whiteout', async () => {
    const label = JSON.stringify({ 'acme/hello': { '1.0.0': { api: '0.10', layerDiffID: `sha256:${'0'.repeat(64)}` } } })
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello')), hello)
    const config = { ...baseConfig, Labels: { 'io.buildpacks.buildpack.layers': label } }
    await sendImage(ground.registry.host, 'acme/build', makeImage({ config: { os: 'linux', architecture: 'amd64', config }, layers: [{ 'etc/base': 'x' }] }), '1')
    await ground.run({ targets: ['linux/amd64'] })
    expect(layersOf(await readOutput(ground.registry.host, 'acme/builder', '1'))).toContain('/cnb/buildpacks/acme_hello/.wh.1.0.0')
  })
})
