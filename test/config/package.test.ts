import { describe, expect, it } from 'vitest'
import { readPackageToml } from '../../src/config/package.ts'
import { readProjectToml } from '../../src/config/project.ts'
import { formatProblem } from '../../src/errors.ts'

const packageToml = (...lines: readonly string[]) => readPackageToml(lines.join('\n'), 'package.toml')
const project = (...lines: readonly string[]) => readProjectToml(lines.join('\n'), 'bp-package.toml')

describe('package.toml', () => {
  it('is read with every key', () => {
    const lines = ['[buildpack]', 'uri = "meta"', '[[dependencies]]', 'uri = "docker://example.com/a:1"', '[[dependencies]]', 'image = "example.com/b"']
    const checked = packageToml(...lines, '[[targets]]', 'os = "linux"', 'arch = "arm64"', '[platform]', 'os = "windows"')
    expect(checked.problems).toEqual([])
    expect(checked.value).toMatchObject({
      file: 'package.toml',
      kind: 'buildpack',
      uri: 'meta',
      uriDeclared: true,
      dependencies: [
        { uri: 'docker://example.com/a:1', line: 3, column: 1 },
        { image: 'example.com/b', line: 5, column: 1 },
      ],
      targets: [{ os: 'linux', arch: 'arm64', distros: [] }],
      platformOs: 'windows',
    })
  })

  it('means its own folder where it names no source', () => {
    expect(packageToml('[[dependencies]]', 'uri = "a"').value).toMatchObject({ uri: '.', uriDeclared: false, kind: 'buildpack' })
  })

  it('names an extension', () => {
    expect(packageToml('[extension]', 'uri = "."').value).toMatchObject({ uri: '.', uriDeclared: true, kind: 'extension' })
  })

  it('tells everything that is wrong at once', () => {
    const lines = ['[buildpack]', '[buildpak]', 'uri = "x"', '[extension]', 'uri = "y"', '[[dependencies]]', 'uri = "a"', 'image = "b"', '[[dependencies]]', 'ur = "c"', '[[targets]]', 'os = "linux"', 'path = "x"', '[platform]', 'os = "darwin"']
    expect(packageToml(...lines).problems.map(formatProblem)).toEqual([
      'package.toml:1:1: buildpack.uri: is required: write uri = "." for the folder of package.toml',
      'package.toml:2:1: buildpak: unknown key; did you mean buildpack?',
      'package.toml:4:1: extension: stands beside [buildpack]: name one source',
      'package.toml:6:1: dependencies[0]: has uri and image: give one of them',
      'package.toml:9:1: dependencies[1]: has no uri: name a folder, an archive or an image',
      'package.toml:10:1: dependencies[1].ur: unknown key; did you mean uri?',
      'package.toml:13:1: targets[0].path: unknown key',
      'package.toml:15:1: platform.os: is "darwin", must be linux or windows',
    ])
  })
})

describe('bp-package.toml', () => {
  it('is read with every key', () => {
    const lines = ['repository = "example.com/team"', 'tags = ["latest"]', 'exclude = ["*.md"]', 'shared = ["lib/**"]', '[annotations]', '"index:org.opencontainers.image.source" = "https://example.com"', '__proto__ = "x"']
    const checked = project(...lines, '[[dependencies]]', 'uri = "../a"', 'platforms = ["linux/amd64"]')
    expect(checked.problems).toEqual([])
    expect(JSON.parse(JSON.stringify(checked.value))).toEqual(
      JSON.parse(
        `{"file":"bp-package.toml","repository":"example.com/team","tags":["latest"],"exclude":["*.md"],"shared":["lib/**"],
        "annotations":{"index:org.opencontainers.image.source":"https://example.com","__proto__":"x"},"dependencies":[{"uri":"../a","platforms":["linux/amd64"],"line":8,"column":1}],
        "places":{"repository":{"line":1,"column":1},"tags":{"line":2,"column":1},"annotations":{"line":5,"column":1}}}`,
      ),
    )
  })

  it('may be empty', () => {
    expect(project().value).toEqual({ file: 'bp-package.toml', tags: [], exclude: [], shared: [], annotations: {}, dependencies: [], places: {} })
  })

  it('tells everything that is wrong at once', () => {
    const lines = ['repositry = "x"', 'tags = "latest"', 'targets = []', '[annotations]', 'a = 1', '[[dependencies]]']
    expect(project(...lines).problems.map(formatProblem)).toEqual([
      'bp-package.toml:1:1: repositry: unknown key; did you mean repository?',
      'bp-package.toml:2:1: tags: is a string ("latest"), must be a list of strings: write tags = ["latest"]',
      'bp-package.toml:3:1: targets: unknown key; it belongs in buildpack.toml',
      'bp-package.toml:5:1: annotations.a: is a number (1), must be a string: write a = "1"',
      'bp-package.toml:6:1: dependencies[0].uri: is required: the uri of a dependency as package.toml writes it',
      'bp-package.toml:6:1: dependencies[0].platforms: is required: such as platforms = ["linux/amd64"]',
    ])
  })
})
