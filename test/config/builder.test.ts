import { describe, expect, it } from 'vitest'
import { readBuilderToml } from '../../src/config/builder-reader.ts'
import { formatProblem } from '../../src/errors.ts'

const builder = (...lines: readonly string[]) => readBuilderToml(lines.join('\n'), 'builder.toml')
const images = ['[build]', 'image = "example.com/build"', '[[run.images]]', 'image = "example.com/run"']

describe('builder.toml', () => {
  it('is read with every table', () => {
    const checked = builder(
      'description = "a builder"',
      '[[buildpacks]]',
      'uri = "one.tgz"',
      'id = "acme/one"',
      'version = "1"',
      '[[buildpacks]]',
      'image = "example.com/two"',
      '[[extensions]]',
      'uri = "ext"',
      '[[order]]',
      '[[order.group]]',
      'id = "acme/one"',
      '[[order-extensions]]',
      '[[order-extensions.group]]',
      'id = "acme/ext"',
      'version = "2"',
      '[[system.pre.buildpacks]]',
      'id = "acme/pre"',
      '[build]',
      'image = "example.com/build"',
      '[[build.env]]',
      'name = "PATH"',
      'value = "/x"',
      'suffix = "append"',
      'delim = ":"',
      'exec-env = ["test"]',
      '[[run.images]]',
      'image = "example.com/run"',
      'mirrors = []',
      '[lifecycle]',
      'version = "0.21.0"',
      '[[targets]]',
      'os = "linux"',
      'arch = "amd64"',
    )
    expect(checked).toMatchObject({ problems: [], warnings: [] })
    expect(checked.value).toMatchObject({
      description: 'a builder',
      buildpacks: [{ uri: 'one.tgz', id: 'acme/one', version: '1', line: 2 }, { uri: '', image: 'example.com/two' }],
      extensions: [{ uri: 'ext' }],
      order: [[{ id: 'acme/one', version: '', optional: false }]],
      orderExtensions: [[{ id: 'acme/ext', version: '2' }]],
      system: { pre: [{ id: 'acme/pre' }], post: [] },
      buildImage: 'example.com/build',
      buildEnv: [{ name: 'PATH', value: '/x', suffix: 'append', delim: ':', execEnv: ['test'] }],
      runImages: [{ image: 'example.com/run', mirrors: [] }],
      lifecycle: { version: '0.21.0' },
      targets: [{ os: 'linux', arch: 'amd64' }],
    })
  })

  it('takes the images of [stack] where the new tables give none', () => {
    const checked = builder('[stack]', 'id = "acme.stack"', 'build-image = "b"', 'run-image = "r"', 'run-image-mirrors = ["m"]')
    expect(checked.value).toMatchObject({ buildImage: 'b', runImages: [{ image: 'r', mirrors: ['m'] }], stackId: 'acme.stack' })
    expect(checked.warnings.map(formatProblem)).toEqual([
      'builder.toml:1:1: stack: is deprecated: name the images in [build] and [[run.images]]',
      'builder.toml:1:1: order: no [[order]]: the builder detects nothing by itself',
    ])
  })

  it('takes the new tables over [stack], and says so', () => {
    const checked = builder(...images, '[stack]', 'build-image = "b"', 'run-image = "example.com/run"')
    expect(checked.value).toMatchObject({ buildImage: 'example.com/build', runImages: [{ image: 'example.com/run' }] })
    expect(checked.warnings.map((warning) => warning.key)).toEqual(['order', 'stack', 'stack.build-image'])
  })

  it('tells everything that is wrong at once', () => {
    const lines = ['colour = "red"', '[[buildpacks]]', 'url = "x"', '[[order]]', '[[order.groups]]', 'id = "x"', '[[order.group]]', 'version = "1"', '[build]', '[[build.env]]', 'suffix = "apend"', 'value = "x"', '[[build.env]]', 'name = "A"', 'value = "x"', 'suffix = "append"', '[lifecycle]', 'uri = "x"', 'version = "latest"']
    expect(builder(...lines).problems.map(formatProblem)).toEqual([
      'builder.toml:1:1: colour: unknown key',
      'builder.toml:1:1: run.images: run.images are required: write [[run.images]] with an image',
      'builder.toml:2:1: buildpacks[0]: has no uri: name a folder, an archive or an image',
      'builder.toml:3:1: buildpacks[0].url: unknown key; did you mean uri?',
      'builder.toml:5:1: order[0].groups: unknown key; did you mean group?',
      'builder.toml:7:1: order[0].group[0].id: is required',
      'builder.toml:9:1: build.image: is required: the image that builds run in',
      'builder.toml:10:1: build.env[0].name: is required',
      'builder.toml:11:1: build.env[0].suffix: is "apend", must be one of default, override, append, prepend',
      'builder.toml:13:1: build.env[1].delim: is required: A has the suffix append, and no entry of that name gives a delim',
      'builder.toml:17:1: lifecycle: has uri and version: give one of them',
      'builder.toml:19:1: lifecycle.version: is "latest", must be a version such as 0.21.0',
    ])
  })
})
