import { gzipSync } from 'node:zlib'
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startEngine } from '../docker/support/engine-server.ts'
import { tgzOf, tgzOfFolder } from '../package/support/archives.ts'
import { component, composite, packageToml, rooted } from '../package/support/composite.ts'
import { publishIndex } from './support/published.ts'
import { openScene } from './support/scene.ts'

const targets = ['linux/amd64', 'linux/arm64/v8']
const hello = rooted('bp', 'acme/hello@1.0.0', targets)
/** Packs a folder of a scene as a .tgz beside it. */
async function archive(folder: string, name: string, from: string): Promise<void> {
  await writeFile(join(folder, name), await tgzOfFolder(join(folder, from)))
}

const marks = /^acme\/hello +1\.0\.0 +0\.10 +yes +yes$/m

describe('a layout', () => {
  test('is read from its folder, by a tag of it or by a digest in it', async () => {
    await using scene = await openScene(hello)
    await scene.run('registry.example/acme/hello:1', '-p', 'bp', '-o', 'out')
    const json = await scene.json('out')
    expect(json).toMatchObject({ source: { type: 'layout', name: 'out' }, platforms: [{ kind: 'buildpackage' }, { platform: { variant: 'v8' } }], differences: [] })
    expect((await scene.inspect('oci:out:1')).stdout).toMatch(marks)
    const child = await scene.json(`oci:out@${json.platforms[1]?.digest ?? ''}`)
    expect(child.platforms).toMatchObject([{ digest: json.platforms[1]?.digest, platform: { architecture: 'arm64', variant: 'v8' } }])
  })

  test('of several images is shown as what it lists, and --raw asks for one of them', async () => {
    await using scene = await openScene(hello)
    await scene.run('-p', 'bp', '-o', 'out')
    const index = JSON.parse(await readFile(join(scene.path, 'out/index.json'), 'utf8')) as { manifests: { digest: string }[] }
    const { manifests } = JSON.parse((await scene.inspect('out', '--raw')).stdout) as { manifests: object[] }
    await writeFile(join(scene.path, 'out/index.json'), JSON.stringify({ ...index, manifests }))
    expect(await scene.json('out')).toMatchObject({ digest: null, mediaType: null, platforms: [{ platform: { architecture: 'amd64' } }, { platform: { architecture: 'arm64' } }] })
    expect(await scene.inspect('out', '--raw')).toMatchObject({ code: 2, stderr: expect.stringContaining('a layout of 2 images') })
  })

  test('without a blob that its index names tells so with that platform', async () => {
    await using scene = await openScene(hello)
    await scene.run('-p', 'bp', '-o', 'out')
    const { platforms } = await scene.json('out')
    await rm(join(scene.path, 'out/blobs/sha256', (platforms[0]?.digest ?? '').slice(7)))
    const { code, stdout } = await scene.inspect('out')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^linux\/amd64 .* not read$/m)
    expect(stdout).toMatch(/^Problems:\n {2}linux\/amd64: read blob "sha256:/m)
  })
})

test('a name that is too long for a path is no path', async () => {
  await using scene = await openScene()
  const { code, stderr } = await scene.inspect(`${'a'.repeat(300)}.cnb`)
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('no such file or folder') })
})

describe('an archive', () => {
  test('is read where it lies; one that is compressed leaves no temporary file', async () => {
    await using scene = await openScene(hello)
    await scene.run('-p', 'bp', '--format', 'file', '--single-file', '-o', 'hello.cnb')
    const { platforms } = await scene.json('hello.cnb')
    expect((await scene.inspect('hello.cnb')).stdout).toMatch(marks)
    await writeFile(join(scene.path, 'packed.cnb'), gzipSync(await readFile(join(scene.path, 'hello.cnb'))))
    const packed = await scene.json('file:packed.cnb', '--files')
    expect(packed.source).toEqual({ type: 'archive', name: 'packed.cnb' })
    expect(packed.platforms.map(({ digest }) => digest)).toEqual(platforms.map(({ digest }) => digest))
    expect(packed.platforms[0]?.files.map(({ path }) => path)).toContain('/cnb/buildpacks/acme_hello/1.0.0/linux-amd64.txt')
    expect((await readdir(scene.path)).filter((name) => name.startsWith('bp-package-'))).toEqual([])
  })

  test('that is none is an error', async () => {
    await using scene = await openScene({ 'x.cnb': 'hello' })
    expect(await scene.inspect('x.cnb')).toMatchObject({ code: 1, stderr: expect.stringContaining('a file of 5 bytes that is no archive') })
  })
})

describe("a buildpack's folder", () => {
  test('is shown as packaging would make it, with the root of each target', async () => {
    await using scene = await openScene(hello)
    const json = await scene.json('bp')
    expect(json).toMatchObject({ source: { type: 'folder', name: 'bp' }, digest: null, mediaType: null })
    expect(json.platforms).toMatchObject([
      { platform: { architecture: 'amd64' }, digest: null, size: null, root: 'linux/amd64', kind: 'buildpackage', buildpacks: [{ id: 'acme/hello', targets, layerDiffID: null }] },
      { platform: { architecture: 'arm64', variant: 'v8' }, root: 'linux/arm64/v8' },
    ])
    expect((await scene.inspect('bp')).stdout).toMatch(marks)
    expect(scene.registry.requests).toEqual([])
  })

  test('has the kind that it is of where its package.toml names no source, as in packaging', async () => {
    await using scene = await openScene({ 'ext/extension.toml': 'api = "0.10"\n[extension]\nid = "acme/ext"\nversion = "1"\n', 'ext/package.toml': '[[targets]]\nos = "linux"\narch = "amd64"\n' })
    expect((await scene.json('ext')).platforms).toMatchObject([{ buildpacks: [], extensions: [{ id: 'acme/ext' }] }])
  })

  test('of a composite has the modules of folders, and names what it does not read', async () => {
    const files = { ...component('a', 'acme/a@1'), ...composite('meta', 'acme/meta@1', ['acme/a@1']), 'meta/package.toml': packageToml('.', ['../a', 'docker://registry.invalid/acme/b:1'], ['linux/amd64']) }
    await using scene = await openScene(files)
    const [platform] = (await scene.json('meta')).platforms
    expect(platform?.buildpacks.map(({ id }) => id)).toEqual(['acme/meta', 'acme/a'])
    expect(platform?.problems).toEqual(['the dependency docker://registry.invalid/acme/b:1 is not read: of a folder only the folders and archives of buildpacks beside it are'])
  })

  test('of a composite has the modules of archives, too; a package among them, or what is none, is named', async () => {
    const files = { ...component('a', 'acme/a@1'), ...composite('meta', 'acme/meta@1', ['acme/a@1']), 'meta/package.toml': packageToml('.', ['../a.tgz', '../b.tgz', '../c.tgz'], ['linux/amd64']), 'c.tgz': 'hello' }
    await using scene = await openScene(files)
    await scene.run('-p', 'a', '-t', 'linux/amd64', '--format', 'file', '-o', 'a.cnb')
    await rename(join(scene.path, 'a.cnb'), join(scene.path, 'b.tgz'))
    await archive(scene.path, 'a.tgz', 'a')
    const [platform] = (await scene.json('meta')).platforms
    expect(platform?.buildpacks.map(({ id }) => id)).toEqual(['acme/meta', 'acme/a'])
    expect(platform?.problems).toEqual([expect.stringContaining('the dependency ../b.tgz is not read: '), expect.stringMatching(/the dependency \.\.\/c\.tgz is not read: .*no archive/)])
  })

  test('with mistakes in its files is a config error with all of them', async () => {
    await using scene = await openScene({ 'bp/buildpack.toml': 'api = "0.10"\n[buildpack]\nid = "a b"\n' })
    const { code, stderr } = await scene.inspect('bp')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^bp\/buildpack\.toml:\d+:\d+: buildpack\.version/m)
  })

  test('has neither layers nor a manifest yet', async () => {
    await using scene = await openScene(hello)
    expect(await scene.inspect('bp', '--files')).toMatchObject({ code: 2, stderr: expect.stringContaining('--dry-run') })
    expect(await scene.inspect('bp', '--raw')).toMatchObject({ code: 2 })
  })

  test('without a buildpack in it says what may be in it', async () => {
    await using scene = await openScene({ 'empty/x': '' })
    expect(await scene.inspect('empty')).toMatchObject({ code: 2, stderr: expect.stringContaining('buildpack.toml or extension.toml, or oci-layout') })
  })
})

describe("a buildpack's archive", () => {
  test('is shown as its folder is, whatever links are in it, and leaves no temporary file', async () => {
    await using scene = await openScene(hello)
    await writeFile(join(scene.path, 'bp.tgz'), tgzOf({ ...hello, 'bp/link': { link: 'buildpack.toml' } }, 'bp/'))
    const [folder, packed] = [await scene.json('bp'), await scene.json('file:bp.tgz')]
    expect(packed).toEqual({ ...folder, source: { type: 'archive', name: 'bp.tgz' } })
    expect((await scene.inspect('bp.tgz')).stdout).toMatch(marks)
    expect((await scene.inspect('bp', 'bp.tgz')).stdout).not.toMatch(/added|removed|rebuilt/)
    expect((await readdir(scene.path)).filter((name) => name.startsWith('bp-package-'))).toEqual([])
  })

  test('has neither layers nor a manifest yet; mistakes in its files are told as such', async () => {
    await using scene = await openScene({ ...hello, 'bad/buildpack.toml': 'api = "0.10"\n[buildpack]\nid = "a b"\n', 'none/x': '' })
    for (const name of ['bp', 'bad', 'none']) await archive(scene.path, `${name}.tgz`, name)
    expect(await scene.inspect('bp.tgz', '--files')).toMatchObject({ code: 2, stderr: expect.stringContaining("a buildpack's archive") })
    expect(await scene.inspect('bad.tgz')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^bad\.tgz\/buildpack\.toml:\d+:\d+: buildpack\.version/m) })
    expect(await scene.inspect('none.tgz')).toMatchObject({ code: 1, stderr: expect.stringContaining('a tar without index.json') })
  })
})

describe("an engine's image", () => {
  test('is told by what the engine says of it', async () => {
    await using engine = await startEngine()
    await using scene = await openScene(hello, { DOCKER_HOST: engine.host })
    const loaded = await scene.run('acme/hello:1', '-p', 'bp', '--format', 'image')
    expect(loaded.code).toBe(0)
    const json = await scene.json('daemon:docker.io/acme/hello:1')
    const [id] = engine.images.byId.keys()
    expect(json).toMatchObject({ source: { type: 'daemon', name: 'docker.io/acme/hello:1' }, digest: id, mediaType: null })
    expect(json.platforms).toMatchObject([{ kind: 'buildpackage', size: 1234, layers: [], buildpacks: [{ id: 'acme/hello', version: '1.0.0' }], problems: [] }])
    expect(engine.calls.some((call) => call.includes('/get'))).toBe(false)
  })

  test('that it does not have is an error that names the engine', async () => {
    await using engine = await startEngine()
    await using scene = await openScene({}, { DOCKER_HOST: engine.host })
    const { code, stderr } = await scene.inspect('daemon:acme/none')
    expect(code).toBe(1)
    expect(stderr).toContain(`no such image in the engine at ${engine.host}`)
    expect(await scene.inspect('daemon:acme/none', '--files')).toMatchObject({ code: 2 })
  })
})

describe('a local list', () => {
  test('comes before the registry, with configs from there; docker:// asks the registry', async () => {
    await using scene = await openScene()
    const name = `${scene.registry.host}/acme/list:1`
    publishIndex(scene.registry, 'acme/hello:1', targets.map((platform) => ({ platform, modules: { 'acme/hello@1.0.0': {} } })))
    await scene.run('manifest', 'create', name, `${scene.registry.host}/acme/hello:1`)
    const json = await scene.json(name)
    expect(json.source).toEqual({ type: 'local', name })
    expect(json.platforms.map(({ buildpacks }) => buildpacks.length)).toEqual([1, 1])
    expect(await scene.inspect(`docker://${name}`)).toMatchObject({ code: 1, stderr: expect.stringContaining('no such manifest') })
  })

  test('that is not there is an error when local: asks for it', async () => {
    await using scene = await openScene()
    expect(await scene.inspect('local:registry.example/acme/x:1', '--json')).toMatchObject({ code: 1, stderr: expect.stringContaining('"code":"LIST_NOT_FOUND"') })
  })
})
