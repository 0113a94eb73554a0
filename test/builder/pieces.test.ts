import { describe, expect, test } from 'vitest'
import { environmentFiles } from '../../src/builder/build-env.ts'
import { buildConfigPath, emptyLayer, environmentLayer, fileLayer, foldersLayer, whiteoutLayer } from '../../src/builder/folders.ts'
import type { BuilderFacts } from '../../src/builder/labels.ts'
import { builderLabelNames, builderLabels } from '../../src/builder/labels.ts'
import { orderToml, runToml, stackToml, systemToml } from '../../src/builder/toml-files.ts'
import { BlockPool } from '../../src/layers/blocks.ts'
import type { BuildEnvironment } from '../../src/config/builder.ts'
import { readBuilderToml } from '../../src/config/builder-reader.ts'
import { readLifecycleToml } from '../../src/config/lifecycle.ts'
import { BlockWriter } from '../../src/layers/blocks.ts'
import type { TarInput } from '../../src/layers/tar.ts'
import { tarSize, writeTar } from '../../src/layers/tar.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { listTar } from '../support/read-back/tar-listing.ts'

async function tarOf(input: TarInput): Promise<Buffer> {
  const pieces: Buffer[] = []
  const pool = new BlockPool(2)
  await writeTar(input, new BlockWriter(pool, (block, length) => {
    pieces.push(Buffer.from(block.subarray(0, length)))
    pool.give(block)
  }))
  const tar = Buffer.concat(pieces)
  expect(tarSize(input)).toBe(tar.length)
  return tar
}

const member = { id: 'acme/hello', version: '0.0.1', optional: false, extra: {} }

describe('order.toml', () => {
  test('is empty without an order', () => {
    expect(orderToml([], [])).toBe('')
  })

  test('has every key of a member in the order of the type it comes from, licenses last', () => {
    const extra = { name: 'N', description: 'd', homepage: 'h', keywords: ['a', 'b'], 'exec-env': ['test'], licenses: [{ Type: 'MIT', URI: '' }], 'clear-env': true }
    expect(orderToml([[{ ...member, optional: true, extra }, member]], [[{ ...member, optional: true }]])).toBe(
      [
        '[[order]]', '', '  [[order.group]]', '    id = "acme/hello"', '    name = "N"', '    version = "0.0.1"', '    description = "d"', '    homepage = "h"',
        '    keywords = ["a", "b"]', '    exec-env = ["test"]', '    clear-env = true', '    optional = true', '', '    [[order.group.licenses]]', '      type = "MIT"', '      uri = ""',
        '', '  [[order.group]]', '    id = "acme/hello"', '    version = "0.0.1"', '', '[[order-extensions]]', '', '  [[order-extensions.group]]', '    id = "acme/hello"', '    version = "0.0.1"', '',
      ].join('\n'),
    )
  })

  test('escapes what a basic string must not hold, and nothing else', () => {
    expect(orderToml([[{ ...member, version: '', extra: { name: 'a"\\\n\u0001\u007fä<' } }]], [])).toContain('    name = "a\\"\\\\\\n\\u0001\\u007fä<"\n')
  })
})

test('system.toml leaves out an empty side, and is not there without members', () => {
  expect(systemToml({ pre: [], post: [] })).toBeUndefined()
  expect(systemToml({ pre: [], post: [{ ...member, optional: true }] })).toBe(
    '[system]\n  [system.post]\n\n    [[system.post.buildpacks]]\n      id = "acme/hello"\n      version = "0.0.1"\n      optional = true\n',
  )
})

test('stack.toml and run.toml write mirrors where the file gives them, be it none', () => {
  expect(stackToml({ image: 'a/run', mirrors: ['b/run', 'c/run'] })).toBe('[run-image]\n  image = "a/run"\n  mirrors = ["b/run", "c/run"]\n')
  expect(runToml([{ image: 'a/run' }, { image: 'b/run', mirrors: [] }])).toBe('[[images]]\n  image = "a/run"\n\n[[images]]\n  image = "b/run"\n  mirrors = []\n')
})

function entry(name: string, value: string, rest: Partial<BuildEnvironment> = {}): BuildEnvironment {
  return { name, value, suffix: '', delim: '', execEnv: [], line: 1, column: 1, ...rest }
}

describe('the build environment', () => {
  test('becomes files sorted by name, the last of equals counts', () => {
    const files = environmentFiles([entry('B', '1'), entry('A', 'x', { suffix: 'append', delim: ':' }), entry('B', '2'), entry('Z.a', '')])
    expect(files).toEqual([{ name: 'A.append', text: 'x' }, { name: 'A.delim', text: ':' }, { name: 'B', text: '2' }, { name: 'Z.a', text: '' }])
  })

  test.each(['a/b', '..', '.', 'A=B', 'A\u0000'])('has no file of the name %j', (name) => {
    const { problems } = readBuilderToml(`[build]\nimage = "b"\n[[build.env]]\nname = ${JSON.stringify(name)}\nvalue = "x"\n[[run.images]]\nimage = "r"\n`, 'builder.toml')
    expect(problems.map(({ key }) => key)).toEqual(['build.env[0].name'])
  })

  test('lies in the folder that the run asks for', async () => {
    const { entries } = listTar(await tarOf(environmentLayer([{ name: 'A', text: 'x' }], '/opt/conf')))
    expect(entries).toMatchObject([{ name: '/opt/conf/env/A', mode: '0644', size: 1 }])
    expect(buildConfigPath({ CNB_BUILD_CONFIG_DIR: '/opt//conf/' })).toBe('/opt/conf')
    expect(buildConfigPath({})).toBe('/cnb/build-config')
    expect(buildConfigPath({ CNB_BUILD_CONFIG_DIR: '/platform/environment' })).toBe('/platform/environment')
  })

  test.each([
    ['', 'nothing'],
    ['conf', 'no folder below /'],
    ['/', 'no folder below /'],
    ['/./', 'no folder below /'],
    ['/..', 'no folder below /'],
    ['/cnb/../etc', 'a path with ..'],
    ['/a\u0000b', 'a path with a control character'],
    ['/a\u001b[31m', 'a path with a control character'],
    ['/cnb/', '/cnb, which builders have for something else'],
    ['/layers', '/layers, which builders have for something else'],
    ['/cnb/lifecycle/conf', '/cnb/lifecycle, which builders have for something else'],
    ['/cnb/order.toml', '/cnb/order.toml, which builders have for something else'],
  ])('cannot lie in %j', (given, found) => {
    expect(() => buildConfigPath({ CNB_BUILD_CONFIG_DIR: given })).toThrow(`read CNB_BUILD_CONFIG_DIR "${given}": got ${found}, want an absolute path in the image`)
  })
})

describe('layers of fixed content', () => {
  test('have the diffIDs that the vectors have', async () => {
    expect(digestOf(await tarOf(foldersLayer({ uid: 1001, gid: 1002 }, '/cnb/build-config')))).toBe('sha256:056d029648c38c2a23873c4ca9970bdee1ce0d2a1bf0343f8ccd6cbb9100e7dc')
    expect(digestOf(await tarOf(emptyLayer))).toBe('sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef')
    expect(digestOf(await tarOf(fileLayer('/cnb/order.toml', orderToml([[{ ...member, id: 'test/one', version: '1.2.3' }]], []))))).toBe('sha256:023fb1ec842d68b799b538dd9f60628f0b483d1ce32c1328fdb88a68d98a3791')
    expect(digestOf(await tarOf(whiteoutLayer('buildpack', 'test/one', '1.2.3')))).toMatch(/^sha256:3f25171d/)
  })

  test('name an owner beyond USTAR in a record', async () => {
    const { entries } = listTar(await tarOf(foldersLayer({ uid: 3_000_000, gid: 5 }, '/cnb/build-config')))
    expect(entries[0]).toMatchObject({ name: '/workspace', format: 'pax', pax: [['uid', '3000000']], gid: 5 })
    expect(entries[2]).toMatchObject({ name: '/cnb', format: 'ustar', uid: 0 })
  })
})

describe('labels', () => {
  const lifecycle = readLifecycleToml('[lifecycle]\nversion = "0.5.0"\n[api]\nbuildpack = "0.2"\nplatform = "0.3"\n', 'lifecycle.toml').value
  if (lifecycle === undefined) throw new Error('no descriptor')
  const facts: BuilderFacts = {
    description: 'a <b> & "c"', buildpacks: [], extensions: [], stackRunImage: undefined, runImages: [{ image: 'r', mirrors: [] }], lifecycle, createdBy: { name: 'bp-package', version: '1.0.0' },
    buildpackLayers: [], extensionLayers: [], order: [], orderExtensions: [], system: { pre: [], post: [] }, mixins: undefined,
  }

  test('are all there without buildpacks and orders, as null or empty', () => {
    const labels = builderLabels(facts)
    expect(labels['io.buildpacks.builder.metadata']).toBe(
      '{"description":"a \\u003cb\\u003e \\u0026 \\"c\\"","buildpacks":null,"extensions":null,"stack":{"runImage":{"image":"","mirrors":null}},'
      + '"lifecycle":{"version":"0.5.0","api":{"buildpack":"0.2","platform":"0.3"},"apis":{"buildpack":{"deprecated":null,"supported":["0.2"]},"platform":{"deprecated":null,"supported":["0.3"]}}},'
      + '"createdBy":{"name":"bp-package","version":"1.0.0"},"images":[{"image":"r","mirrors":[]}]}',
    )
    const { 'io.buildpacks.builder.metadata': _metadata, ...rest } = labels
    expect(rest).toEqual({
      'io.buildpacks.buildpack.layers': '{}', 'io.buildpacks.buildpack.order': 'null', 'io.buildpacks.buildpack.order-extensions': 'null',
      'io.buildpacks.extension.layers': '{}', 'io.buildpacks.stack.mixins': 'null',
    })
    expect(builderLabelNames).toEqual(expect.arrayContaining(Object.keys(labels)))
  })

  test('write members as given: optional only of buildpacks, the name before the version, a system with both sides', () => {
    const one = { ...member, optional: true, extra: { name: 'N', 'exec-env': ['test'] } }
    const labels = builderLabels({ ...facts, order: [[one, { ...member, version: '' }]], orderExtensions: [[one]], system: { pre: [], post: [member] }, mixins: ['a', 'b'] })
    expect(labels['io.buildpacks.buildpack.order']).toBe('[{"group":[{"id":"acme/hello","name":"N","version":"0.0.1","exec-env":["test"],"optional":true},{"id":"acme/hello"}]}]')
    expect(labels['io.buildpacks.buildpack.order-extensions']).toBe('[{"group":[{"id":"acme/hello","name":"N","version":"0.0.1","exec-env":["test"]}]}]')
    expect(labels['io.buildpacks.buildpack.system']).toBe('{"pre":{},"post":{"buildpacks":[{"id":"acme/hello","version":"0.0.1"}]}}')
    expect(labels['io.buildpacks.stack.mixins']).toBe('["a","b"]')
  })
})
