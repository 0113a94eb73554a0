import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PackagerError } from '../../src/errors.ts'
import type { PackageOptions } from '../../src/package/options.ts'
import { digestOf } from '../support/read-back/image.ts'
import { readOutput } from '../support/read-back/registry.ts'
import { rewrite, withHeaders } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Ground } from './support/ground.ts'
import { openGround, separate } from './support/ground.ts'

let ground: Ground
let registry: TestRegistry

beforeEach(async () => {
  ground = await openGround(separate)
  registry = await startRegistry()
})

afterEach(async () => {
  await registry.close()
  await ground.tree.remove()
})

function published(rest: Partial<PackageOptions> = {}): ReturnType<Ground['run']> {
  return ground.run({ destination: 'registry', name: `${registry.host}/acme/hello:1`, ...rest })
}

/** The index as it lies in the registry, every key of it. */
async function index(tag = '1'): Promise<{ manifests: { digest: string; platform: Record<string, string>; annotations?: Record<string, string> }[]; annotations?: Record<string, string> }> {
  const response = await fetch(`http://${registry.host}/v2/acme/hello/manifests/${tag}`, { headers: { accept: 'application/vnd.oci.image.index.v1+json' } })
  return (await response.json()) as Awaited<ReturnType<typeof index>>
}

async function put(tag: string, mediaType: string, value: unknown): Promise<void> {
  const response = await fetch(`http://${registry.host}/v2/acme/hello/manifests/${tag}`, { method: 'PUT', headers: { 'content-type': mediaType }, body: JSON.stringify(value) })
  if (!response.ok) throw new Error(await response.text())
}

const platforms = async (): Promise<string[]> => (await index()).manifests.map(({ platform }) => Object.values(platform).join('/'))

describe('--append', () => {
  test('to an index that another job overwrites in the same moment is done once more, so that neither is lost', async () => {
    await published({ targets: ['linux/amd64'] })
    await published({ targets: ['linux/s390x'], append: true, name: `${registry.host}/acme/hello:1` })
    const { tags } = registry.repository('acme/hello')
    const theirs = tags.get('1') ?? ''
    await published({ targets: ['linux/amd64'] })
    registry.fail({ method: 'PUT', path: /manifests\/1$/, strike: rewrite((reply) => {
      tags.set('1', theirs)
      return reply
    }) })
    const result = await published({ targets: ['linux/arm64'], append: true, tags: ['more'] })
    expect(await platforms()).toEqual(['amd64/linux', 's390x/linux', 'arm64/linux'])
    expect([tags.get('1'), tags.get('more')]).toEqual([result.digest, result.digest])
  })

  test('leaves no further tag behind NAME where another job goes on from NAME at once', async () => {
    await published({ targets: ['linux/amd64'] })
    const { tags, manifests } = registry.repository('acme/hello')
    registry.fail({ method: 'PUT', path: /manifests\/1$/, strike: rewrite((reply) => {
      const ours = manifests.get(tags.get('1') ?? '')
      const bytes = Buffer.from(JSON.stringify({ ...(JSON.parse(ours?.bytes.toString('utf8') ?? '{}') as object), annotations: { by: 'them' } }))
      manifests.set(digestOf(bytes), { mediaType: ours?.mediaType ?? '', bytes })
      for (const tag of ['1', 'more']) tags.set(tag, digestOf(bytes))
      return reply
    }) })
    await published({ targets: ['linux/arm64'], append: true, tags: ['more'] })
    expect(await platforms()).toEqual(['amd64/linux', 'arm64/linux'])
    expect([(await index()).annotations, (await index('more')).annotations]).toEqual([{ by: 'them' }, { by: 'them' }])
  })

  test('writes once to a registry that is behind with what a tag stands for', async () => {
    await published({ targets: ['linux/amd64'] })
    const old = registry.repository('acme/hello').tags.get('1') ?? ''
    const since = registry.requests.length
    registry.fail({ method: 'PUT', path: /manifests\/1$/, strike: rewrite((reply) => {
      registry.fail({ method: 'HEAD', path: /manifests\/1$/, times: 2, strike: withHeaders({ 'docker-content-digest': old }) })
      return reply
    }) })
    const { warnings } = await published({ targets: ['linux/arm64'], append: true })
    expect(registry.requests.slice(since).filter(({ method, path }) => method === 'PUT' && path.endsWith('/manifests/1'))).toHaveLength(1)
    expect(warnings).toEqual([])
    expect(await platforms()).toEqual(['amd64/linux', 'arm64/linux'])
  })

  test('keeps the other platforms where they are, and their annotations', async () => {
    await published({ targets: ['linux/amd64', 'linux/s390x'], annotations: ['index:a=1', 'manifest-descriptor:b=2'] })
    const before = await index()
    const result = await published({ targets: ['linux/arm64'], append: true, annotations: ['index:c=3'] })
    const after = await index()
    expect(after.manifests.slice(0, 2)).toEqual(before.manifests)
    expect(after.annotations).toEqual({ a: '1', c: '3' })
    expect(await platforms()).toEqual(['amd64/linux', 's390x/linux', 'arm64/linux'])
    expect((await readOutput(registry.host, 'acme/hello', '1')).digest).toBe(result.digest)
  })

  test('puts an image for the same platform in the place of the old one', async () => {
    await published({ targets: ['linux/amd64', 'linux/arm64'] })
    const [old, kept] = (await index()).manifests
    await published({ targets: ['linux/amd64'], append: true, labels: ['new=1'] })
    const [replaced, second, ...rest] = (await index()).manifests
    expect([second, rest]).toEqual([kept, []])
    expect(replaced?.digest).not.toBe(old?.digest)
    expect(replaced?.platform).toEqual(old?.platform)
  })

  test('makes a single image the first child, with the platform of its config', async () => {
    const single = await published({ targets: ['linux/amd64'] })
    await published({ targets: ['linux/arm64'], append: true })
    expect(await platforms()).toEqual(['amd64/linux', 'arm64/linux'])
    expect((await index()).manifests[0]?.digest).toBe(single.digest)
  })

  test('of what is there already changes nothing', async () => {
    const first = await published()
    const second = await published({ append: true })
    expect(second.digest).toBe(first.digest)
  })

  test('to a name that stands for nothing makes an index, of one image too', async () => {
    await published({ targets: ['linux/amd64'], append: true })
    expect(await platforms()).toEqual(['amd64/linux'])
  })

  test('takes the attestation of a replaced image away, and keeps those of others', async () => {
    await published({ targets: ['linux/amd64', 'linux/arm64'] })
    const { manifests } = await index()
    const attestation = (of: string | undefined, at: number): unknown => ({ ...manifests[at], platform: { os: 'unknown', architecture: 'unknown' }, annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': of } })
    // Two attestations need digests of their own: two further images stand in for them.
    const other = await published({ targets: ['linux/riscv64'], name: `${registry.host}/acme/hello:riscv`, labels: ['x=1'] })
    const third = await published({ targets: ['linux/riscv64'], name: `${registry.host}/acme/hello:riscv`, labels: ['x=2'] })
    const entries = [...manifests, { ...(attestation(manifests[0]?.digest, 0) as object), digest: other.digest, size: other.size }, { ...(attestation(manifests[1]?.digest, 0) as object), digest: third.digest, size: third.size }]
    await put('1', 'application/vnd.oci.image.index.v1+json', { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: entries })
    await published({ targets: ['linux/amd64'], append: true, labels: ['new=1'] })
    const after = (await index()).manifests.map(({ digest }) => digest)
    expect(after).toContain(third.digest)
    expect(after).not.toContain(other.digest)
  })

  test("to Docker's media types is refused, and moves nothing", async () => {
    await published({ targets: ['linux/amd64', 'linux/arm64'] })
    const docker = 'application/vnd.docker.distribution.manifest.list.v2+json'
    await put('1', docker, { ...(await index()), mediaType: docker })
    const failing = published({ targets: ['linux/amd64'], append: true, labels: ['new=1'] })
    await expect(failing).rejects.toBeInstanceOf(PackagerError)
    await expect(failing).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('manifest.list.v2') })
  })

  test('with a tag in another repository is refused before anything is sent', async () => {
    await expect(published({ append: true, tags: [`${registry.host}/acme/other:1`] })).rejects.toMatchObject({ code: 'USAGE' })
    expect(registry.requests).toEqual([])
  })
})

describe('a push by digest', () => {
  test('sets no tag, and the image is there by the digest of the result', async () => {
    const result = await published({ targets: ['linux/arm64'], publishByDigest: true, name: `${registry.host}/acme/hello` })
    expect(result).toMatchObject({ tags: [], name: `${registry.host}/acme/hello` })
    expect([...registry.repository('acme/hello').tags.keys()]).toEqual([])
    expect((await readOutput(registry.host, 'acme/hello', result.digest)).kind).toBe('image')
  })
})

describe('a push with an output', () => {
  test('writes a layout with the same digest', async () => {
    const result = await published({ output: 'both.oci' })
    const { manifests } = JSON.parse(await readFile(join(ground.tree.path, 'both.oci', 'index.json'), 'utf8')) as { manifests: { digest: string }[] }
    expect(manifests.map(({ digest }) => digest)).toEqual([result.digest])
    expect(result.path).toBe(join(ground.tree.path, 'both.oci'))
    expect((await readOutput(registry.host, 'acme/hello', '1')).digest).toBe(result.digest)
  })
})
