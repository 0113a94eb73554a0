import { describe, expect, test } from 'vitest'
import { inspectionText } from '../../src/cli/inspect/text.ts'
import { readLabels } from '../../src/inspect/labels.ts'
import { inspectionOf } from './support/labelled.ts'

const layers = 'io.buildpacks.buildpack.layers'
const diffID = `sha256:${'a'.repeat(64)}`

describe('labels of a package', () => {
  test('give its modules by id, then version as versions order', () => {
    const label = { b: { '1': {} }, a: { '1.10.0': { api: '0.10' }, '1.9.0': { layerDiffID: diffID } } }
    const { buildpacks, kind, problems } = readLabels({ [layers]: JSON.stringify(label) })
    expect(buildpacks.map(({ id, version }) => `${id}@${version}`)).toEqual(['a@1.9.0', 'a@1.10.0', 'b@1'])
    expect({ kind, problems }).toEqual({ kind: 'buildpackage', problems: [] })
    expect(buildpacks[0]).toEqual({ id: 'a', version: '1.9.0', api: null, homepage: null, name: null, layerDiffID: diffID, targets: [], order: [] })
  })

  test('give a target for each of its distributions', () => {
    const targets = [{ os: 'linux', arch: 'arm64', variant: 'v8', distros: [{ name: 'ubuntu', version: '22.04' }, { name: 'debian' }] }, { os: 'windows', arch: 'amd64' }]
    const [module] = readLabels({ [layers]: JSON.stringify({ a: { '1': { targets } } }) }).buildpacks
    expect(module?.targets).toEqual(['linux/arm64/v8:ubuntu@22.04', 'linux/arm64/v8:debian', 'windows/amd64'])
  })

  test('of an extension tell that it is one', () => {
    const metadata = JSON.stringify({ id: 'e', version: '1' })
    expect(readLabels({ 'io.buildpacks.buildpackage.metadata': metadata, 'io.buildpacks.extension.layers': '{"e":{"1":{}}}' }).kind).toBe('extension')
    expect(readLabels({ 'io.buildpacks.buildpackage.metadata': '{"id":"a","version":"1"}', [layers]: '{"a":{"1":{}}}', 'io.buildpacks.extension.layers': '{"e":{"1":{}}}' }).kind).toBe('buildpackage')
    expect(readLabels({ maintainer: 'x' }).kind).toBe('other')
  })
})

describe('labels of a builder', () => {
  const metadata = { description: 'd', stack: { runImage: { image: 'r1', mirrors: null } }, images: [{ image: 'r1' }, { image: 'r2' }], lifecycle: { version: '0.20.1' }, createdBy: { name: 'pack', version: '0.40.5' } }
  const labels = {
    'io.buildpacks.builder.metadata': JSON.stringify(metadata),
    'io.buildpacks.buildpack.order': '[{"group":[{"id":"a","version":"1"},{"id":"b","optional":true}]}]',
    'io.buildpacks.buildpack.order-extensions': 'null',
    'io.buildpacks.extension.layers': '{}',
    'io.buildpacks.stack.id': 's',
    'io.buildpacks.base.distro.name': 'ubuntu',
    'io.buildpacks.base.distro.version': '24.04',
    [layers]: '{"a":{"1":{}},"b":{"2":{}}}',
  }

  test('tell its lifecycle, run images, order, stack and distribution', () => {
    expect(readLabels(labels)).toMatchObject({
      kind: 'builder',
      builder: { description: 'd', lifecycle: '0.20.1', createdBy: 'pack 0.40.5', runImages: ['r1', 'r2'], orderExtensions: [], order: [[{ id: 'a', version: '1', optional: false }, { id: 'b', version: '', optional: true }]] },
      stacks: ['s'],
      distro: { name: 'ubuntu', version: '24.04' },
      problems: [],
    })
  })

  test('are shown', () => {
    const text = inspectionText(inspectionOf(labels), { width: undefined, verbose: false })
    expect(text).toContain('lifecycle   0.20.1\nmade by     pack 0.40.5\nrun image   r1\nrun image   r2\n')
    expect(text).toContain('Order of the builder:\n  1  a@1, b (optional)\n')
    expect(text).toMatch(/^linux\/a0 .*ubuntu 24\.04 +s$/m)
  })

  test('with another order on one platform make a difference', () => {
    const other = { ...labels, 'io.buildpacks.buildpack.order': '[{"group":[{"id":"b"}]}]' }
    expect(inspectionOf(labels, other).differences).toEqual([{ kind: 'order', id: 'io.buildpacks.buildpack.order', values: { 'linux/a0': 'a@1 b?', 'linux/a1': 'b' } }])
  })
})

describe('hostile labels', () => {
  test.each([
    ['{', 'it is no JSON'],
    ['[]', 'its value is no object'],
    ['{"a":1}', 'a is no object'],
    ['{"a":{"1":[]}}', 'a@1 is no object'],
    ['{"a":{"1":{"api":1}}}', 'api of a@1 is no text'],
    ['{"a":{"1":{"layerDiffID":"sha256:x"}}}', 'layerDiffID of a@1 is no sha256 digest'],
    ['{"a":{"1":{"order":{}}}}', 'order of a@1 is no list'],
    ['{"a":{"1":{"order":[1]}}}', 'an order group of a@1 is no object'],
    ['{"a":{"1":{"targets":["x"]}}}', 'a target of a@1 is no object'],
  ])('%s is a problem of its platform', (label, problem) => {
    expect(readLabels({ [layers]: label }).problems).toEqual([`label ${layers}: ${problem}`])
  })

  test('a module with a name that no folder could have is left out', () => {
    const { buildpacks, problems } = readLabels({ [layers]: JSON.stringify({ ['a'.repeat(256)]: { '1': {} }, b: { '1': {} } }) })
    expect(buildpacks.map(({ id }) => id)).toEqual(['b'])
    expect(problems).toEqual([`label ${layers}: an id or a version of more than 255 bytes`])
  })

  test('a thousand mistakes are told in a few lines', () => {
    const label = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`m${index}`, { '1': { api: 1 } }]))
    const { problems } = readLabels({ [layers]: JSON.stringify(label) })
    expect([problems.length, problems.at(-1)]).toEqual([21, 'and 980 more'])
  })

  test('modules beyond what an image can hold are not taken in', () => {
    const label = Object.fromEntries(Array.from({ length: 2001 }, (_, index) => [`m${index}`, { '1': {} }]))
    expect(readLabels({ [layers]: JSON.stringify(label) }).buildpacks).toHaveLength(2000)
  })
})
