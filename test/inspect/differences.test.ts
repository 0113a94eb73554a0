import { expect, test } from 'vitest'
import type { SampleImage, SampleModule } from './support/published.ts'
import { publishIndex } from './support/published.ts'
import { openScene } from './support/scene.ts'

const order = (...ids: string[]): object[] => [{ group: ids.map((id) => ({ id, version: '1', optional: id.endsWith('?') })) }]

async function inspected(...images: readonly SampleImage[]) {
  await using scene = await openScene()
  publishIndex(scene.registry, 'acme/a:1', images)
  const name = `${scene.registry.host}/acme/a:1`
  const { differences, notes } = await scene.json(name)
  return { differences, notes, text: (await scene.inspect(name)).stdout }
}

const both = (amd64: Readonly<Record<string, SampleModule>>, arm64: Readonly<Record<string, SampleModule>>) =>
  inspected({ platform: 'linux/amd64', modules: amd64 }, { platform: 'linux/arm64', modules: arm64 })

test('equal platforms differ in nothing, and that is said', async () => {
  const { differences, text } = await both({ 'acme/a@1': {} }, { 'acme/a@1': {} })
  expect(differences).toEqual([])
  expect(text).toContain('\nDifferences: none\n')
})

test('a module that one platform lacks is missing there', async () => {
  const { differences, text } = await both({ 'acme/a@1': {}, 'acme/b@2': {} }, { 'acme/a@1': {} })
  expect(differences).toEqual([{ kind: 'missing', id: 'acme/b', values: { 'linux/amd64': '2', 'linux/arm64': null } }])
  expect(text).toMatch(/^acme\/b +2 +0\.10 +yes +-$/m)
  expect(text).toContain('  acme/b: missing on linux/arm64 (2 on linux/amd64)\n')
})

test('another version is shown in the column of its platform', async () => {
  const { differences, text } = await both({ 'acme/a@1.0': {} }, { 'acme/a@1.1': {} })
  expect(differences).toEqual([{ kind: 'version', id: 'acme/a', values: { 'linux/amd64': '1.0', 'linux/arm64': '1.1' } }])
  expect(text).toMatch(/^acme\/a +1\.0 +0\.10 +yes +1\.1$/m)
})

test('the version that most platforms have is the one that others differ from', async () => {
  const images = ['1', '2', '2'].map((version, index) => ({ platform: `linux/p${index}`, modules: { [`acme/a@${version}`]: {} } }))
  expect((await inspected(...images)).text).toMatch(/^acme\/a +2 +0\.10 +1 +yes +yes$/m)
})

test('several versions of one id have a line each', async () => {
  const { differences, text } = await both({ 'acme/a@1': {}, 'acme/a@2': {} }, { 'acme/a@2': {} })
  expect(differences).toEqual([{ kind: 'version', id: 'acme/a', values: { 'linux/amd64': '1, 2', 'linux/arm64': '2' } }])
  expect(text).toMatch(/^acme\/a +1 +0\.10 +yes +-\nacme\/a +2 +0\.10 +yes +yes$/m)
})

test('apis, orders and targets of one version are compared', async () => {
  const { differences } = await both(
    { 'acme/a@1': { api: '0.9' }, 'acme/b@1': { order: order('acme/a', 'acme/c?') }, 'acme/c@1': { targets: [{ os: 'linux', arch: 'amd64' }] } },
    { 'acme/a@1': { api: '0.10' }, 'acme/b@1': { order: order('acme/c?', 'acme/a') }, 'acme/c@1': { targets: [{ os: 'linux', arch: 'arm64' }] } },
  )
  expect(differences).toEqual([
    { kind: 'api', id: 'acme/a', values: { 'linux/amd64': '0.9', 'linux/arm64': '0.10' } },
    { kind: 'order', id: 'acme/b', values: { 'linux/amd64': 'acme/a@1 acme/c?@1?', 'linux/arm64': 'acme/c?@1? acme/a@1' } },
    { kind: 'targets', id: 'acme/c', values: { 'linux/amd64': 'linux/amd64', 'linux/arm64': 'linux/arm64' } },
  ])
})

function withStacks(platform: string, ...ids: readonly string[]): SampleImage {
  const metadata = JSON.stringify({ id: 'acme/a', version: '1', stacks: ids.map((id) => ({ id })) })
  return { platform, modules: { 'acme/a@1': {} }, labels: { 'io.buildpacks.buildpackage.metadata': metadata } }
}

test('stacks of the packages are compared', async () => {
  const { differences } = await inspected(withStacks('linux/amd64', '*'), withStacks('linux/arm64', 'x', 'y'))
  expect(differences).toEqual([{ kind: 'stacks', id: 'stacks', values: { 'linux/amd64': '*', 'linux/arm64': 'x, y' } }])
})

test('a platform that is no package lacks all modules, which text says once', async () => {
  const { differences, text } = await inspected({ platform: 'linux/amd64', modules: { 'acme/a@1': {}, 'acme/b@1': {} } }, { platform: 'linux/arm64' })
  expect(differences.map(({ kind }) => kind)).toEqual(['missing', 'missing'])
  expect(text).toContain("Differences:\n  linux/arm64 has none of the others' modules\n")
  expect(text).not.toContain('missing on')
})

test('a layer of several platforms is a note, and so is an image of several', async () => {
  const shared = await both({ 'acme/a@1': { content: 'same' }, 'acme/b@1': {} }, { 'acme/a@1': { content: 'same' }, 'acme/b@1': {} })
  expect(shared.notes).toEqual([{ kind: 'shared-layer', digest: expect.stringMatching(/^sha256:/), platforms: ['linux/amd64', 'linux/arm64'] }])
  expect(shared.text).toContain('1 layer is the same on linux/amd64, linux/arm64:\n    acme/a@1\n')
  await using scene = await openScene()
  const index = publishIndex(scene.registry, 'acme/a:1', [{ platform: 'linux/amd64', modules: { 'acme/a@1': {} } }])
  const [child] = (JSON.parse(Buffer.from(index.bytes).toString('utf8')) as { manifests: { digest: `sha256:${string}`; size: number; mediaType: string }[] }).manifests
  if (child === undefined) throw new Error('no child')
  publishIndex(scene.registry, 'acme/a:2', [{ platform: 'linux/amd64', modules: { 'acme/a@1': {} } }], [{ ...child, platform: { os: 'linux', architecture: 'arm64' } }])
  const { notes, platforms } = await scene.json(`${scene.registry.host}/acme/a:2`)
  expect(notes).toEqual([{ kind: 'shared-image', digest: child.digest, platforms: ['linux/amd64', 'linux/arm64'] }])
  expect(platforms[1]?.problems).toEqual(["the index says linux/arm64, the image's config linux/amd64"])
})

test('two images of one platform are told apart by a number', async () => {
  const { differences } = await inspected({ platform: 'linux/amd64', modules: { 'acme/a@1': {} } }, { platform: 'linux/amd64', modules: { 'acme/a@2': {} } })
  expect(differences[0]?.values).toEqual({ 'linux/amd64': '1', 'linux/amd64 (2)': '2' })
})

test('extensions have a table of their own', async () => {
  const { text, differences } = await inspected({ platform: 'linux/amd64', extensions: { 'acme/e@1': {} } }, { platform: 'linux/arm64', extensions: { 'acme/e@2': {} } })
  expect(text).toMatch(/\nExtensions:\nID +VERSION .*\nacme\/e +1 +0\.10 +yes +2\n/)
  expect(text).toMatch(/^linux\/amd64 .* 1 extension$/m)
  expect(differences).toEqual([{ kind: 'version', id: 'acme/e', values: { 'linux/amd64': '1', 'linux/arm64': '2' } }])
})

test('an api is compared among those that have the module, whatever their versions', async () => {
  const { differences } = await inspected(
    { platform: 'linux/a', modules: { 'acme/a@1': { api: '0.9' } } },
    { platform: 'linux/b', modules: { 'acme/a@2': { api: '0.10' } } },
    { platform: 'linux/c', modules: { 'acme/b@1': {} } },
  )
  expect(differences.filter(({ kind }) => kind === 'api')).toEqual([{ kind: 'api', id: 'acme/a', values: { 'linux/a': '0.9', 'linux/b': '0.10', 'linux/c': null } }])
})

test('a platform that is no package has no stacks that could differ', async () => {
  const { differences } = await inspected(withStacks('linux/amd64', '*'), { platform: 'linux/arm64' })
  expect(differences.map(({ kind }) => kind)).toEqual(['missing'])
})
