import { describe, expect, test } from 'vitest'
import { baseConfig, baseImage, buildpack, modules, openBuilderGround, tomlWith, twoTargets } from './support/ground.ts'

const hello = buildpack('acme/hello', '1.0.0')
const plain = tomlWith(modules('acme/hello'))

/** What a builder.toml of this head is refused with; the registry's address as HOST. */
async function refusal(toml: string, files = hello, rest: Parameters<Awaited<ReturnType<typeof openBuilderGround>>['refusal']>[0] = {}): Promise<string> {
  await using ground = await openBuilderGround(toml, files)
  const said = (await ground.refusal(rest)).replaceAll(ground.registry.host, 'HOST')
  expect(ground.registry.contents.repositories.get('acme/builder')?.tags.size ?? 0).toBe(0)
  return said
}

describe('an order', () => {
  test('names modules that are on the builder, and all that are not are told', async () => {
    const said = await refusal(tomlWith(`${modules('acme/hello')}[[order]]\n[[order.group]]\nid = "acme/ghost"\n[[order.group]]\nid = "acme/hello"\nversion = "9"\n`))
    expect(said).toContain('CONFIG check the builder: 2 problems')
    expect(said).toContain('builder.toml:7:1: order[1].group[0]: acme/ghost is not on the builder, which has acme/hello')
    expect(said).toContain('order[1].group[1]: acme/hello@9 is not on the builder, which has acme/hello@1.0.0')
  })

  test('says the version where there are several', async () => {
    const files = { ...hello, ...Object.fromEntries(Object.entries(buildpack('acme/hello', '2.0.0')).map(([path, file]) => [path.replace('hello/', 'newer/'), file])) }
    const said = await refusal(tomlWith('[[buildpacks]]\nuri = "hello"\n[[buildpacks]]\nuri = "newer"\n[[order]]\n[[order.group]]\nid = "acme/hello"\n'), files)
    expect(said).toContain('order[0].group[0]: the builder has several versions of acme/hello: write version, one of 1.0.0, 2.0.0')
  })

  test('of the system counts as well', async () => {
    expect(await refusal(tomlWith(`${modules('acme/hello')}[[system.pre.buildpacks]]\nid = "acme/ghost"\n`))).toContain('system.pre.buildpacks[0]: acme/ghost is not on the builder')
  })

  test('of extensions does not find buildpacks', async () => {
    expect(await refusal(tomlWith(`${modules('acme/hello')}[[order-extensions]]\n[[order-extensions.group]]\nid = "acme/hello"\n`))).toContain('order-extensions[0].group[0]: acme/hello is not on the builder, which has none')
  })
})

describe('an entry of an order without members', () => {
  test('is warned of at its place', async () => {
    await using ground = await openBuilderGround(tomlWith(`${modules('acme/hello')}[[order]]\n[[order]]\n[[order.group]]\nid = "acme/hello"\n[[order-extensions]]\n`), hello)
    const { warnings } = await ground.run()
    expect(warnings.join('\n')).toMatch(/builder\.toml:\d+:1: order\[1\]: has no \[\[order\.group\]\]: it never passes detection/)
    expect(warnings.join('\n')).toContain('order-extensions[0]: has no [[order-extensions.group]]: it never passes detection')
  })
})

describe('a module', () => {
  test('is what builder.toml says it is', async () => {
    const said = await refusal(tomlWith('[[buildpacks]]\nuri = "hello"\nid = "acme/other"\nversion = "2"\n'))
    expect(said).toContain('buildpacks[0].id: is "acme/other", but hello holds acme/hello@1.0.0')
    expect(said).toContain('buildpacks[0].version: is "2", but hello holds acme/hello@1.0.0')
  })

  test('is of the kind that its list is for', async () => {
    const files = { ...hello, 'curl/extension.toml': 'api = "0.10"\n[extension]\nid = "acme/curl"\nversion = "1"\n' }
    const said = await refusal(tomlWith('[[buildpacks]]\nuri = "curl"\n[[extensions]]\nuri = "hello"\n[[order]]\n[[order.group]]\nid = "acme/ghost"\n'), files)
    expect(said).toContain('CONFIG check the builder: 3 problems')
    expect(said).toContain('builder.toml:3:1: extensions[0]: acme/hello@1.0.0 is a buildpack: name it in [[buildpacks]]')
    expect(said).toContain('builder.toml:1:1: buildpacks[0]: acme/curl@1 is an extension: name it in [[extensions]]')
    expect(said).toContain('order[0].group[0]: acme/ghost is not on the builder')
  })

  test('has an API that the lifecycle takes', async () => {
    const said = await refusal(plain, buildpack('acme/hello', '1.0.0', { api: '0.8' }))
    expect(said).toContain('buildpacks[0]: acme/hello@1.0.0 is made for buildpack API 0.8, lifecycle 0.20.0 takes 0.9, 0.10')
  })

  test('is for the target, of which all are looked at', async () => {
    const said = await refusal(tomlWith(`${modules('acme/hello')}${twoTargets}`), buildpack('acme/hello', '1.0.0', { targets: ['linux/amd64'] }))
    expect(said).toContain("buildpacks[0]: acme/hello@1.0.0 is for linux/amd64, the builder's image is linux/arm64")
    expect(said).toContain('1 problem')
  })

  test('without targets is for amd64, where it has a program for Linux', async () => {
    const said = await refusal(plain, buildpack('acme/hello', '1.0.0', { targets: [] }), { targets: ['linux/arm64'] })
    expect(said).toContain('acme/hello@1.0.0 is for linux/amd64 (it declares no targets, and such programs run there alone)')
  })

  test("is for the base's distribution", async () => {
    const more = '[[targets]]\nos = "linux"\n[[targets.distros]]\nname = "debian"\nversion = "12"\n'
    await using ground = await openBuilderGround(plain, buildpack('acme/hello', '1.0.0', { targets: [], more }))
    await ground.push('acme/build:1', [baseImage('amd64', { ...baseConfig, Labels: { 'io.buildpacks.base.distro.name': 'debian', 'io.buildpacks.base.distro.version': '13' } })])
    expect(await ground.refusal()).toContain("acme/hello@1.0.0 is for linux:debian@12, the builder's image is linux/amd64, debian@13")
  })

  test('that is a composite finds its members', async () => {
    const more = '[[order]]\n[[order.group]]\nid = "acme/ghost"\nversion = "3"\noptional = true\n'
    expect(await refusal(plain, buildpack('acme/hello', '1.0.0', { targets: [], more }))).toContain('acme/ghost@3, a member of acme/hello@1.0.0, is not on the builder: add it to [[buildpacks]]')
  })

  test('supports the stack, and the base has its mixins', async () => {
    const files = buildpack('acme/hello', '1.0.0', { targets: [], more: '[[stacks]]\nid = "acme.stack"\nmixins = ["build:z", "run:y", "x"]\n' })
    expect(await refusal(plain, files)).toContain('acme/hello@1.0.0 does not support the build image\'s stack (it has none), but "acme.stack"')
    await using ground = await openBuilderGround(plain, files)
    await ground.push('acme/build:1', [baseImage('amd64', { ...baseConfig, Labels: { 'io.buildpacks.stack.id': 'acme.stack', 'io.buildpacks.stack.mixins': '["a"]' } })])
    expect(await ground.refusal()).toContain('acme/hello@1.0.0 requires mixins that the build image does not have: build:z, x')
  })
})

describe('a lifecycle', () => {
  test('with too old a platform API takes no extensions', async () => {
    const files = { ...hello, 'lifecycle/lifecycle.toml': '[lifecycle]\nversion = "0.17.0"\n[apis.buildpack]\nsupported = ["0.10"]\n[apis.platform]\nsupported = ["0.9", "0.12"]\n', 'ext/extension.toml': 'api = "0.10"\n[extension]\nid = "acme/ext"\nversion = "1"\n' }
    expect(await refusal(tomlWith(`${modules('acme/hello')}[[extensions]]\nuri = "ext"\n`), files)).toContain('extensions: needs a lifecycle with platform API 0.13 or newer: lifecycle 0.17.0 has 0.12')
  })

  test('that is not there is told by its address', async () => {
    expect(await refusal(tomlWith(modules('acme/hello'), { lifecycleUri: 'gone.tgz' }))).toContain('NOT_FOUND open lifecycle "gone.tgz"')
  })
})

describe('builder.toml', () => {
  test('and the files of its modules are told with all their mistakes at once', async () => {
    const files = { 'hello/buildpack.toml': 'api = "0.10"\n[buildpack]\nid = "acme/hello"\n' }
    const said = await refusal('colour = "red"\n[[buildpacks]]\nuri = "hello"\n[[targets]]\nos = "linux"\narch = "pdp11"\n', files)
    expect(said).toContain('CONFIG read the config files: 5 problems')
    for (const text of ['colour', 'targets[0].arch: unknown architecture "pdp11"', 'build.image: is required', 'run.images', 'hello/buildpack.toml:2:1: buildpack.version: is required']) expect(said).toContain(text)
  })

  test('names images by what can be a name, of which all that is wrong is told', async () => {
    const run = '[[run.images]]\nimage = "Acme run"\nmirrors = ["HOST/acme/run:1", "", "a b"]\n'
    const said = await refusal(tomlWith(modules('acme/hello'), { run, build: 'HOST/Upper' }), hello)
    expect(said).toContain('4 problems')
    for (const text of ['build.image: read image name "HOST/Upper": got upper case', 'run.images[0].image: read image name "Acme run"', 'run.images[0].mirrors[1]: read image name ""', 'run.images[0].mirrors[2]: read image name "a b"']) expect(said).toContain(text)
  })

  test('names a lifecycle, or says nothing of it', async () => {
    const said = await refusal(`${modules('acme/hello')}[build]\nimage = "HOST/acme/build:1"\n[[run.images]]\nimage = "HOST/acme/run:1"\n[lifecycle]\nuri = ""\n`)
    expect(said).toContain('CONFIG read the config files: 1 problem')
    expect(said).toMatch(/builder\.toml:11:1: lifecycle\.uri: is empty: leave it out for the default version$/)
    expect(await refusal(`${modules('acme/hello')}[build]\nimage = "HOST/acme/build:1"\n[[run.images]]\nimage = "HOST/acme/run:1"\n[lifecycle]\nversion = ""\n`)).toMatch(/lifecycle\.version: is empty: leave it out for the default version$/)
  })

  test('has targets of Linux alone, unless flags say which', async () => {
    const toml = tomlWith(`colour = 1\n${modules('acme/hello')}[[targets]]\nos = "linux"\narch = "amd64"\n[[targets]]\nos = "windows"\narch = "amd64"\n`)
    const said = await refusal(toml)
    expect(said).toContain('CONFIG read the config files: 2 problems')
    expect(said).toMatch(/builder\.toml:11:1: targets\[1\]\.os: is "windows": builders are made for linux alone$/)
    await using ground = await openBuilderGround(toml.replace('colour = 1\n', ''), hello)
    await ground.run({ targets: ['linux/amd64'] })
  })

  test('says nothing of a build image that it does not name, where a target lacks its architecture', async () => {
    expect(await refusal('[[targets]]\nos = "linux"\n')).toMatch(/targets\[0\]\.arch: is required: one of .*, s390x$/m)
  })

  test('names modules that are there, of which all that are not are told with its other mistakes', async () => {
    const said = await refusal(tomlWith('colour = "red"\n[[buildpacks]]\nuri = "./gone"\n[[extensions]]\nuri = "./lost"\n[[extensions]]\nuri = "./empty"\n'), { ...hello, 'empty/README': '' })
    expect(said).toContain('CONFIG read the config files: 4 problems')
    for (const text of ['colour: unknown key', 'buildpacks[0]: open buildpack "./gone": got no such file', 'extensions[0]: open buildpack "./lost": got no such file', 'extensions[1]: read buildpack "./empty": got neither at its top']) expect(said).toContain(text)
    const two = await refusal(tomlWith('[[buildpacks]]\nuri = "./gone"\n[[extensions]]\nuri = "./lost"\n'))
    expect(two).toContain('CONFIG open the modules: 2 problems')
    expect(await refusal(tomlWith('[[buildpacks]]\nuri = "./gone"\n'))).toMatch(/builder\.toml:1:1: buildpacks\[0\]: open buildpack ".\/gone": got no such file or folder/)
  })

  test('is needed', async () => {
    expect(await refusal(plain, hello, { config: 'other.toml' })).toBe('USAGE read --config "other.toml": got no such file, want a builder.toml')
    expect(await refusal(plain, hello, { config: '.' })).toBe('USAGE read --config ".": got a folder, want a builder.toml')
  })
})
