import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Blob, Descriptor } from '../../src/oci/descriptor.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { isIndexType, isManifestType } from '../../src/oci/media-types.ts'
import { archiveSource, archiveStore } from '../../src/stores/archive.ts'
import { layoutSource } from '../../src/stores/layout.ts'
import type { Source, Store } from '../../src/stores/store.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { fixture, packaged } from './support/cli.ts'
import { contentsOf, packageOf } from './support/compare.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { attempt, exec } from './support/exec.ts'
import { openPodman, writePolicy } from './support/podman.ts'

/** Where a module's files are in an image. */
const moduleFolder = 'cnb/buildpacks/samples_hello-world/0.0.1'

let home: Tree
let policy: string
/** A package for linux/amd64 as a .cnb, and one for all targets. */
let single: string
let all: string
let singleDigest: string
let allDigest: string

beforeAll(async () => {
  home = await emptyTree()
  policy = await writePolicy(home.path)
  single = join(home.path, 'single.cnb')
  all = join(home.path, 'all.cnb')
  const layout = async (name: string, args: readonly string[]): Promise<Source> => {
    await packaged(['-p', fixture('hello-world'), '-o', join(home.path, name), ...args], { home: home.path })
    return layoutSource(join(home.path, name))
  }
  singleDigest = await archive(await layout('single.oci', ['-t', 'linux/amd64']), single)
  allDigest = await archive(await layout('all.oci', []), all)
})

afterAll(async () => {
  await home.remove()
})

/** Packs a layout into an archive; gives the digest of what its tag stands for. */
async function archive(layout: Source, path: string): Promise<string> {
  const store = archiveStore(path)
  try {
    const root = await layout.resolve('0.0.1')
    for (const child of await childrenOf(layout, root)) await copy(layout, child, store)
    await store.tag(blobOf(layout, root), '0.0.1')
    await store.seal()
    return root.digest
  } finally {
    await store.dispose()
  }
}

async function copy(source: Source, descriptor: Descriptor, store: Store): Promise<void> {
  for (const child of await childrenOf(source, descriptor)) await copy(source, child, store)
  await store.put(blobOf(source, descriptor))
}

function blobOf(source: Source, { mediaType, size, digest }: Descriptor): Blob {
  return { descriptor: { mediaType, size, digest }, open: () => source.open({ mediaType, size, digest }) }
}

async function childrenOf(source: Source, descriptor: Descriptor): Promise<Descriptor[]> {
  if (!isManifestType(descriptor.mediaType)) return []
  const { manifests = [], config, layers = [] } = JSON.parse((await buffer(await source.open(descriptor))).toString())
  return isIndexType(descriptor.mediaType) ? manifests : [config, ...layers]
}

async function readAll(source: Source, root: Descriptor): Promise<number> {
  const children = await childrenOf(source, root)
  const below = await Promise.all(children.map((child) => readAll(source, child)))
  expect(await buffer(await source.open(root))).toHaveLength(root.size)
  return below.reduce((sum, count) => sum + count, 1)
}

async function rawDigest(reference: string): Promise<string> {
  return digestOf(Buffer.from(await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', reference])))
}

describe('skopeo', () => {
  test('sees one image in a file of one target, and the index in a file of all, by the tag and without', async () => {
    for (const tag of ['', ':0.0.1']) {
      expect(await rawDigest(`oci-archive:${single}${tag}`)).toBe(singleDigest)
      expect(await rawDigest(`oci-archive:${all}${tag}`)).toBe(allDigest)
    }
  })

  test('pushes a file of all targets to a registry with the digest it has', async () => {
    const registry = await startDockerRegistry()
    try {
      const name = `docker://${registry.host}/samples/hello:1`
      await exec('skopeo', ['copy', '--policy', policy, '--all', '--preserve-digests', '--dest-tls-verify=false', `oci-archive:${all}:0.0.1`, name])
      expect(await rawDigest(name)).toBe(allDigest)
    } finally {
      await registry.close()
    }
  })

  test('writes archives that are read here, with all their blobs', async () => {
    const theirs = join(home.path, 'skopeo.tar')
    await exec('skopeo', ['copy', '--policy', policy, '--all', '--preserve-digests', `oci-archive:${all}:0.0.1`, `oci-archive:${theirs}:other`])
    const source = await archiveSource(theirs, home.path)
    const root = await source.resolve('other')
    expect(root.digest).toBe(allDigest)
    expect(await readAll(source, root)).toBe(await readAll(await archiveSource(all, home.path), root))
  })

  test('writes archives for the Docker engine that are refused with what to do', async () => {
    const theirs = join(home.path, 'docker.tar')
    await exec('skopeo', ['copy', '--policy', policy, `oci-archive:${single}`, `docker-archive:${theirs}:a/b:1`])
    const hint = expect.stringContaining('`skopeo copy docker-archive:FILE oci-archive:FILE.cnb`')
    await expect(archiveSource(theirs, home.path)).rejects.toMatchObject({ code: 'UNREADABLE', hint })
    const mended = join(home.path, 'mended.cnb')
    await exec('skopeo', ['copy', '--policy', policy, `docker-archive:${theirs}`, `oci-archive:${mended}`])
    const source = await archiveSource(mended, home.path)
    expect(await readAll(source, await source.resolve(''))).toBe(3)
  })
})

test('umoci unpacks a file of one target, and of all, to the files of its folder', async () => {
  for (const [name, path] of [['single', single], ['all', all]] as const) {
    const layout = join(home.path, `${name}-unpacked.oci`)
    await mkdir(layout)
    await exec('tar', ['--extract', '--file', path, '--directory', layout])
    expect((await exec('umoci', ['list', '--layout', layout])).trim()).toBe('0.0.1')
    const one = join(home.path, `${name}-amd64.oci`)
    await exec('skopeo', ['copy', '--policy', policy, '--override-os', 'linux', '--override-arch', 'amd64', `oci:${layout}:0.0.1`, `oci:${one}:one`])
    const bundle = join(home.path, `${name}-bundle`)
    await exec('umoci', ['raw', 'unpack', '--image', `${one}:one`, bundle])
    expect(await contentsOf(join(bundle, moduleFolder))).toEqual(await packageOf(fixture('hello-world'), 'linux/amd64'))
  }
})

describe('podman', () => {
  test('loads a file of one target, with its files', async () => {
    await using podman = await openPodman()
    expect(await podman.run('load', '--quiet', '--signature-policy', policy, '--input', single)).toContain('Loaded image')
    const [id = ''] = (await podman.run('images', '--quiet', '--no-trunc')).trim().split('\n')
    const [image] = JSON.parse(await podman.run('image', 'inspect', id))
    expect(image).toMatchObject({ Os: 'linux', Architecture: 'amd64' })
    const mounted = (await podman.run('image', 'mount', id)).trim()
    expect(await contentsOf(join(mounted, moduleFolder))).toEqual(await packageOf(fixture('hello-world'), 'linux/amd64'))
    await podman.run('image', 'unmount', id)
  })

  test.each(['linux/amd64', 'linux/arm64', 'linux/arm/v7'])('pulls the image for %s out of a file of all targets', async (platform) => {
    await using podman = await openPodman()
    const id = (await podman.run('pull', '--quiet', '--signature-policy', policy, '--platform', platform, `oci-archive:${all}:0.0.1`)).trim()
    const [image] = JSON.parse(await podman.run('image', 'inspect', id))
    expect(image).toMatchObject({ Os: 'linux', Architecture: platform.split('/')[1] })
    const mounted = (await podman.run('image', 'mount', id)).trim()
    expect(await contentsOf(join(mounted, moduleFolder))).toEqual(await packageOf(fixture('hello-world'), platform))
    await podman.run('image', 'unmount', id)
  })

  test('saves archives that are read here', async () => {
    await using podman = await openPodman()
    await podman.run('pull', '--quiet', '--signature-policy', policy, `oci-archive:${single}`)
    const [id = ''] = (await podman.run('images', '--quiet', '--no-trunc')).trim().split('\n')
    const saved = join(home.path, 'podman.tar')
    await podman.run('save', '--quiet', '--format', 'oci-archive', '--output', saved, id)
    const source = await archiveSource(saved, home.path)
    expect(await readAll(source, await source.resolve(''))).toBe(3)
  })
})

describe('pack', () => {
  /** pack is in no distribution: where it is neither named by BP_PACK nor on PATH, these tests have nothing to say. */
  const pack = process.env['BP_PACK'] ?? 'pack'

  async function withPack(name: string, check: (run: (...args: readonly string[]) => Promise<string>) => Promise<void>): Promise<void> {
    const env = { HOME: home.path, PACK_HOME: join(home.path, 'pack') }
    if ((await attempt('sh', ['-c', `command -v "${pack}"`])).code !== 0) {
      process.stderr.write(`not run, for there is no pack (BP_PACK names one): ${name}\n`)
      return
    }
    await check((...args) => exec(pack, args, { cwd: home.path, env }))
  }

  test('reads a file of one target, by itself and as a dependency', async () => {
    await withPack('pack reads our files', async (run) => {
      expect(await run('buildpack', 'inspect', './single.cnb')).toMatch(/samples\/hello-world +\S.* +0\.0\.1/)
      await mkdir(join(home.path, 'meta'))
      await writeFile(
        join(home.path, 'meta/buildpack.toml'),
        'api = "0.10"\n[buildpack]\nid = "acme/meta"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "samples/hello-world"\nversion = "0.0.1"\n',
      )
      await writeFile(join(home.path, 'package.toml'), '[buildpack]\nuri = "meta"\n[[dependencies]]\nuri = "single.cnb"\n')
      await run('buildpack', 'package', 'meta.cnb', '--config', 'package.toml', '--format', 'file', '--target', 'linux/amd64')
      expect(await run('buildpack', 'inspect', './meta.cnb')).toContain('samples/hello-world@0.0.1')
    })
  })

  test('writes files that are read here', async () => {
    await withPack('files of pack are read here', async (run) => {
      await run('buildpack', 'package', 'theirs.cnb', '--path', fixture('hello-shared'), '--format', 'file', '--target', 'linux/amd64')
      const source = await archiveSource(join(home.path, 'theirs.cnb'), home.path)
      expect(await readAll(source, await source.resolve(''))).toBe(3)
    })
  })
})
