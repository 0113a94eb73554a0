import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { TarMember } from '../support/archives/tar-bytes.ts'
import { longMember, tarBytes } from '../support/archives/tar-bytes.ts'
import { listLayer } from '../../src/inspect/layer-files.ts'
import { readsZstd } from '../../src/layers/zstd.ts'
import { defaultLimits } from '../../src/layers/unpack-limits.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { elf, machines } from './support/programs.ts'
import type { SampleImage } from './support/published.ts'
import { publishIndex } from './support/published.ts'
import { openScene } from './support/scene.ts'

const folder = '/cnb/buildpacks/acme_a/1'
const program = (machine: keyof typeof machines, more = ''): TarMember => ({ name: `${folder}/bin/build`, content: elf(machines[machine], 64, machine === 's390x' ? 'be' : 'le', more), mode: 0o755 })
const text = (name: string, content = name, mode = 0o644): TarMember => ({ name: `${folder}/${name}`, content, mode })

async function inspected(images: Readonly<Record<string, readonly TarMember[]>>, ...words: string[]) {
  await using scene = await openScene()
  publishIndex(scene.registry, 'acme/a:1', Object.entries(images).map(([platform, members]): SampleImage => ({ platform, modules: { 'acme/a@1': { members } } })))
  const name = `${scene.registry.host}/acme/a:1`
  const { differences, notes, platforms } = await scene.json(name, '--files')
  return { differences, notes, platforms, requests: [...scene.registry.requests], text: (await scene.inspect(name, '--files', ...words)).stdout }
}

describe('--files', () => {
  test('tells path, mode, size, digest and machine', async () => {
    const { platforms, text: shown } = await inspected({ 'linux/amd64': [program('amd64'), text('LICENSE', 'free'), { name: `${folder}/link`, flag: '2', link: 'LICENSE', mode: 0o777 }] })
    expect(platforms[0]?.files).toEqual([
      { path: `${folder}/LICENSE`, type: 'file', mode: 0o644, size: 4, machine: null, digest: digestOf(Buffer.from('free')) },
      { path: `${folder}/bin/build`, type: 'file', mode: 0o755, size: 64, machine: 'amd64', format: 'elf', digest: expect.stringMatching(/^sha256:/) },
      { path: `${folder}/link`, type: 'symlink', mode: 0o777, size: 0, machine: null, digest: null },
    ])
    expect(shown).toMatch(/^0755 +64 B +amd64 +\/cnb\/buildpacks\/acme_a\/1\/bin\/build$/m)
  })

  test('without it no file is told', async () => {
    await using scene = await openScene()
    publishIndex(scene.registry, 'acme/a:1', [{ platform: 'linux/amd64', modules: { 'acme/a@1': {} } }])
    expect((await scene.json(`${scene.registry.host}/acme/a:1`)).platforms[0]?.files).toBeNull()
  })

  test.each([
    ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.config.v1+json', 'application/vnd.oci.image.layer.v1.tar+zstd'],
    ['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.docker.container.image.v1+json', 'application/vnd.docker.image.rootfs.diff.tar.zstd'],
  ])('reads a zstd layer of %s where this Node.js can', async (mediaType, configType, layerType) => {
    await using scene = await openScene()
    const { registry } = scene
    // A tar with the file cnb/a in it.
    const layer = registry.addBlob('acme/z', Buffer.from('28b52ffd0468e50100f2820910a0ab03b43bf1dcaaba7e5f6e45d51d324de714d3af126cb50e8a97f9bdf8dfbbfcaf0803910720701ff7fd658e3a60f2844b0486b3932b02d2789bf1', 'hex'))
    const config = registry.addBlob('acme/z', Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [layer.digest] } })))
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: { mediaType: configType, ...config }, layers: [{ mediaType: layerType, ...layer }] }))
    const { manifests, tags } = registry.repository('acme/z')
    manifests.set(digestOf(manifest), { mediaType, bytes: manifest })
    tags.set('1', digestOf(manifest))
    const { stdout } = await scene.inspect(`${registry.host}/acme/z:1`, '--files')
    expect(stdout).toMatch(readsZstd ? /\/cnb\/a$/m : /is a zstd stream, which Node\.js reads from 22\.15 on$/m)
  })

  test('reads a layer of several platforms once', async () => {
    const { requests, platforms } = await inspected({ 'linux/amd64': [text('a')], 'linux/arm64': [text('a')], 'linux/s390x': [text('b')] })
    expect(platforms.map(({ files }) => files.map(({ path }) => path))).toEqual([[`${folder}/a`], [`${folder}/a`], [`${folder}/b`]])
    // Three configs and two layers.
    expect(requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'))).toHaveLength(5)
  })
})

describe('files of several platforms', () => {
  test('programs for each platform are no difference, whatever their sizes', async () => {
    const { differences, notes, text: shown } = await inspected({ 'linux/amd64': [program('amd64', 'more')], 'linux/arm64': [program('arm64')] })
    expect({ differences, notes }).toEqual({ differences: [], notes: [] })
    expect(shown).toMatch(/^0755 +68 B, 64 B +amd64, arm64 +\/cnb/m)
  })

  test('a program for another machine is told by name', async () => {
    const { notes, text: shown } = await inspected({ 'linux/amd64': [program('amd64')], 'linux/arm64': [program('amd64', 'x')] })
    expect(notes).toEqual([{ kind: 'wrong-machine', digest: expect.stringMatching(/^sha256:/), platforms: ['linux/arm64'], path: `${folder}/bin/build`, machine: 'amd64' }])
    expect(shown).toContain(`  ${folder}/bin/build is a program for amd64, on linux/arm64\n`)
  })

  test('what cannot be executed may be for any machine', async () => {
    const { notes } = await inspected({ 'linux/amd64': [{ ...program('arm64'), mode: 0o644 }] })
    expect(notes).toEqual([])
  })

  test.each([
    ['missing', [text('a'), text('b')], [text('a')], `${folder}/b`, 'file 0644 1 bytes sha256:3e23e8160039', null],
    ['another mode', [text('a')], [text('a', 'a', 0o600)], `${folder}/a`, 'file 0644 1 bytes sha256:ca978112ca1b', 'file 0600 1 bytes sha256:ca978112ca1b'],
    ['another size', [text('a')], [text('a', 'aa')], `${folder}/a`, 'file 0644 1 bytes sha256:ca978112ca1b', 'file 0644 2 bytes sha256:961b6dd3ede3'],
    ['another content', [text('a')], [text('a', 'b')], `${folder}/a`, 'file 0644 1 bytes sha256:ca978112ca1b', 'file 0644 1 bytes sha256:3e23e8160039'],
    ['a link', [text('a')], [{ ...text('a', ''), flag: '2', link: 'b' }], `${folder}/a`, 'file 0644 1 bytes sha256:ca978112ca1b', 'symlink 0644'],
  ])('%s is a difference', async (_what, amd64, arm64, path, one, other) => {
    const { differences } = await inspected({ 'linux/amd64': amd64, 'linux/arm64': arm64 })
    expect(differences).toEqual([{ kind: 'file', id: path, values: { 'linux/amd64': one, 'linux/arm64': other } }])
  })

  test('of a module that a platform lacks no file is missing', async () => {
    await using scene = await openScene()
    const other = { members: [{ name: '/cnb/buildpacks/acme_b/2/x', content: 'x' }] }
    publishIndex(scene.registry, 'acme/a:1', [
      { platform: 'linux/amd64', modules: { 'acme/a@1': { members: [text('a')] }, 'acme/b@2': other } },
      { platform: 'linux/arm64', modules: { 'acme/a@1': { members: [text('a')] } } },
    ])
    const { differences } = await scene.json(`${scene.registry.host}/acme/a:1`, '--files')
    expect(differences.map(({ kind }) => kind)).toEqual(['missing'])
  })

  test('of a builder only the files of modules are compared', async () => {
    await using scene = await openScene()
    const labels = { 'io.buildpacks.builder.metadata': '{}' }
    publishIndex(scene.registry, 'acme/a:1', ['x86_64', 'aarch64'].map((base) => ({ platform: `linux/${base}`, modules: { 'acme/a@1': { members: [text('a', base), { name: `usr/lib/${base}`, content: 'x' }] } }, labels })))
    const { differences } = await scene.json(`${scene.registry.host}/acme/a:1`, '--files')
    expect(differences.map(({ id }) => id)).toEqual([`${folder}/a`])
  })

  test('a later layer lies over an earlier one, and its whiteouts take files away', async () => {
    await using scene = await openScene()
    const modules = {
      'acme/a@1': { members: [text('a', 'old'), text('b'), text('d/e'), text('d/f/g'), text('o/p')] },
      'acme/b@1': { members: [text('a', 'new'), text('.wh.b', ''), text('.wh.d', ''), text('o/.wh..wh..opq', ''), text('o/q')] },
    }
    publishIndex(scene.registry, 'acme/a:1', [{ platform: 'linux/amd64', modules }])
    const [image] = (await scene.json(`${scene.registry.host}/acme/a:1`, '--files')).platforms
    expect(image?.files.map(({ path, digest }) => [path.replace(`${folder}/`, ''), digest?.slice(0, 15)])).toEqual([
      ['a', digestOf(Buffer.from('new')).slice(0, 15)],
      ['o/q', digestOf(Buffer.from('o/q')).slice(0, 15)],
    ])
  })
})

describe('a layer that is not what it should be', () => {
  test.each([
    ['no tar', 'acme/a@1 garbage', 'got a header whose checksum is wrong'],
    ['empty', '', 'an empty file'],
  ])('%s is a problem of its platform, and nothing else fails', async (_what, content, problem) => {
    await using scene = await openScene()
    publishIndex(scene.registry, 'acme/a:1', [{ platform: 'linux/amd64', modules: { 'acme/a@1': { content: content.padEnd(content === '' ? 0 : 600) } } }, { platform: 'linux/arm64', modules: { 'acme/a@1': { members: [text('a')] } } }])
    const { platforms } = await scene.json(`${scene.registry.host}/acme/a:1`, '--files')
    expect(platforms[0]?.problems.join()).toContain(problem)
    expect(platforms[1]?.files).toHaveLength(1)
  })

  test('a layer that is not the one that its config names is a problem', async () => {
    await using scene = await openScene()
    const label = JSON.stringify({ 'acme/a': { '1': {} } })
    const tar = tarBytes([text('a')])
    publishIndex(scene.registry, 'acme/a:1', [{ platform: 'linux/amd64', modules: { 'acme/a@1': { content: tar.toString('latin1') } }, labels: { 'io.buildpacks.buildpack.layers': label } }])
    const { platforms } = await scene.json(`${scene.registry.host}/acme/a:1`, '--files')
    expect(platforms[0]?.problems).toEqual([expect.stringMatching(/^layer sha256:\w+ is sha256:\w+ uncompressed, and its config says sha256:/)])
  })

  test.each([
    ['leaves it', [text('../../../../../../x')], 'a name that leaves the layer'],
    ['is longer than any', [longMember('L', `${'a/'.repeat(3000)}a`), text('a')], 'a name of more than 4095 bytes'],
    ['is a device', [{ name: 'null', flag: '3' }], 'a character device'],
    ['is one too many', [text('a'), text('b'), text('c'), text('d')], 'more than 3 files'],
  ] as const)('an entry that %s is refused', async (_what, members, message) => {
    await expect(layer(members)).rejects.toThrow(message)
  })

  test('bytes that unpack to very many are not read to their end', async () => {
    const packed = gzipSync(tarBytes([text('zeros', '\0'.repeat(4_000_000))]))
    const limits = { ...defaultLimits, ratio: 10, ratioFromBytes: 100_000 }
    await expect(listLayer(chunks(packed), packed.length, 'the layer', undefined, limits)).rejects.toThrow(`${packed.length} bytes that unpack to more than 100000`)
  })

  test('a stream that is cut off is broken', async () => {
    const packed = gzipSync(tarBytes([{ ...text('a'), content: randomBytes(5000) }]))
    await expect(listLayer(chunks(packed.subarray(0, 3000)), 3000, 'the layer')).rejects.toThrow('read layer "the layer": got a gzip stream with an error in it')
  })
})

function layer(members: readonly TarMember[]): ReturnType<typeof listLayer> {
  return listLayer(chunks(gzipSync(tarBytes(members))), 1000, 'the layer', undefined, { ...defaultLimits, entries: 3 })
}

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 1000) yield bytes.subarray(start, start + 1000)
}
