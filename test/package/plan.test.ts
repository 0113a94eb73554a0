import { afterEach, describe, expect, test } from 'vitest'
import type { PackageOptions, PackagePlan } from '../../src/package/options.ts'
import { planPackage } from '../../src/package/run.ts'
import type { InlineFiles, Tree } from '../support/tree/tree.ts'
import { inlineTree, snapshot } from '../support/tree/tree.ts'

const trees: Tree[] = []

afterEach(async () => {
  for (const tree of trees.splice(0)) await tree.remove()
})

const toml = 'api = "0.10"\n[buildpack]\nid = "acme/hello"\nversion = "1.0.0"\n'
const program = { content: '#!/bin/sh\n', mode: 0o755 }
const programs: InlineFiles = { 'bin/build': program, 'bin/detect': program }

async function planned(files: InlineFiles, rest: Partial<PackageOptions> = {}): Promise<PackagePlan> {
  const tree = await inlineTree({ 'buildpack.toml': toml, ...files })
  trees.push(tree)
  return planPackage({ cwd: tree.path, env: {}, hostArch: 'amd64', destination: 'layout', ...rest })
}

function below(folder: string, files: InlineFiles): InlineFiles {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [`${folder}/${name}`, file]))
}

describe('images', () => {
  test('are one for each target, in order, each with its platform and root', async () => {
    const files = { ...below('linux/amd64', programs), ...below('linux/arm64', programs) }
    const { images, kind } = await planned(files, { targets: ['linux/arm64/v8:ubuntu@24.04', 'linux/amd64'] })
    expect(kind).toBe('index')
    expect(images).toEqual([
      { target: 'linux/arm64/v8:ubuntu@24.04', root: 'linux/arm64', platform: { architecture: 'arm64', os: 'linux', variant: 'v8', 'os.version': '24.04' } },
      { target: 'linux/amd64', root: 'linux/amd64', platform: { architecture: 'amd64', os: 'linux' } },
    ])
  })

  test.each([
    ['1', ['1-linux-arm64-v8-ubuntu-24.04', '1-linux-amd64']],
    ['latest', ['linux-arm64-v8-ubuntu-24.04', 'linux-amd64']],
  ])('may have tags of their own beside "%s"', async (tag, wanted) => {
    const { images } = await planned(programs, { targets: ['linux/arm64/v8:ubuntu@24.04', 'linux/amd64'], destination: 'registry', name: `r.example/acme/hello:${tag}`, appendImageNameSuffix: true })
    expect(images.map((image) => image.tag)).toEqual(wanted.map((own) => `r.example/acme/hello:${own}`))
  })

  test('have none where there is one alone: it has the name itself', async () => {
    const { images, kind } = await planned(programs, { targets: ['linux/amd64'], destination: 'registry', name: 'r.example/hello:1', appendImageNameSuffix: true })
    expect(kind).toBe('image')
    expect(images.map((image) => image.tag)).toEqual([undefined])
  })
})

describe('layers', () => {
  test('are one for each root, whatever the number of images', async () => {
    const { layers } = await planned({ ...programs, ...below('linux/s390x', programs) }, { targets: ['linux/amd64', 'linux/arm64', 'linux/s390x'] })
    expect(layers.map(({ root, targets, module }) => ({ root, targets, module }))).toEqual([
      { root: '.', targets: ['linux/amd64', 'linux/arm64'], module: 'acme/hello@1.0.0' },
      { root: 'linux/s390x', targets: ['linux/s390x'], module: 'acme/hello@1.0.0' },
    ])
  })

  test('are two for a root that Windows shares with others', async () => {
    const { layers } = await planned({ ...programs, 'bin/build.bat': '', 'bin/detect.bat': '' }, { targets: ['linux/amd64', 'windows/amd64'] })
    expect(layers.map(({ root, targets }) => [root, targets])).toEqual([
      ['.', ['linux/amd64']],
      ['.', ['windows/amd64']],
    ])
  })

  test('name their files with sizes, and what is left out', async () => {
    const files = { ...programs, 'lib/a.txt': 'four', 'lib/b.log': 'x', '.git/config': 'x', '.bpignore': '*.log\n', 'skip/me': 'x' }
    const { layers, warnings } = await planned(files, { targets: ['linux/amd64'], exclude: ['skip'] })
    expect(layers).toEqual([
      {
        module: 'acme/hello@1.0.0',
        root: '.',
        targets: ['linux/amd64'],
        files: [
          { path: 'bin/build', size: 10 },
          { path: 'bin/detect', size: 10 },
          { path: 'buildpack.toml', size: toml.length },
          { path: 'lib/a.txt', size: 4 },
        ],
        bytes: 24 + toml.length,
        excluded: ['.bpignore', '.git/', 'lib/b.log', 'skip/'],
      },
    ])
    expect(warnings).toEqual([])
  })
})

async function warningsFor(files: InlineFiles, targets: readonly string[]): Promise<readonly string[]> {
  return (await planned(files, { targets })).warnings
}

describe('what lies beside the platform folders', () => {
  const files = { ...below('linux/amd64', programs), ...below('linux/arm64', programs), 'README.md': '', 'lib/a': '', 'windows/notes': '', 'b.swp': '' }

  test('is told for each layer, but for what is left out anyway and the folders that are roots', async () => {
    const { layers } = await planned(files, { targets: ['linux/amd64', 'linux/arm64'] })
    expect(layers.map(({ outside }) => outside)).toEqual([['README.md', 'lib/', 'windows/'], ['README.md', 'lib/', 'windows/']])
    expect(layers.flatMap((layer) => layer.files.map(({ path }) => path))).not.toContain('README.md')
  })

  test('is nothing where one target has the whole folder, and where there is no more than roots', async () => {
    expect((await planned(files, { targets: ['linux/amd64', 'freebsd/amd64'] })).layers.map(({ outside }) => outside)).toEqual([undefined, undefined])
    expect((await planned(below('linux/amd64', programs), { targets: ['linux/amd64'] })).layers[0]).not.toHaveProperty('outside')
  })
})

describe('a target without its programs', () => {
  test('is told with the folders that were looked at, and where they belong', async () => {
    const told: unknown[] = []
    await planned({ 'linux/README.md': '' }, { targets: ['linux/arm64/v8'], onEvent: (event) => told.push(event) })
    expect(told).toEqual([
      {
        type: 'warning',
        message: 'linux/arm64/v8: no bin/build and no bin/detect in the buildpack folder (looked at linux/, linux/arm64/)',
        hint: 'put the programs for this target into linux/arm64/v8/bin, or name their folder with path = "..." in its [[targets]]',
      },
    ])
  })

  test('is told for each image of a shared root, and only what is missing', async () => {
    expect(await warningsFor({ 'bin/detect': program }, ['linux/amd64', 'linux/arm64'])).toEqual([
      'linux/amd64: no bin/build in the buildpack folder (looked at linux/)',
      'linux/arm64: no bin/build in the buildpack folder (looked at linux/)',
    ])
  })

  test('may be one of several', async () => {
    const files = { ...below('linux/amd64', programs), 'linux/arm64/bin/build': program }
    expect(await warningsFor(files, ['linux/amd64', 'linux/arm64'])).toEqual(['linux/arm64: no bin/detect in linux/arm64/ (looked at linux/, linux/arm64/)'])
  })

  test.each(['.bat', '.exe', '.cmd', ''])('is none for Windows where they end in "%s"', async (ending) => {
    const files = { [`bin/build${ending}`]: program, [`bin/detect${ending}`]: program }
    expect(await warningsFor(files, ['windows/amd64'])).toEqual([])
    expect((await warningsFor(files, ['linux/amd64'])).length).toBe(ending === '' ? 0 : 1)
  })

  test('is an error with --strict, which names all that is wrong, and nothing else does', async () => {
    const told: unknown[] = []
    await expect(planned({}, { targets: ['linux/amd64', 'linux/arm64'], strict: true, onEvent: (event) => told.push(event) })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/^plan with --strict: 2 warnings\nlinux\/amd64: no bin\/build.* \(put the programs .*\)\nlinux\/arm64: no bin\/build/),
    })
    expect(told).toEqual([])
  })

  test.each([
    ['the buildpack has no folders for platforms', {}, 'linux/arm64', 'bin, or into linux/arm64/bin if they are for it alone,'],
    ['the folder of the architecture is there, without bin', { 'linux/arm64/README.md': '' }, 'linux/arm64/v8', 'linux/arm64/bin,'],
    ['the folder of the architecture is the root, for want of one for the variant', { 'linux/arm/bin/detect': program }, 'linux/arm/v7', 'linux/arm/bin,'],
    ['the root is found, and bin lacks a program', { 'linux/arm64/v8/bin/detect': program }, 'linux/arm64/v8', 'linux/arm64/v8/bin,'],
    ['only the folder of another architecture is there', { 'linux/amd64/bin/detect': program }, 'linux/arm64', 'linux/arm64/bin,'],
  ])('is told where the programs belong where %s', async (_, files, target, place) => {
    const hints: string[] = []
    await planned(files, { targets: [target], onEvent: (event) => hints.push(event.type === 'warning' ? (event.hint ?? '') : '') })
    expect(hints).toEqual([`put the programs for this target into ${place.replace(/,$/, '')}, or name their folder with path = "..." in its [[targets]]`])
  })

  test('is no matter for an extension', async () => {
    const { warnings } = await planned({ 'extension.toml': 'api = "0.10"\n[extension]\nid = "acme/ext"\nversion = "1"\n', 'package.toml': '[extension]\nuri = "."\n' }, { targets: ['linux/amd64'] })
    expect(warnings).toEqual([])
  })
})

test('a plan is plain data, and making it touches nothing', async () => {
  const tree = await inlineTree({ 'buildpack.toml': toml, ...programs })
  trees.push(tree)
  const before = await snapshot(tree.path)
  const plan = await planPackage({ cwd: tree.path, env: { HOME: `${tree.path}/home` }, hostArch: 'amd64', destination: 'layout', targets: ['linux/amd64'] })
  expect(await snapshot(tree.path)).toEqual(before)
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  expect(plan).toMatchObject({ schemaVersion: 1, dryRun: true, name: 'acme/hello:1.0.0', tags: ['1.0.0'], destination: 'layout', path: `${tree.path}/hello-1.0.0.oci`, kind: 'image' })
})
