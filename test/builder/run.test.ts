import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { planBuilder } from '../../src/builder/run.ts'
import type { Event } from '../../src/events.ts'
import { makeImage, sendImage } from '../support/images/made.ts'
import { readOutput } from '../support/read-back/registry.ts'
import { baseConfig, baseImage, buildpack, modules, openBuilderGround, tomlWith, twoTargets } from './support/ground.ts'

const hello = buildpack('acme/hello', '1.0.0')
const oneModule = tomlWith(modules('acme/hello'))
const forTwo = tomlWith(`${modules('acme/hello')}${twoTargets}`)

test('a builder for two targets has each layer made once', async () => {
  await using ground = await openBuilderGround(tomlWith(`${modules('acme/hello', 'acme/other')}${twoTargets}`), { ...hello, ...buildpack('acme/other', '2') })
  await ground.run()
  const built = ground.events.flatMap((event) => (event.type === 'layer-built' ? [event.module] : []))
  expect(built.toSorted()).toEqual(['/cnb/order.toml', '/cnb/run.toml', '/cnb/stack.toml', 'acme/hello@1.0.0', 'acme/other@2', 'empty layer', 'folders', 'lifecycle 0.20.0'])
})

describe('a base image', () => {
  test('has its layers mounted: not one of their bytes is read', async () => {
    await using ground = await openBuilderGround(forTwo, hello)
    const result = await ground.run()
    const bases = result.images.map(({ layers }) => layers[0])
    expect(bases.map((layer) => layer?.status)).toEqual(['mounted', 'mounted'])
    for (const layer of bases) expect(ground.registry.requests.filter(({ method, path }) => method === 'GET' && path.endsWith(layer?.digest ?? '')).length).toBe(0)
  })

  test('keeps the texts of its history, its config and its labels', async () => {
    await using ground = await openBuilderGround(oneModule, hello)
    const history = [{ created: '2020-01-01T00:00:00Z', created_by: 'ADD rootfs' }, { created_by: 'ENV x=y', empty_layer: true }]
    const config = { ...baseConfig, Entrypoint: ['/bin/sh'], Labels: { keep: 'me' } }
    await sendImage(ground.registry.host, 'acme/build', makeImage({ config: { os: 'linux', architecture: 'amd64', config, history }, layers: [{ 'etc/base': 'x' }] }), '1')
    await ground.run()
    const output = await readOutput(ground.registry.host, 'acme/builder', '1')
    const [made] = output.images
    expect(made?.container).toMatchObject({ ...baseConfig, Entrypoint: ['/bin/sh'], WorkingDir: '/layers' })
    expect(made?.labels['keep']?.raw).toBe('me')
    expect(made?.history.slice(0, 2)).toEqual([{ created: '1980-01-01T00:00:01Z', created_by: 'ADD rootfs' }, { created: '1980-01-01T00:00:01Z', created_by: 'bp-package builder create: folders' }])
    expect(made?.history.length).toBe(made?.diff_ids.length)
  })

  test.each([
    ['without CNB_GROUP_ID', ['CNB_USER_ID=1'], 'got no CNB_GROUP_ID in its Env, want CNB_GROUP_ID with a whole number'],
    ['with neither', [], 'got no CNB_USER_ID and no CNB_GROUP_ID in its Env, want CNB_USER_ID and CNB_GROUP_ID with a whole number'],
    ['with a number that no user has', ['CNB_USER_ID=4294967295', 'CNB_GROUP_ID=4294967294'], 'got CNB_USER_ID=4294967295 in its Env, want CNB_USER_ID with'],
    ['with two users', ['CNB_USER_ID=1', 'CNB_GROUP_ID=1', 'CNB_USER_ID=0'], 'got CNB_USER_ID=1 beside CNB_USER_ID=0 in its Env, want CNB_USER_ID with'],
    ['with a name without end', ['CNB_GROUP_ID=1', `CNB_USER_ID=${'x'.repeat(9000)}`], `got CNB_USER_ID=${'x'.repeat(60)}... in its Env, want CNB_USER_ID with`],
    ['with a name for CNB_USER_ID', ['CNB_USER_ID=cnb', 'CNB_GROUP_ID=1'], 'got CNB_USER_ID=cnb in its Env, want CNB_USER_ID with a whole number'],
  ])('%s is refused', async (_, Env, found) => {
    await using ground = await openBuilderGround(oneModule, hello)
    await ground.push('acme/build:1', [baseImage('amd64', { Env })])
    expect(await ground.refusal()).toContain(`UNSUPPORTED read build image "${ground.registry.host}/acme/build:1": ${found}`)
  })

  test('lacks a target: nothing is sent, and the platforms that there are, are told', async () => {
    await using ground = await openBuilderGround(oneModule, hello)
    const said = await ground.refusal({ targets: ['linux/amd64', 'linux/s390x'] })
    expect(said).toContain(`UNSUPPORTED fetch build image "${ground.registry.host}/acme/build:1": got images for linux/amd64, linux/arm64, want one for linux/s390x`)
    expect(said).toMatch(/builder\.toml:\d+:1: build\.image: /)
    expect(ground.registry.requests.filter(({ method, path }) => method !== 'GET' && method !== 'HEAD' && path.includes('acme/builder'))).toEqual([])
  })

  test("of Docker's types makes images and an index of Docker's types", async () => {
    await using ground = await openBuilderGround(forTwo, hello)
    await ground.push('acme/build:1', [baseImage('amd64'), baseImage('arm64')], 'docker')
    await ground.run()
    const output = await readOutput(ground.registry.host, 'acme/builder', '1')
    for (const mediaType of output.mediaTypes) expect(mediaType).toMatch(/^application\/vnd\.docker\./)
    expect((await ground.run({ destination: 'layout' })).digest).toBe(output.digest)
    expect((await ground.run({ destination: 'file' })).digest).toBe(output.digest)
    await ground.run({ targets: ['linux/arm64'], append: true })
    expect((await readOutput(ground.registry.host, 'acme/builder', '1')).digest).toBe(output.digest)
    await ground.push('acme/builder:oci', [baseImage('amd64')])
    expect(await ground.refusal({ append: true, name: `${ground.registry.host}/acme/builder:oci` })).toContain("got media type \"application/vnd.oci.image.manifest.v1+json\", want a list or an image of Docker's media types, as what is added is")
    expect(await ground.refusal({ annotations: ['a=b'] })).toContain("annotate: got a for images of Docker's media types, as the build image's are, want a build image of OCI types")
  })

  test('with labels that are no builder\'s is told by the label', async () => {
    await using ground = await openBuilderGround(oneModule, hello)
    await ground.push('acme/build:1', [baseImage('amd64', { ...baseConfig, Labels: { 'io.buildpacks.builder.metadata': '{' } })])
    expect(await ground.refusal()).toContain('got no JSON in label io.buildpacks.builder.metadata')
  })
})

describe('what is made', () => {
  test('has annotations, tags and a tag for each image where they are asked for', async () => {
    await using ground = await openBuilderGround(forTwo, hello)
    const { host } = ground.registry
    const result = await ground.run({ annotations: ['index:a=1', 'b=2'], tags: ['latest', `${host}/acme/other:7`], appendImageNameSuffix: true })
    const output = await readOutput(host, 'acme/builder', '1')
    expect(output.annotations).toEqual({ a: '1' })
    expect((await readOutput(host, 'acme/other', '7')).digest).toBe(result.digest)
    expect([...ground.registry.repository('acme/builder').tags.keys()].sort()).toEqual(['1', '1-linux-amd64', '1-linux-arm64', 'latest'])
  })

  test('is added to an index, in place of what that has for a platform', async () => {
    await using ground = await openBuilderGround(oneModule, hello)
    await ground.run({ targets: ['linux/amd64'], append: true })
    await ground.run({ targets: ['linux/arm64'], append: true })
    const output = await readOutput(ground.registry.host, 'acme/builder', '1')
    expect(output.manifests?.map(({ platform }) => platform)).toEqual([{ architecture: 'amd64', os: 'linux' }, { architecture: 'arm64', os: 'linux' }])
  })

  test('may be a layout or files, and has the same digest', async () => {
    await using ground = await openBuilderGround(forTwo, hello)
    const published = await ground.run()
    const layout = await ground.run({ destination: 'layout' })
    expect(layout.digest).toBe(published.digest)
    expect(layout.path).toMatch(/\/builder-1\.oci$/)
    const files = await ground.run({ destination: 'file' })
    expect(files.files?.map((path) => path.split('/').at(-1))).toEqual(['builder-1-linux-amd64.cnb', 'builder-1-linux-arm64.cnb'])
  })

  test('is shown with --dry-run, from the bottom up, and nothing is written', async () => {
    await using ground = await openBuilderGround(forTwo, hello)
    const plan = await planBuilder({ cwd: ground.tree.path, config: 'builder.toml', name: 'acme/builder:1', env: { HOME: ground.tree.path }, hostArch: 'amd64', destination: 'layout', cache: false })
    const { host } = ground.registry
    expect(plan.images).toEqual(['amd64', 'arm64'].map((architecture) => ({ target: `linux/${architecture}`, base: `${host}/acme/build:1`, platform: { architecture, os: 'linux' } })))
    expect(plan.layers.map(({ module }) => module)).toEqual([`base 1/1 of ${host}/acme/build:1`, 'folders', 'lifecycle 0.20.0', 'acme/hello@1.0.0', '/cnb/order.toml', '/cnb/stack.toml', '/cnb/run.toml', 'empty layer', `base 1/1 of ${host}/acme/build:1`])
    expect((await readdir(ground.tree.path)).sort()).toEqual(['builder.toml', 'hello', 'home', 'lifecycle', 'temporary'])
  })

  test('has the time of SOURCE_DATE_EPOCH', async () => {
    await using ground = await openBuilderGround(oneModule, hello)
    await ground.run({ env: { SOURCE_DATE_EPOCH: '1000000000' } })
    const output = await readOutput(ground.registry.host, 'acme/builder', '1')
    expect(output.images[0]?.config.created).toBe('2001-09-09T01:46:40Z')
  })

  test('takes the root folder of each target, as packages do', async () => {
    const files = {
      'hello/buildpack.toml': hello['hello/buildpack.toml'] ?? '',
      ...Object.fromEntries(['amd64', 'arm64'].flatMap((arch) => ['build', 'detect'].map((name) => [`hello/linux/${arch}/bin/${name}`, { content: `#!/bin/sh\necho ${arch}\n`, mode: 0o755 }]))),
    }
    await using ground = await openBuilderGround(forTwo, files)
    await ground.run()
    const output = await readOutput(ground.registry.host, 'acme/builder', '1')
    const texts = output.images.map(({ diff_ids: diffIDs }) => diffIDs.flatMap((diffID) => output.layers[diffID]?.entries ?? []).map(({ name }) => name).filter((name) => name.includes('acme_hello')))
    expect(texts[0]).toEqual(texts[1])
    expect(texts[0]).toEqual(['/cnb/buildpacks/acme_hello', '/cnb/buildpacks/acme_hello/1.0.0', ...['bin', 'bin/build', 'bin/detect', 'buildpack.toml'].map((name) => `/cnb/buildpacks/acme_hello/1.0.0/${name}`)])
    expect(output.images[0]?.diff_ids).not.toEqual(output.images[1]?.diff_ids)
  })
})

test('a run that fails leaves no temporary file', async () => {
  await using ground = await openBuilderGround(tomlWith(`${modules('acme/hello')}[[order]]\n[[order.group]]\nid = "acme/ghost"\n`), hello)
  await ground.refusal()
  expect(await readdir(`${ground.tree.path}/temporary`)).toEqual([])
})

test('an interrupt ends it, with no tag set', async () => {
  await using ground = await openBuilderGround(forTwo, hello)
  const stop = new AbortController()
  const report = (event: Event): void => {
    if (event.type === 'blob-done') stop.abort()
  }
  expect(await ground.refusal({ signal: stop.signal, onEvent: report })).toContain('CANCELLED')
  expect(ground.registry.repository('acme/builder').tags.size).toBe(0)
})
