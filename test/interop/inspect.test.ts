import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImageIndex } from '../../src/oci/manifest.ts'
import type { Shown } from '../inspect/support/scene.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { attemptPackage, digestIn, fixture, packaged } from './support/cli.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { startDockerd, startPodmanService } from './support/dockerd.ts'
import { checkPrograms, exec } from './support/exec.ts'
import { openPodman, writePolicy } from './support/podman.ts'

let registry: RunningRegistry
let home: Tree
let policy: string
let name: string
let digest: string

beforeAll(async () => {
  await checkPrograms(['docker-registry', 'skopeo', 'podman', 'dockerd'])
  ;[registry, home] = await Promise.all([startDockerRegistry(), emptyTree()])
  policy = await writePolicy(home.path)
  name = `${registry.host}/samples/hello:1`
  digest = digestIn(await packaged([name, '--publish', '-p', fixture('hello-world')], { home: home.path }))
})

afterAll(async () => {
  await registry.close()
  await home.remove()
})

async function inspect(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await attemptPackage(['inspect', ...words], { home: home.path, cwd: home.path, env })
  if (code !== 0) throw new Error(`inspect ${words.join(' ')}: exit ${code}\n${stderr}`)
  return stdout
}

async function shown(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Shown> {
  return JSON.parse(await inspect([...words, '--json'], env)) as Shown
}

const skopeo = (...words: readonly string[]): Promise<string> => exec('skopeo', ['--policy', policy, ...words], { env: { HOME: home.path } })
const ids = ({ platforms }: Shown): readonly (readonly string[])[] => platforms.map(({ buildpacks }) => buildpacks.map(({ id, version }) => `${id}@${version}`))

describe('a package in a real registry', () => {
  test('is shown as skopeo reads it', async () => {
    const json = await shown([name])
    const raw = await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${name}`)
    const index = JSON.parse(raw) as ImageIndex
    expect(json.digest).toBe(digest)
    expect(json.platforms.map((image) => image.digest)).toEqual(index.manifests.map((child) => child.digest))
    expect(ids(json)).toEqual(index.manifests.map(() => ['samples/hello-world@0.0.1']))
    expect(await inspect([name, '--raw'])).toBe(raw)
  })

  test('is the same in a layout and in an archive that skopeo copies it to', async () => {
    const before = await shown([name])
    for (const place of ['oci:copy.oci:1', 'oci-archive:copy.cnb:1']) {
      await skopeo('copy', '--all', '--src-tls-verify=false', `docker://${name}`, place.replace(':', `:${home.path}/`))
      const after = await shown([place])
      expect({ ...after, source: before.source }).toEqual(before)
    }
  })

  test('has the files that its layers have', async () => {
    const { platforms } = await shown([name, '--files'])
    const names = platforms[0]?.files.map(({ path }) => path) ?? []
    const folder = join(home.path, 'unpacked')
    await skopeo('copy', '--src-tls-verify=false', '--override-os', 'linux', '--override-arch', 'amd64', `docker://${name}`, `dir:${folder}`)
    const [layer = ''] = platforms[0]?.layers.map((each) => each.digest.slice('sha256:'.length)) ?? []
    const listed = (await exec('tar', ['-tzf', join(folder, layer)])).split('\n').filter((path) => path !== '')
    expect([...names].sort()).toEqual(listed.map((path) => `/${path.replace(/^\/|\/$/g, '')}`).sort())
  })
})

describe("somebody else's images", () => {
  test('what podman builds and pushes in either format is no buildpackage, and no error', async () => {
    await using podman = await openPodman(registry.host)
    await mkdir(join(home.path, 'plain'))
    await writeFile(join(home.path, 'plain/Containerfile'), 'FROM scratch\nCOPY Containerfile /\nLABEL a=b\n')
    for (const format of ['oci', 'docker']) {
      const image = `${registry.host}/samples/plain:${format}`
      await podman.run('build', '-q', '--isolation', 'chroot', '--format', format, '-t', image, join(home.path, 'plain'))
      await podman.run('push', '-q', '--tls-verify=false', image)
      const json = await shown([image, '--files'])
      expect(json.platforms).toMatchObject([{ kind: 'other', labels: { a: 'b' }, problems: [], files: [{ path: '/Containerfile' }] }])
      expect(json.mediaType).toContain(format)
      expect(await inspect([image])).toMatch(/ not a buildpackage/)
    }
  })

  test('a list of Docker types is read as an index of OCI types is', async () => {
    await skopeo('copy', '--all', '--format', 'v2s2', '--src-tls-verify=false', '--dest-tls-verify=false', `docker://${name}`, `docker://${registry.host}/samples/docker:1`)
    const json = await shown([`${registry.host}/samples/docker:1`])
    expect(json.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json')
    expect(ids(json)).toEqual(ids(await shown([name])))
    expect(json.platforms.flatMap(({ problems }) => problems)).toEqual([])
  })
})

describe('a package in a real engine', () => {
  test.each([
    ['Docker', startDockerd],
    ['Podman', startPodmanService],
  ])('%s', async (_product, start) => {
    await using engine = await start()
    const env = { DOCKER_HOST: engine.host }
    await packaged(['samples/hello:1', '--format', 'image', '-p', fixture('hello-world')], { home: home.path, env })
    const json = await shown(['daemon:samples/hello:1'], env)
    expect(json.source.type).toBe('daemon')
    expect(json.platforms).toMatchObject([{ kind: 'buildpackage', platform: { os: 'linux' }, buildpacks: [{ id: 'samples/hello-world', version: '0.0.1' }], problems: [] }])
    expect(json.platforms[0]?.size).toBeGreaterThan(0)
    expect((await shown([`daemon:${json.digest ?? ''}`], env)).digest).toBe(json.digest)
  })
})
