import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silent } from '../../src/events.ts'
import type { RunResult } from '../../src/publish/options.ts'
import type { Engine } from '../../src/stores/daemon.ts'
import { openDaemon, openEngine } from '../../src/stores/daemon.ts'
import type { PackageImage } from '../docker/support/package-image.ts'
import { packageImage, pushPackage } from '../docker/support/package-image.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { attemptPackage, fixture, packaged } from './support/cli.ts'
import { contentsOf, packageOf } from './support/compare.ts'
import type { RealEngine } from './support/dockerd.ts'
import { startDockerd, startPodmanService } from './support/dockerd.ts'
import { checkPrograms, exec } from './support/exec.ts'
import { writePolicy } from './support/podman.ts'

interface Inspected {
  readonly Id: string
  readonly RepoTags: readonly string[]
  readonly Os: string
  readonly Architecture: string
  readonly Config: { readonly Labels: Readonly<Record<string, string>> }
  readonly RootFS: { readonly Layers: readonly string[] }
}

/** Asks an engine apart from the code that is tested. */
function ask({ host }: RealEngine, path: string, method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ socketPath: host.replace('unix://', ''), path: `/v1.40${path}`, method }, resolve).once('error', reject).end()
  })
}

async function json<T>(engine: RealEngine, path: string): Promise<T> {
  return JSON.parse(await text(await ask(engine, path))) as T
}

/** The same engine, with a list of how large the archives are that it gets. */
function weighing(engine: Engine, sizes: number[]): Engine {
  return {
    info: () => engine.info(),
    inspect: (name, signal) => engine.inspect(name, signal),
    labelled: (label, signal) => engine.labelled(label, signal),
    load: (archive, signal) => {
      sizes.push(archive.size)
      return engine.load(archive, signal)
    },
    tag: (id, repository, tag, signal) => engine.tag(id, repository, tag, signal),
    remove: (name, signal) => engine.remove(name, signal),
    close: () => engine.close(),
  }
}

beforeAll(() => checkPrograms(['dockerd', 'podman', 'skopeo', 'umoci']))

describe.each([
  ['Docker', startDockerd],
  ['Podman', startPodmanService],
])('%s', (product, start) => {
  let engine: RealEngine
  let home: Tree
  let architecture: string

  const run = (...args: readonly string[]) => attemptPackage(args, { home: home.path, env: { DOCKER_HOST: engine.host } })
  const inspect = (name: string): Promise<Inspected> => json(engine, `/images/${name}/json`)

  /** The result of a run that has to succeed. */
  async function load(...args: readonly string[]): Promise<RunResult> {
    const { code, stdout, stderr } = await run('--format', 'image', '--json', ...args)
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout) as RunResult
  }

  beforeAll(async () => {
    engine = await start()
    home = await emptyTree()
    architecture = (await json<{ readonly Arch: string }>(engine, '/version')).Arch
  })

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]()
    await home?.remove()
  })

  test('gets the image of its own platform, under every name, and has what was built', async () => {
    const names = ['docker.io/acme/hello:1', 'docker.io/acme/hello:latest', 'localhost:5000/other:2']
    const result = await load('acme/hello:1', '-p', fixture('hello-world'), '--tag', 'latest', '--tag', 'localhost:5000/other:2')
    expect(result).toMatchObject({ destination: 'image', tags: names, images: [{ target: `linux/${architecture}` }] })
    const layout = join(home.path, 'same.oci')
    await packaged(['-p', fixture('hello-world'), '-t', `linux/${architecture}`, '-o', layout], { home: home.path })
    const manifest = JSON.parse(await readFile(join(layout, 'blobs/sha256', result.digest.replace('sha256:', '')), 'utf8'))
    const config = JSON.parse(await readFile(join(layout, 'blobs/sha256', manifest.config.digest.replace('sha256:', '')), 'utf8'))
    for (const name of names) {
      const image = await inspect(name)
      expect(image).toMatchObject({ Os: 'linux', Architecture: architecture })
      expect(image.Id.replace('sha256:', '')).toBe(manifest.config.digest.replace('sha256:', ''))
      expect(image.RootFS.Layers).toEqual(result.images[0]?.layers.map(({ diffID }) => diffID))
      expect(image.Config.Labels).toEqual(config.config.Labels)
    }
  })

  test('holds the files of the folder for its platform', async () => {
    const [saved, unpacked] = ['saved.tar', 'unpacked'].map((name) => join(home.path, name)) as [string, string]
    await load('acme/files:1', '-p', fixture('hello-world'))
    await pipeline(await ask(engine, '/images/docker.io/acme/files:1/get'), createWriteStream(saved))
    await exec('skopeo', ['copy', '--policy', await writePolicy(home.path), `docker-archive:${saved}`, `oci:${join(home.path, 'saved.oci')}:1`], { env: { HOME: home.path, TMPDIR: home.path } })
    await exec('umoci', ['raw', 'unpack', '--image', `${join(home.path, 'saved.oci')}:1`, unpacked])
    expect(await contentsOf(join(unpacked, 'cnb/buildpacks/samples_hello-world/0.0.1'))).toEqual(await packageOf(fixture('hello-world'), `linux/${architecture}`))
  })

  test('takes a composite, whose modules come from a folder and a file', async () => {
    const file = join(home.path, 'shared.cnb')
    await packaged(['-p', fixture('hello-shared'), '-t', `linux/${architecture}`, '--format', 'file', '-o', file], { home: home.path })
    await mkdir(join(home.path, 'meta'))
    const members = ['samples/hello-world', 'samples/hello-shared'].map((id) => `[[order.group]]\nid = "${id}"\nversion = "0.0.1"\n`)
    await writeFile(join(home.path, 'meta/buildpack.toml'), `api = "0.10"\n[buildpack]\nid = "samples/meta"\nversion = "1"\n[[order]]\n${members.join('')}`)
    const dependencies = [fixture('hello-world'), file].map((uri) => `[[dependencies]]\nuri = "${uri}"\n`)
    await writeFile(join(home.path, 'package.toml'), `[buildpack]\nuri = "meta"\n${dependencies.join('')}[[targets]]\nos = "linux"\narch = "${architecture}"\n`)
    const result = await load('acme/meta:1', '-c', join(home.path, 'package.toml'))
    const layers = result.images[0]?.layers ?? []
    expect(layers.map(({ module }) => module)).toEqual(['samples/hello-world@0.0.1', 'samples/hello-shared@0.0.1', 'samples/meta@1'])
    const image = await inspect('docker.io/acme/meta:1')
    expect(image.RootFS.Layers).toEqual(layers.map(({ diffID }) => diffID))
    expect(Object.keys(JSON.parse(image.Config.Labels['io.buildpacks.buildpack.layers'] ?? ''))).toEqual(expect.arrayContaining(['samples/hello-world', 'samples/hello-shared', 'samples/meta']))
  })

  test('is sent nothing the second time, and says that it is present', async () => {
    const args = ['acme/twice:1', '-p', fixture('hello-world'), '--format', 'image', '--label', 'run=twice']
    const first = await run(...args)
    expect(first.stderr).toMatch(new RegExp(`^loaded: sha256:[0-9a-f]{64} in ${product} at ${engine.host}$`, 'm'))
    const second = await run(...args)
    expect(second.stderr).toMatch(new RegExp(`^present: sha256:[0-9a-f]{64} in ${product} at ${engine.host}$`, 'm'))
    expect(second).toMatchObject({ code: 0, stdout: first.stdout })
    expect((await inspect('docker.io/acme/twice:1')).RepoTags).toContain(product === 'Docker' ? 'acme/twice:1' : 'docker.io/acme/twice:1')
  })

  test('takes a change on layers that it has, and moves the name', async () => {
    await load('acme/moved:1', '-p', fixture('hello-world'), '--label', 'a=1')
    const before = await inspect('docker.io/acme/moved:1')
    await load('acme/moved:1', '-p', fixture('hello-world'), '--label', 'a=2')
    const after = await inspect('docker.io/acme/moved:1')
    expect(after.RootFS).toEqual(before.RootFS)
    expect([before, after].map(({ Config }) => Config.Labels['a'])).toEqual(['1', '2'])
    expect((await inspect(before.Id)).RepoTags).toEqual([])
  })

  test('is left alone where no target fits it: what there is and what it runs are listed', async () => {
    const count = (await json<readonly unknown[]>(engine, '/images/json?all=1')).length
    const { code, stdout, stderr } = await run('acme/none:1', '-p', fixture('hello-world'), '--format', 'image', '-t', 'linux/riscv64')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(`got linux/riscv64, want linux/${architecture}`)
    expect(await json(engine, '/images/json?all=1')).toHaveLength(count)
  })

  /** One image, through the store that a run uses; the sizes of the archives that the engine got. */
  async function put(image: PackageImage, repository: string, tag: string): Promise<readonly number[]> {
    const sizes: number[] = []
    const own = openEngine({ env: { DOCKER_HOST: engine.host }, homeDir: home.path, report: silent })
    const daemon = openDaemon(weighing(own, sizes), { folder: home.path, report: silent })
    try {
      await pushPackage(daemon.store('docker.io', repository), image, tag)
      await daemon.seal()
      expect((await inspect(`docker.io/${repository}:${tag}`)).RootFS.Layers).toEqual(image.diffIDs)
    } finally {
      await daemon.dispose()
      await own.close()
    }
    return sizes
  }

  test('takes an image that names no architecture', async () => {
    expect(await put(packageImage(['bare'], { os: 'linux', architecture: '' }), 'acme/bare', '1')).toHaveLength(1)
  })

  test('is not sent layers that it has, and takes the archive without them', async () => {
    const shared = randomBytes(256 * 1024).toString('base64')
    const sizes = []
    for (const top of ['one', 'two']) sizes.push(...(await put(packageImage([shared, top], { os: 'linux', architecture }), 'acme/shared', top)))
    expect(sizes).toHaveLength(2)
    expect(sizes[1]).toBeLessThan((sizes[0] ?? 0) / 10)
  })
})

test('Docker, where it refuses one of the names, is left as it was', async () => {
  await using engine = await startDockerd()
  await using home = await emptyTree()
  const args = ['-p', fixture('hello-world'), '--format', 'image']
  const run = (...more: readonly string[]) => attemptPackage([...args, ...more], { home: home.path, env: { DOCKER_HOST: engine.host } })
  expect(await run('acme/hello:1', '--label', 'a=1')).toMatchObject({ code: 0 })
  const before = await json(engine, '/images/json?all=1')
  // Docker keeps the word for digests.
  const refused = await run('acme/hello:1', '--tag', 'sha256:1', '--label', 'a=2')
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('tag image in the engine "docker.io/library/sha256:1": status ') })
  expect(await json(engine, '/images/json?all=1')).toEqual(before)
})

test('where no engine listens a run says where it looked', async () => {
  await using home = await emptyTree()
  const host = `unix://${home.path}/none.sock`
  const { code, stderr } = await attemptPackage(['-p', fixture('hello-world'), '--format', 'image'], { home: home.path, env: { DOCKER_HOST: host } })
  expect(code).toBe(1)
  expect(stderr).toContain(`ask the engine for its version "${host} (DOCKER_HOST)": no such socket`)
})
