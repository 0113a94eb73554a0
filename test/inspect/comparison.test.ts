import { expect, test } from 'vitest'
import { elf } from './support/programs.ts'
import type { SampleImage, SampleModule } from './support/published.ts'
import { publishIndex } from './support/published.ts'
import { openScene } from './support/scene.ts'

const platforms = (modules: Readonly<Record<string, SampleModule>>, ...names: readonly string[]): readonly SampleImage[] => names.map((platform) => ({ platform, modules }))

async function compared(before: readonly SampleImage[], after: readonly SampleImage[], ...words: string[]) {
  await using scene = await openScene()
  publishIndex(scene.registry, 'acme/a:1', before)
  publishIndex(scene.registry, 'acme/a:2', after)
  const names = [`${scene.registry.host}/acme/a:1`, `${scene.registry.host}/acme/a:2`]
  const { code, stdout } = await scene.inspect(...names, ...words)
  expect(code).toBe(0)
  return { json: await scene.compared(...names, ...words), text: stdout }
}

test('the same package has not changed, and that is said', async () => {
  const one = platforms({ 'acme/a@1': {} }, 'linux/amd64', 'linux/arm64')
  const { json, text } = await compared(one, one)
  expect(json).toMatchObject({ schemaVersion: 1, a: { digest: json.b.digest }, platforms: { added: [], removed: [], both: ['linux/amd64', 'linux/arm64'] }, modules: [], orders: [], files: null })
  expect(text).toContain('\nPlatforms: the same\n\nModules: the same\n')
})

test('modules that were added, removed, renewed and rebuilt are told once for all platforms', async () => {
  const before = { 'acme/a@1': {}, 'acme/b@1': {}, 'acme/c@1': { content: 'c' }, 'acme/d@1': { content: 'd' } }
  const after = { 'acme/a@1.1': {}, 'acme/c@1': { content: 'c' }, 'acme/d@1': { content: 'other' }, 'acme/e@1': {} }
  const { json, text } = await compared(platforms(before, 'linux/amd64', 'linux/arm64'), platforms(after, 'linux/amd64', 'linux/arm64'))
  const both = ['linux/amd64', 'linux/arm64']
  expect(json.modules).toEqual([
    { kind: 'version', type: 'buildpack', id: 'acme/a', from: '1', to: '1.1', platforms: both },
    { kind: 'removed', type: 'buildpack', id: 'acme/b', from: '1', to: null, platforms: both },
    { kind: 'rebuilt', type: 'buildpack', id: 'acme/d', from: '1', to: '1', platforms: both },
    { kind: 'added', type: 'buildpack', id: 'acme/e', from: null, to: '1', platforms: both },
  ])
  expect(text).toContain('version  acme/a  1     1.1  all\n')
})

test('platforms come and go; a variant that goes without saying makes no other platform', async () => {
  const { json, text } = await compared(platforms({ 'acme/a@1': {} }, 'linux/amd64', 'linux/arm64', 'linux/s390x'), platforms({ 'acme/a@1': {} }, 'linux/amd64', 'linux/arm64/v8', 'linux/arm/v6'))
  expect(json.platforms).toEqual({ added: ['linux/arm/v6'], removed: ['linux/s390x'], both: ['linux/amd64', 'linux/arm64/v8'] })
  expect(text).toContain('Platforms:\n  added    linux/arm/v6\n  removed  linux/s390x\n')
})

test('without a platform in both nothing else is compared', async () => {
  const { text, json } = await compared(platforms({ 'acme/a@1': {} }, 'linux/amd64'), platforms({ 'acme/a@2': {} }, 'linux/arm64'))
  expect(json.modules).toEqual([])
  expect(text).toContain('none is in both')
  expect(text).not.toContain('the same')
})

function meta(...versions: readonly string[]): Readonly<Record<string, SampleModule>> {
  return { [`acme/meta@${versions[0]}`]: { order: [{ group: versions.map((version) => ({ id: 'acme/a', version })) }] } }
}

test('an order that changed is told from end to end', async () => {
  const { json } = await compared(platforms(meta('1'), 'linux/amd64'), platforms(meta('2', '3'), 'linux/amd64'))
  expect(json.orders).toEqual([{ id: 'acme/meta', from: 'acme/a@1', to: 'acme/a@2 acme/a@3', platforms: ['linux/amd64'] }])
})

test('sizes are compared for each platform', async () => {
  const { json, text } = await compared(platforms({ 'acme/a@1': { content: 'x' } }, 'linux/amd64'), platforms({ 'acme/a@1': { content: 'x'.repeat(11) } }, 'linux/amd64'))
  expect((json.sizes[0]?.to ?? 0) - (json.sizes[0]?.from ?? 0)).toBe(10)
  expect(text).toMatch(/^linux\/amd64 .* \+10 B$/m)
})

function files(version: string, ...names: readonly string[]): Readonly<Record<string, SampleModule>> {
  const members = names.map((name) => ({ name: `/cnb/buildpacks/acme_a/${version}/${name}`, content: name === 'bin/build' ? elf(version === '1' ? 62 : 183) : name }))
  return { [`acme/a@${version}`]: { members } }
}

test('--files compares the files of modules across versions', async () => {
  const { json, text } = await compared(platforms(files('1', 'a', 'b', 'bin/build'), 'linux/amd64'), platforms(files('2', 'a', 'c', 'bin/build'), 'linux/amd64'), '--files')
  expect(json.files?.map(({ kind, module, path }) => [kind, module, path])).toEqual([
    ['removed', 'acme/a', 'b'],
    ['changed', 'acme/a', 'bin/build'],
    ['added', 'acme/a', 'c'],
  ])
  expect(text).toMatch(/^changed +acme\/a +bin\/build +file 0644 64 bytes amd64 .* arm64 sha256:\w+ +all$/m)
})

test('--raw compares nothing', async () => {
  await using scene = await openScene()
  expect(await scene.inspect('a', 'b', '--raw')).toMatchObject({ code: 2, stderr: expect.stringContaining('compare two sources: got --raw') })
})
