import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { component, composite, extension, filesOf, modulesOf, openWork, packageToml, refusal, rooted } from './support/composite.ts'

const two = ['linux/amd64', 'linux/arm64']

/** What the first composite below has for an architecture. */
function filesFor(arch: string): string[] {
  return [
    ...['bin/build', 'bin/detect', 'buildpack.toml', `linux-${arch}.txt`].map((file) => `acme_hello/1/${file}`),
    ...['bin/build', 'bin/detect', 'buildpack.toml'].map((file) => `acme_world/2/${file}`),
    'acme_meta/1/buildpack.toml',
  ]
}

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

describe('a composite of folders for several targets', () => {
  test('has each child from the folder of each target, and the shared one once', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1', 'acme/world@2']),
      ...rooted('hello', 'acme/hello@1', two),
      ...component('world', 'acme/world@2'),
      'package.toml': packageToml('meta', ['hello', 'world'], two),
    })
    const output = await work.publish(registry, 'targets:1', 'package.toml')
    expect(output.manifests?.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64'])
    expect(filesOf(output, 0)).toEqual(filesFor('amd64'))
    expect(filesOf(output, 1)).toEqual(filesFor('arm64'))
    const [first = [], second = []] = output.images.map((image) => image.diff_ids)
    expect(first.map((diffID, at) => diffID === second[at])).toEqual([false, true, true])
  })

  test('takes --target before the targets of package.toml', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
      ...rooted('hello', 'acme/hello@1', two),
      'package.toml': packageToml('meta', ['hello'], two),
    })
    const output = await work.publish(registry, 'one-target:1', 'package.toml', { targets: ['linux/arm64'] })
    expect(output.kind).toBe('image')
    expect(filesOf(output)).toContain('acme_hello/1/linux-arm64.txt')
  })

  test('refuses a child that lacks a target: which child, which target, and what it has', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
      ...rooted('hello', 'acme/hello@1', ['linux/amd64', 'linux/arm/v7']),
      'package.toml': packageToml('meta', ['hello'], two),
    })
    await expect(work.publish(registry, 'lacks:1', 'package.toml')).rejects.toMatchObject({
      code: 'CONFIG',
      problems: [{ file: 'package.toml', key: 'dependencies[0]', message: 'package dependency "hello": got acme/hello@1 for linux/amd64, linux/arm/v7, want a target that fits linux/arm64' }],
      hint: expect.stringContaining('bp-package.toml'),
    })
    expect(registry.contents.repositories.get('lacks')?.tags.size ?? 0).toBe(0)
  })

  test('takes an architecture by any of its names: arm64 is v8, arm is v7, amd64 is v1', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
      ...component('hello', 'acme/hello@1', { targets: ['linux/arm64/v8', 'linux/arm', 'linux/amd64/v1'] }),
      'package.toml': packageToml('meta', ['hello'], ['linux/arm64', 'linux/arm/v7', 'linux/amd64']),
    })
    expect((await work.publish(registry, 'variants:1', 'package.toml')).images).toHaveLength(3)
  })

  test('takes a child for each distribution that it declares', async () => {
    const toml = '[[targets]]\nos = "linux"\narch = "amd64"\n[[targets.distros]]\nname = "ubuntu"\nversion = "24.04"\n'
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
      ...component('hello', 'acme/hello@1', { toml }),
      'package.toml': packageToml('meta', ['hello']),
    })
    const output = await work.publish(registry, 'distro:1', 'package.toml', { targets: ['linux/amd64:ubuntu@24.04'] })
    expect(output.images[0]?.config['os.version']).toBe('24.04')
    expect(await refusal(work.publish(registry, 'distro:2', 'package.toml', { targets: ['linux/amd64:debian@12'] }))).toMatch(/want a target that fits linux\/amd64:debian@12/)
  })

  test('follows targets.path of a child', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
      ...component('hello', 'acme/hello@1', {
        toml: '[[targets]]\nos = "linux"\narch = "amd64"\npath = "build/x64"\n',
        files: { 'build/x64/bin/build': '', 'build/x64/x64.txt': '' },
      }),
      'package.toml': packageToml('meta', ['hello'], ['linux/amd64']),
    })
    expect(filesOf(await work.publish(registry, 'path:1', 'package.toml'))).toContain('acme_hello/1/x64.txt')
  })

  test('keeps a folder apart from one of the same name beside package.toml of the main one', async () => {
    await using work = await openWork({
      ...composite('bp', 'acme/meta@1', ['acme/inner@1']),
      'bp/main.txt': '',
      ...component('bp/bp', 'acme/inner@1', { files: { 'inner.txt': '' } }),
      'bp/package.toml': packageToml('.', ['bp']),
      'bp/.bpignore': 'bp\n',
    })
    const output = await work.publish(registry, 'same-name:1', 'bp')
    expect(filesOf(output).filter((file) => file.endsWith('.txt'))).toEqual(['acme_inner/1/inner.txt', 'acme_meta/1/main.txt'])
  })
})

describe('bp-package.toml', () => {
  const files = {
    ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
    ...rooted('hello', 'acme/hello@1', ['linux/amd64']),
    ...component('other', 'acme/hello@1', { targets: ['linux/arm64'], files: { 'other.txt': '' } }),
  }

  test('says for which platforms a dependency is meant: another may stand in elsewhere', async () => {
    await using work = await openWork({
      ...files,
      'package.toml': packageToml('meta', ['hello', 'other'], two),
      'bp-package.toml': '[[dependencies]]\nuri = "hello"\nplatforms = ["linux/amd64"]\n[[dependencies]]\nuri = "other"\nplatforms = ["linux/arm64"]\n',
    })
    const output = await work.publish(registry, 'leave:1', 'package.toml')
    expect([0, 1].map((image) => filesOf(output, image).filter((file) => file.endsWith('.txt')))).toEqual([['acme_hello/1/linux-amd64.txt'], ['acme_hello/1/other.txt']])
    expect([0, 1].map((image) => modulesOf(output, image))).toEqual([
      ['acme/hello@1', 'acme/meta@1'],
      ['acme/hello@1', 'acme/meta@1'],
    ])
  })

  test.each(['acme/hello@1', 'acme/hello@1!'])('leaves out what the order %s names: an error that says who left it out', async (member) => {
    await using work = await openWork({
      ...files,
      ...composite('meta', 'acme/meta@1', [member]),
      'package.toml': packageToml('meta', ['hello'], two),
      'bp-package.toml': '[[dependencies]]\nuri = "hello"\nplatforms = ["linux/amd64"]\n',
    })
    expect(await refusal(work.publish(registry, 'left-out:1', 'package.toml'))).toMatch(/meta\/buildpack\.toml:\d+:\d+: order\[0\]\.group\[0\]: acme\/hello@1 in the order of acme\/meta@1 is no module of the package for linux\/arm64; .*bp-package\.toml leaves out "hello" there/)
  })

  test('that names a dependency which package.toml does not have is refused', async () => {
    await using work = await openWork({
      ...files,
      'package.toml': packageToml('meta', ['hello'], ['linux/amd64']),
      'bp-package.toml': '[[dependencies]]\nuri = "./hello"\nplatforms = ["linux/amd64"]\n',
    })
    expect(await refusal(work.publish(registry, 'unknown-uri:1', 'package.toml'))).toMatch(/bp-package\.toml:1:1: dependencies\[0\]\.uri: "\.\/hello" is no dependency of package\.toml, which has "hello"/)
  })
})

describe('an order', () => {
  test('that names another version says which one there is', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@2']),
      ...component('hello', 'acme/hello@1'),
      'package.toml': packageToml('meta', ['hello']),
    })
    expect(await refusal(work.publish(registry, 'near:1', 'package.toml'))).toMatch(/order\[0\]\.group\[0\]: acme\/hello@2 .*; the package has acme\/hello@1\n.*package\.toml:3:1: dependencies\[0\]: acme\/hello@1 is in the package, but no order names it/)
  })

  test('of a child counts: what it names must be there, and is used', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/inner@1']),
      ...composite('inner', 'acme/inner@1', ['acme/hello@1']),
      ...component('hello', 'acme/hello@1'),
      'package.toml': packageToml('meta', ['inner', 'hello']),
      'without.toml': packageToml('meta', ['inner']),
    })
    expect(modulesOf(await work.publish(registry, 'nested:1', 'package.toml'))).toEqual(['acme/inner@1', 'acme/hello@1', 'acme/meta@1'])
    expect(await refusal(work.publish(registry, 'nested:2', 'without.toml'))).toMatch(/acme\/hello@1 in the order of acme\/inner@1 is no module of the package/)
  })

  test('cannot have two modules that would lie in one folder', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1', 'acme_hello@1']),
      ...component('hello', 'acme/hello@1'),
      ...component('other', 'acme_hello@1'),
      'package.toml': packageToml('meta', ['hello', 'other']),
    })
    expect(await refusal(work.publish(registry, 'one-folder:1', 'package.toml'))).toMatch(/package\.toml:5:1: dependencies\[1\]: acme_hello@1 would lie in \/cnb\/buildpacks\/acme_hello\/1, as acme\/hello@1 does: give one of them another id or version/)
  })

  test('that leads to its own composite is refused, in the words of builder create', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/inner@1']),
      ...composite('inner', 'acme/inner@1', ['acme/meta@1']),
      ...composite('self', 'acme/self@1', ['acme/self@1']),
      'package.toml': packageToml('meta', ['inner'], two),
      'self.toml': packageToml('self', []),
    })
    expect((await refusal(work.publish(registry, 'circle:1', 'package.toml'))).split('\n')).toEqual([
      'check the package: 2 problems',
      'meta/buildpack.toml:6:1: order[0].group[0]: acme/meta@1 is a member of itself: acme/meta@1 > acme/inner@1 > acme/meta@1',
      'package.toml:3:1: dependencies[0]: acme/inner@1 is a member of itself: acme/inner@1 > acme/meta@1 > acme/inner@1',
    ])
    expect(await refusal(work.publish(registry, 'circle:2', 'self.toml'))).toContain('self/buildpack.toml:6:1: order[0].group[0]: acme/self@1 is a member of itself: acme/self@1 > acme/self@1')
  })

  test('is checked for all targets: what is so for all is told once, what is not with its targets', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1', 'acme/nowhere@1']),
      ...component('hello', 'acme/hello@1'),
      'package.toml': packageToml('meta', ['hello'], [...two, 'linux/s390x']),
      'bp-package.toml': '[[dependencies]]\nuri = "hello"\nplatforms = ["linux/amd64"]\n',
    })
    expect((await refusal(work.publish(registry, 'targets:1', 'package.toml'))).split('\n')).toEqual([
      'check the package: 2 problems',
      expect.stringContaining('order[0].group[1]: acme/nowhere@1 in the order of acme/meta@1 is no module of the package; add it to [[dependencies]] of package.toml'),
      expect.stringContaining('order[0].group[0]: acme/hello@1 in the order of acme/meta@1 is no module of the package for linux/arm64, linux/s390x; bp-package.toml leaves out "hello" there'),
    ])
  })

  test('is told of beside a target that lacks a dependency, of which nothing else is known', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1', 'acme/nowhere@1']),
      ...component('hello', 'acme/hello@1', { targets: ['linux/amd64'] }),
      'package.toml': packageToml('meta', ['hello'], two),
    })
    expect((await refusal(work.publish(registry, 'lacks:3', 'package.toml'))).split('\n').slice(0, 3)).toEqual([
      'check the package: 2 problems',
      expect.stringContaining('acme/nowhere@1 in the order of acme/meta@1 is no module of the package; add it'),
      expect.stringContaining('package.toml:3:1: dependencies[0]: package dependency "hello": got acme/hello@1 for linux/amd64, want a target that fits linux/arm64'),
    ])
  })

  test('is told of where dependencies lack targets: each target that each of them lacks', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1', 'acme/other@1']),
      ...component('hello', 'acme/hello@1', { targets: ['linux/amd64'] }),
      ...component('other', 'acme/other@1', { targets: ['linux/s390x'] }),
      'package.toml': packageToml('meta', ['hello', 'other'], [...two, 'linux/s390x']),
    })
    const found = (await refusal(work.publish(registry, 'lacks:2', 'package.toml'))).split('\n').filter((line) => line.startsWith('package.toml'))
    expect(found.map((line) => line.replace(/^package\.toml:\d+:1: (\S+): .*(?= fits)/u, '$1'))).toEqual([
      'dependencies[1] fits linux/amd64',
      'dependencies[0] fits linux/arm64',
      'dependencies[1] fits linux/arm64',
      'dependencies[0] fits linux/s390x',
    ])
  })
})

describe('an extension in a composite', () => {
  test('has its label and its folder, and no order need name it: only a builder orders extensions', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
      ...component('hello', 'acme/hello@1'),
      ...extension('curl', 'acme/curl@3'),
      'package.toml': packageToml('meta', ['hello', 'curl']),
    })
    const output = await work.publish(registry, 'extension:1', 'package.toml')
    const { labels } = output.images[0] ?? {}
    expect(labels?.['io.buildpacks.extension.layers']?.value).toMatchObject({ 'acme/curl': { '3': { api: '0.10' } } })
    expect(Object.keys(labels?.['io.buildpacks.buildpack.layers']?.value as object)).toEqual(['acme/hello', 'acme/meta'])
    expect(modulesOf(output)).toEqual(['acme/hello@1', 'acme/curl@3', 'acme/meta@1'])
    const names = Object.values(output.layers).flatMap(({ entries }) => entries.map(({ name }) => name))
    expect(names).toContain('/cnb/extensions/acme_curl/3/bin/detect')
  })

  test('comes along out of an image', async () => {
    await using work = await openWork({
      ...composite('meta', 'acme/meta@1', ['acme/hello@1']),
      ...component('hello', 'acme/hello@1'),
      ...extension('curl', 'acme/curl@3'),
    })
    await work.publish(registry, 'curl:3', 'curl')
    await writeFile(join(work.path, 'package.toml'), packageToml('meta', ['hello', `${registry.host}/curl:3`]))
    expect(modulesOf(await work.publish(registry, 'extension:2', 'package.toml'))).toEqual(['acme/hello@1', 'acme/curl@3', 'acme/meta@1'])
  })

  test('cannot carry buildpacks: it has no order', async () => {
    await using work = await openWork({
      ...extension('curl', 'acme/curl@3'),
      ...component('hello', 'acme/hello@1'),
      'package.toml': '[extension]\nuri = "curl"\n[[dependencies]]\nuri = "hello"\n',
    })
    expect(await refusal(work.publish(registry, 'extension:3', 'package.toml'))).toMatch(/acme\/hello@1 is in the package, but no order names it/)
  })
})
