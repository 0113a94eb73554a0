import { describe, expect, it } from 'vitest'
import type { ModuleConfig } from '../../src/config/buildpack.ts'
import { readBuildpackToml, readExtensionToml } from '../../src/config/module-reader.ts'
import type { Checked } from '../../src/config/checked.ts'
import { formatProblem } from '../../src/errors.ts'

const head = ['api = "0.10"', '[buildpack]', 'id = "acme/hello"', 'version = "1.2.3"']

function buildpack(...lines: readonly string[]): Checked<ModuleConfig> {
  return readBuildpackToml(lines.join('\n'), 'buildpack.toml')
}

function extension(...lines: readonly string[]): Checked<ModuleConfig> {
  return readExtensionToml(lines.join('\n'), 'extension.toml')
}

function problemsOf(checked: Checked<unknown>): readonly string[] {
  expect(checked.value === undefined).toBe(checked.problems.length > 0)
  return checked.problems.map(formatProblem)
}

function warningsOf(checked: Checked<unknown>): readonly string[] {
  expect(problemsOf(checked)).toEqual([])
  return checked.warnings.map(formatProblem)
}

describe('buildpack.toml', () => {
  it('is read with every key of the contract', () => {
    const checked = buildpack(
      'api = "0.10"',
      '[buildpack]',
      'id = "acme/hello"',
      'version = "{{.version}}"',
      'name = "Hello"',
      'homepage = "https://example.com"',
      'description = "says hello"',
      'keywords = ["a", "b"]',
      'exec-env = ["production"]',
      'clear-env = true',
      'sbom-formats = ["application/spdx+json"]',
      '[[buildpack.licenses]]',
      'type = "Apache-2.0"',
      'uri = "https://example.com/licence"',
      '[[stacks]]',
      'id = "*"',
      'mixins = ["b", "a"]',
      '[[targets]]',
      'os = "linux"',
      'arch = "arm"',
      'variant = "v7"',
      'path = "build/arm"',
      '[[targets.distros]]',
      'name = "ubuntu"',
      'version = "22.04"',
      '[[targets.distros]]',
      'name = "debian"',
      '[metadata]',
      'anything = { goes = [1, 2024-01-01] }',
    )
    expect(checked).toEqual({
      problems: [],
      warnings: [],
      value: {
        kind: 'buildpack',
        file: 'buildpack.toml',
        api: '0.10',
        id: 'acme/hello',
        version: '{{.version}}',
        name: 'Hello',
        homepage: 'https://example.com',
        description: 'says hello',
        keywords: ['a', 'b'],
        execEnv: ['production'],
        clearEnv: true,
        licenses: [{ type: 'Apache-2.0', uri: 'https://example.com/licence' }],
        stacks: [{ id: '*', mixins: ['b', 'a'] }],
        order: [],
        targets: [
          {
            os: 'linux',
            arch: 'arm',
            variant: 'v7',
            path: 'build/arm',
            distros: [{ name: 'ubuntu', version: '22.04' }, { name: 'debian' }],
            line: 18,
            column: 1,
            places: {
              os: { line: 19, column: 1 },
              arch: { line: 20, column: 1 },
              variant: { line: 21, column: 1 },
              path: { line: 22, column: 1 },
              distros: { line: 23, column: 1 },
            },
          },
        ],
      },
    })
  })

  it('is read with an order, whose other keys go into the label as the label spells them', () => {
    const member = ['[[order]]', '[[order.group]]', 'id = "acme/a"', 'version = "1"', 'optional = true', 'name = "A"', 'clear-env = true', 'exec-env = ["test"]']
    const checked = buildpack(...head, ...member, '[[order.group.licenses]]', 'type = "MIT"')
    expect(checked.value?.order).toEqual([
      [
        {
          id: 'acme/a',
          version: '1',
          optional: true,
          extra: { name: 'A', 'exec-env': ['test'], licenses: [{ Type: 'MIT', URI: '' }], 'clear-env': true },
          line: 6,
          column: 1,
        },
      ],
    ])
    expect(Object.keys(checked.value?.order[0]?.[0]?.extra ?? {})).toEqual(['name', 'exec-env', 'licenses', 'clear-env'])
  })

  it.each([
    ['[x]', '0.1'],
    ['api = "1"', '1.0'],
    ['api = "0.2"', '0.2'],
    ['api = "v0.09"', '0.9'],
    ['api = "9.9"', '9.9'],
  ])('with %s has api %s', (line, expected) => {
    expect(buildpack(line, ...head.slice(1)).value?.api).toBe(expected)
  })

  it.each(['banana', '', '0.1.2', '-1', '1.x', '${API}'])('refuses api "%s"', (api) => {
    expect(problemsOf(buildpack(`api = "${api}"`, ...head.slice(1)))).toEqual([`buildpack.toml:1:1: api: is "${api}", must be a version such as 0.10`])
  })

  it('tells everything that is wrong at once, in the order of the file', () => {
    const lines = ['api = 0.10', '[buildpack]', 'id = ""', 'version = 3', 'keywords = "one"', 'licenses = "MIT"', 'clear-env = "yes"', 'name = ["x"]']
    expect(problemsOf(buildpack(...lines, '[[stacks]]', 'id = true', 'mixins = ["a", 1]'))).toEqual([
      'buildpack.toml:1:1: api: is a number (0.10), must be a string: write api = "0.10"',
      'buildpack.toml:3:1: buildpack.id: is required',
      'buildpack.toml:4:1: buildpack.version: is a number (3), must be a string: write version = "3"',
      'buildpack.toml:5:1: buildpack.keywords: is a string ("one"), must be a list of strings: write keywords = ["one"]',
      'buildpack.toml:6:1: buildpack.licenses: is a string ("MIT"), must be a list of tables: write [[buildpack.licenses]] before each entry',
      'buildpack.toml:7:1: buildpack.clear-env: is a string ("yes"), must be true or false',
      'buildpack.toml:8:1: buildpack.name: is a list, must be a string',
      'buildpack.toml:10:1: stacks[0].id: is true or false (true), must be a string: write id = "true"',
      'buildpack.toml:11:16: stacks[0].mixins[1]: is a number (1), must be a string',
    ])
  })

  it('places a missing key at its table', () => {
    expect(problemsOf(buildpack('', '[buildpack]', 'name = "x"'))).toEqual(['buildpack.toml:2:1: buildpack.id: is required', 'buildpack.toml:2:1: buildpack.version: is required'])
  })

  it('says how to write targets where they are a table', () => {
    const lines = [...head, '[[targets.distros]]', 'name = "ubuntu"']
    expect(problemsOf(buildpack(...lines))).toEqual(['buildpack.toml:5:1: targets: is a table, must be a list of tables: write [[targets]] before [[targets.distros]]'])
    expect(problemsOf(buildpack(...head, '[targets]', 'os = "linux"'))).toEqual([
      'buildpack.toml:5:1: targets: is a table, must be a list of tables: write [[targets]] before each entry',
    ])
  })

  it.each([
    ['id', '"."', '"."'],
    ['id', '".."', '".."'],
    ['id', '"a\\u0007b"', String.raw`"a\u0007b"`],
    ['version', '".."', '".."'],
    ['version', '"1/../../etc"', '"1/../../etc"'],
    ['version', '"1\\n"', String.raw`"1\n"`],
  ])('must have an id and a version that can name a folder: %s = %s', (key, written, shown) => {
    const lines = { id: 'id = "acme/hello"', version: 'version = "1"', [key]: `${key} = ${written}` }
    expect(problemsOf(buildpack('[buildpack]', lines.id, lines.version))).toEqual([
      `buildpack.toml:${key === 'id' ? 2 : 3}:1: buildpack.${key}: is ${shown}, which cannot name a folder: no "/" in a version, no control characters, more than dots`,
    ])
  })

  it.each(['id', 'version'])('has an %s of no more bytes than a folder may have in its name', (key) => {
    const written = (name: string, value: string) => `${name} = "${name === key ? value : 'a'}"`
    const problems = (value: string) => problemsOf(buildpack('[buildpack]', written('id', value), written('version', value)))
    expect(problems('é'.repeat(127))).toEqual([])
    expect(problems('é'.repeat(128))).toEqual([`buildpack.toml:${key === 'id' ? 2 : 3}:1: buildpack.${key}: has 256 bytes, which cannot name a folder: at most 255`])
  })

  it('may have slashes in its id, and dots in both', () => {
    expect(problemsOf(buildpack('[buildpack]', 'id = "a/b.c/..d"', 'version = "1..2"'))).toEqual([])
  })

  it('says which table it needs', () => {
    expect(problemsOf(buildpack('api = "0.10"'))).toEqual(['buildpack.toml:1:1: no [buildpack] table: it needs one, with id and version'])
    expect(problemsOf(buildpack('[extension]', 'id = "x"'))).toEqual([
      'buildpack.toml:1:1: no [buildpack] table: this file has [extension], which belongs in extension.toml',
    ])
    expect(problemsOf(buildpack('buildpack = "x"'))).toEqual([
      'buildpack.toml:1:1: buildpack: is a string ("x"), must be a table: write [buildpack] with keys below it',
    ])
  })

  it('has an order or targets and stacks of its own, not both', () => {
    const lines = [...head, '[[order]]', '[[order.group]]', 'id = "acme/a"', '[[order.group]]', 'version = "1"', '[[targets]]', 'os = "linux"', '[[stacks]]', 'id = "*"']
    expect(problemsOf(buildpack(...lines))).toEqual([
      'buildpack.toml:6:1: order[0].group[0].version: is required: the version of acme/a to package',
      'buildpack.toml:8:1: order[0].group[1].id: is required',
      'buildpack.toml:10:1: targets: cannot stand beside [[order]]: acme/hello@1.2.3 is a composite, which has the targets and stacks of its components (its own targets go into package.toml)',
      'buildpack.toml:12:1: stacks: cannot stand beside [[order]]: acme/hello@1.2.3 is a composite, which has the targets and stacks of its components',
    ])
  })

  it('takes an empty list of stacks beside an order', () => {
    expect(problemsOf(buildpack('stacks = []', ...head, '[[order]]', '[[order.group]]', 'id = "acme/a"', 'version = "1"'))).toEqual([])
  })

  it('warns of keys it does not know, with the one that may be meant', () => {
    const lines = ['[metatdata]', 'x = 1', ...head.slice(1), 'verison = "2"', 'colour = "red"', 'stacks = []', '[[targets]]', 'os = "linux"', '[[targets.distributions]]', 'name = "x"', '[[licenses]]', 'type = "MIT"']
    expect(warningsOf(buildpack(...lines))).toEqual([
      'buildpack.toml:1:1: metatdata: unknown key; did you mean metadata?',
      'buildpack.toml:6:1: buildpack.verison: unknown key; did you mean version?',
      'buildpack.toml:7:1: buildpack.colour: unknown key',
      'buildpack.toml:8:1: buildpack.stacks: unknown key; it belongs in the top of the file',
      'buildpack.toml:11:1: targets[0].distributions: unknown key; did you mean distros?',
      'buildpack.toml:13:1: licenses: unknown key; it belongs in [buildpack]',
    ])
  })

  it('reads a key in other letters, as pack does, and warns', () => {
    const checked = buildpack('[Buildpack]', 'ID = "acme/hello"', 'Version = "1"')
    expect(checked.value).toMatchObject({ id: 'acme/hello', version: '1' })
    expect(warningsOf(checked)).toEqual([
      'buildpack.toml:1:1: Buildpack: read as buildpack: write it so',
      'buildpack.toml:2:1: Buildpack.ID: read as id: write it so',
      'buildpack.toml:3:1: Buildpack.Version: read as version: write it so',
    ])
  })

  it('is refused whole where it is not TOML', () => {
    expect(problemsOf(buildpack(...head, 'x = '))).toEqual(['buildpack.toml:5:5: not TOML: key without value'])
  })
})

describe('extension.toml', () => {
  it('is read with targets, and without stacks and order', () => {
    const checked = extension('[extension]', 'id = "acme/ext"', 'version = "1"', '[[targets]]', 'os = "linux"', 'arch = "amd64"', '[[stacks]]', 'id = "*"', '[[order]]')
    expect(checked.value).toMatchObject({ kind: 'extension', id: 'acme/ext', stacks: [], order: [], targets: [{ os: 'linux', arch: 'amd64', distros: [] }] })
    expect(warningsOf(checked)).toEqual([
      'extension.toml:7:1: stacks: unknown key; it belongs in buildpack.toml',
      'extension.toml:9:1: order: unknown key; it belongs in buildpack.toml',
    ])
  })

  it('needs an id and a version', () => {
    expect(problemsOf(extension('[extension]'))).toEqual(['extension.toml:1:1: extension.id: is required', 'extension.toml:1:1: extension.version: is required'])
  })
})
