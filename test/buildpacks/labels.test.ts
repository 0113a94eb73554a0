import { describe, expect, test } from 'vitest'
import { ownLabels, packageLabels } from '../../src/buildpacks/labels.ts'
import { mergeStacks } from '../../src/buildpacks/stacks.ts'
import type { ModuleConfig } from '../../src/config/buildpack.ts'
import { readBuildpackToml, readExtensionToml } from '../../src/config/module-reader.ts'
import type { Digest } from '../../src/oci/digest.ts'
import { digestOf, isDigest } from '../../src/oci/digest.ts'
import { packageCaseNames, readPackageCase } from '../support/vectors/case.ts'

const diffID = digestOf(Buffer.from('a layer'))

function buildpack(toml: string): ModuleConfig {
  const { value, problems } = readBuildpackToml(toml, 'buildpack.toml')
  if (value === undefined) throw new Error(JSON.stringify(problems))
  return value
}

const plain = 'api = "0.10"\n[buildpack]\nid = "acme/hello"\nversion = "0.0.1"\n'

function labelsOf(module: ModuleConfig, layer: Digest = diffID): Record<string, string> {
  return packageLabels(module, mergeStacks(module, []) ?? [], [{ facts: module, diffID: layer }])
}

function metadata(toml: string): string | undefined {
  return labelsOf(buildpack(toml))['io.buildpacks.buildpackage.metadata']
}

function layers(toml: string): string | undefined {
  return labelsOf(buildpack(toml))['io.buildpacks.buildpack.layers']
}

/** Cases of one module, whose toml is at hand, with what its images are labelled. */
const single = packageCaseNames().flatMap((name) => {
  const { entries, expected } = readPackageCase(name)
  const tomls = entries.filter(({ path, type }) => type === 'file' && /^[^/]+\/(buildpack|extension)\.toml$/.test(path))
  const [toml] = tomls
  const images = (expected.wanted ?? expected.peer).outputs.flatMap((output) => output.images ?? [])
  if (tomls.length !== 1 || toml === undefined || images.length === 0 || toml.path.startsWith('meta/')) return []
  const text = typeof toml.content === 'string' ? toml.content : Buffer.from(toml.contentBase64 ?? '', 'base64').toString('utf8')
  const { value } = toml.path.endsWith('extension.toml') ? readExtensionToml(text, 'extension.toml') : readBuildpackToml(text, 'buildpack.toml')
  return value === undefined ? [] : [{ name, module: value, images }]
})

describe('the labels that pack writes, byte for byte', () => {
  test.each(single)('$name', ({ module, images }) => {
    for (const { labels, diff_ids: diffIDs } of images) {
      const own = Object.fromEntries(Object.entries(labels).flatMap(([key, { raw }]) => (ownLabels.includes(key) ? [[key, raw]] : [])))
      const last = diffIDs.at(-1) ?? ''
      expect(labelsOf(module, isDigest(last) ? last : diffID)).toEqual(own)
    }
  })

  test('were compared in many cases', () => {
    expect(single.length).toBeGreaterThan(60)
  })
})

test('the worked example of the doc comment is what comes out', () => {
  expect(labelsOf(buildpack(plain))).toEqual({
    'io.buildpacks.buildpackage.metadata': '{"id":"acme/hello","version":"0.0.1","stacks":[{"id":"*"}]}',
    'io.buildpacks.buildpack.layers': `{"acme/hello":{"0.0.1":{"api":"0.10","layerDiffID":"${diffID}"}}}`,
  })
})

describe('the metadata', () => {
  test('names all that the author wrote, in a fixed order', () => {
    const toml = `${plain}name = "Hello"\nhomepage = "https://acme.example"\ndescription = "Says hello"\nkeywords = ["a", "b"]\nexec-env = ["production"]\nclear-env = true\n[[buildpack.licenses]]\ntype = "MIT"\n[[buildpack.licenses]]\nuri = "https://l"\n`
    expect(metadata(toml)).toBe(
      '{"id":"acme/hello","name":"Hello","version":"0.0.1","description":"Says hello","homepage":"https://acme.example","keywords":["a","b"],"exec-env":["production"],' +
        '"licenses":[{"Type":"MIT","URI":""},{"Type":"","URI":"https://l"}],"clear-env":true,"stacks":[{"id":"*"}]}',
    )
  })

  test('leaves out what is empty', () => {
    expect(metadata(`${plain}name = ""\ndescription = ""\nkeywords = []\nclear-env = false\n`)).toBe('{"id":"acme/hello","version":"0.0.1","stacks":[{"id":"*"}]}')
  })

  test('has the stacks of a buildpack that names some, mixins as written', () => {
    expect(metadata(`${plain}[[stacks]]\nid = "b"\nmixins = ["z", "a"]\n[[stacks]]\nid = "a"\n`)).toContain('"stacks":[{"id":"b","mixins":["z","a"]},{"id":"a"}]')
  })

  test('has no stacks for an extension, and no list either', () => {
    const { value } = readExtensionToml('api = "0.10"\n[extension]\nid = "acme/ext"\nversion = "1"\n', 'extension.toml')
    if (value === undefined) throw new Error('unread')
    const labels = labelsOf(value)
    expect(labels['io.buildpacks.buildpackage.metadata']).toBe('{"id":"acme/ext","version":"1","stacks":null}')
    expect(Object.keys(labels)).toEqual(['io.buildpacks.buildpackage.metadata', 'io.buildpacks.extension.layers'])
  })

  test('escapes as Go does: what HTML could take for its own, and separators of lines', () => {
    expect(metadata(`${plain}name = "<a> & \\u2028 \\u2029 \\" \\\\ ü \\u0001 \\u007f"\n`)).toContain(
      String.raw`"name":"\u003ca\u003e \u0026 \u2028 \u2029 \" \\ ü \u0001` + ` \u007f"`,
    )
  })
})

describe('the layers', () => {
  test('name targets as written, distributions with them, and never a path', () => {
    const toml = `${plain}[[targets]]\nos = "linux"\narch = "arm64"\nvariant = "v8"\npath = "some/folder"\n[[targets.distros]]\nname = "ubuntu"\nversion = "24.04"\n[[targets]]\nos = "windows"\n`
    expect(layers(toml)).toContain('"targets":[{"os":"linux","arch":"arm64","variant":"v8","distros":[{"name":"ubuntu","version":"24.04"}]},{"os":"windows","arch":""}]')
    expect(layers(toml)).not.toContain('folder')
  })

  test('have the order of a composite, with optional only where it is true', () => {
    const toml = `${plain}[[order]]\n[[order.group]]\nid = "a/b"\nversion = "1"\noptional = true\n[[order.group]]\nid = "c"\nversion = "2"\noptional = false\n`
    expect(layers(toml)).toContain('"order":[{"group":[{"id":"a/b","version":"1","optional":true},{"id":"c","version":"2"}]}],"layerDiffID"')
  })

  test('are sorted by id and version as text, also where those are numbers', () => {
    const modules = [
      ['b', '2'],
      ['10', '1'],
      ['9', '1'],
      ['b', '10'],
      ['a', '1'],
      ['b', '9'],
    ].map(([id, version]) => ({ facts: { ...buildpack(plain), id: id ?? '', version: version ?? '' }, diffID }))
    const text = packageLabels(buildpack(plain), [], modules)['io.buildpacks.buildpack.layers'] ?? ''
    expect(text.match(/"[^"]+":\{(?="\w+":\{)|"\w+":\{(?="api")/g)).toEqual(['"10":{', '"1":{', '"9":{', '"1":{', '"a":{', '"1":{', '"b":{', '"10":{', '"2":{', '"9":{'])
  })

  test('keep an id that JavaScript has other ideas about', () => {
    const module = { ...buildpack(plain), id: '__proto__', version: 'constructor' }
    expect(labelsOf(module)['io.buildpacks.buildpack.layers']).toBe(`{"__proto__":{"constructor":{"api":"0.10","layerDiffID":"${diffID}"}}}`)
  })
})
