import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../support/read-back/image.ts'
import { rewrite, withHeaders } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { imagesFor, succeed } from './support/lists.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})
afterAll(() => registry.close())

interface Index {
  readonly mediaType?: string
  readonly manifests: readonly { readonly digest: string; readonly platform?: Readonly<Record<string, unknown>>; readonly annotations?: Readonly<Record<string, string>> }[]
  readonly annotations?: Readonly<Record<string, string>>
}

async function served(ground: ManifestGround, tag: string): Promise<Index> {
  return JSON.parse((await ground.served('app', tag))?.bytes.toString('utf8') ?? '{}') as Index
}

async function architectures(ground: ManifestGround, tag: string): Promise<readonly unknown[]> {
  return (await served(ground, tag)).manifests.map(({ platform }) => platform?.['architecture'])
}

/** Puts these bytes under a tag, as another tool would. */
async function putIndex(ground: ManifestGround, tag: string, bytes: string): Promise<void> {
  const headers = { 'content-type': 'application/vnd.oci.image.index.v1+json' }
  const answer = await fetch(`http://${ground.repo('app').replace('/', '/v2/')}/manifests/${tag}`, { method: 'PUT', headers, body: bytes })
  expect(answer.status).toBe(201)
}

type Contents = ReturnType<TestRegistry['repository']>

/** Somebody else's index takes the place of ours, right after our tag is written. Gives its digest. */
function overwriteOnce(ground: ManifestGround, theirs: (contents: Contents) => string): () => string {
  const contents = registry.repository(ground.repo('app').slice(registry.host.length + 1))
  let digest = ''
  registry.fail({ method: 'PUT', path: /manifests\/list$/, strike: rewrite((reply) => {
    digest = theirs(contents)
    contents.tags.set('list', digest)
    return reply
  }) })
  return () => digest
}

/** Somebody else writes on the ground of our index, right after our tag is written. Gives the digest of what they wrote. */
function continueOnce(ground: ManifestGround): () => string {
  return overwriteOnce(ground, ({ tags, manifests }) => {
    const ours = manifests.get(tags.get('list') ?? '')
    const bytes = Buffer.from(JSON.stringify({ ...(JSON.parse(ours?.bytes.toString('utf8') ?? '{}') as object), annotations: { by: 'them' } }))
    manifests.set(digestOf(bytes), { mediaType: ours?.mediaType ?? '', bytes })
    return digestOf(bytes)
  })
}

/** After our tag is written, these many looks at it see what it stood for before. */
function staysBehind(ground: ManifestGround, looks: number): void {
  const old = registry.repository(ground.repo('app').slice(registry.host.length + 1)).tags.get('list') ?? ''
  registry.fail({ method: 'PUT', path: /manifests\/list$/, strike: rewrite((reply) => {
    registry.fail({ method: 'HEAD', path: /manifests\/list$/, times: looks, strike: withHeaders({ 'docker-content-digest': old }) })
    return reply
  }) })
}

/** How often somebody has written the tag, since so many requests. */
function writes(since: number): number {
  return registry.requests.slice(since).filter(({ method, path }) => method === 'PUT' && path.endsWith('/manifests/list')).length
}

describe('straight on the registry', () => {
  test('images are added, annotated and taken out without any local list', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64', 's390x']))
    const [list, image] = [`${ground.repo('app')}:list`, (name: string) => `${ground.repo('app')}:${name}`]
    const added = await succeed(ground, 'manifest', 'add', '--publish', list, image('amd64'), image('arm64'))
    expect(added.stdout).toBe(await ground.fill(`${list}@{served:app:list}\n`))
    await succeed(ground, 'manifest', 'add', '--publish', list, image('s390x'), '--annotation', 'k=v', '--tag', 'too')
    await succeed(ground, 'manifest', 'annotate', '--publish', list, 'linux/amd64', '--variant', 'v2')
    await succeed(ground, 'manifest', 'rm', '--publish', list, 'linux/arm64')
    expect(await served(ground, 'list')).toMatchObject({ manifests: [{ platform: { os: 'linux', architecture: 'amd64', variant: 'v2' } }, { platform: { architecture: 's390x' }, annotations: { k: 'v' } }] })
    expect(await architectures(ground, 'too')).toEqual(['amd64', 'arm64', 's390x'])
    expect((await ground.run(['manifest', 'exists', list])).code).toBe(1)
  })

  test('what others wrote keeps its order, its annotations and its unknown fields', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64', 's390x']))
    const entry = (name: string): string => JSON.stringify({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: ground.manifestOf(name).digest, size: ground.manifestOf(name).size, platform: { architecture: name, os: 'linux', more: [1] }, 'x-entry': name })
    const foreign = `{ "schemaVersion":2, "x-index":{"b":1,"a":2}, "annotations":{"z":"1","a":"2"},\n "manifests":[${entry('s390x')},${entry('amd64')}] }`
    await putIndex(ground, 'list', foreign)
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'annotate', '--publish', list, '--remove-index-annotation', 'nothing', '--tag', 'same')
    expect((await ground.served('app', 'same'))?.bytes.toString('utf8')).toBe(foreign)
    await succeed(ground, 'manifest', 'add', '--publish', list, `${ground.repo('app')}:arm64`)
    const index = await served(ground, 'list')
    expect(index).toMatchObject({ 'x-index': { b: 1, a: 2 }, annotations: { a: '2', z: '1' }, mediaType: 'application/vnd.oci.image.index.v1+json' })
    expect(index.manifests.map((one) => JSON.stringify(one)).slice(0, 2)).toEqual(['s390x', 'amd64'].map((name) => expect.stringContaining(`"platform":{"architecture":"${name}","os":"linux","more":[1]},"x-entry":"${name}"`) as string))
    expect(index.manifests).toHaveLength(3)
  })

  test('an index that somebody changed meanwhile is read again, so that nothing of theirs is lost', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64', 's390x']))
    const [list, image] = [`${ground.repo('app')}:list`, (name: string) => `${ground.repo('app')}:${name}`]
    await succeed(ground, 'manifest', 'create', '--publish', list, image('amd64'))
    await succeed(ground, 'manifest', 'create', '--publish', `${ground.repo('app')}:theirs`, image('amd64'), image('arm64'))
    const theirs = (await ground.served('app', 'theirs'))?.bytes ?? Buffer.of()
    const tags = registry.repository(ground.repo('app').slice(registry.host.length + 1)).tags
    // They write after our index has arrived by its digest, and before we look at the tag once more.
    registry.fail({ method: 'PUT', path: /manifests\/sha256:/, strike: rewrite((reply) => {
      tags.set('list', digestOf(theirs))
      return reply
    }) })
    const { stderr } = await succeed(ground, 'manifest', 'add', '--publish', list, image('s390x'))
    expect(stderr).toContain('was changed by somebody else meanwhile')
    expect(await architectures(ground, 'list')).toEqual(['amd64', 'arm64', 's390x'])
  })

  test('an index that somebody overwrites in the same moment gets the change once more, so that neither is lost', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64', 's390x']))
    const [list, image] = [`${ground.repo('app')}:list`, (name: string) => `${ground.repo('app')}:${name}`]
    await succeed(ground, 'manifest', 'create', '--publish', list, image('amd64'))
    await succeed(ground, 'manifest', 'create', '--publish', `${ground.repo('app')}:theirs`, image('amd64'), image('arm64'))
    const theirs = digestOf((await ground.served('app', 'theirs'))?.bytes ?? Buffer.of())
    overwriteOnce(ground, () => theirs)
    const { stdout, stderr } = await succeed(ground, 'manifest', 'add', '--publish', list, image('s390x'))
    expect(stderr).toContain('was set by somebody else in the same moment')
    expect(await architectures(ground, 'list')).toEqual(['amd64', 'arm64', 's390x'])
    expect(stdout).toBe(await ground.fill(`${list}@{served:app:list}\n`))
  })

  test('an index that somebody changes further is left as they made it', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64']))
    const [list, image] = [`${ground.repo('app')}:list`, (name: string) => `${ground.repo('app')}:${name}`]
    await succeed(ground, 'manifest', 'create', '--publish', list, image('amd64'))
    const theirs = continueOnce(ground)
    const { stdout } = await succeed(ground, 'manifest', 'add', '--publish', list, image('arm64'))
    expect(await served(ground, 'list')).toMatchObject({ annotations: { by: 'them' }, manifests: [{}, { platform: { architecture: 'arm64' } }] })
    expect(digestOf((await ground.served('app', 'list'))?.bytes ?? Buffer.of())).toBe(theirs())
    expect(stdout).toMatch(/@sha256:[0-9a-f]{64}\n$/)
    expect(stdout).not.toContain(theirs())
  })

  test.each([
    [['rm', 'linux/arm64'], [['amd64', undefined]]],
    [['annotate', 'linux/arm64', '--arch', 'riscv64'], [['amd64', undefined], ['riscv64', undefined]]],
    [['annotate', 'linux/arm64', '--variant', 'v9'], [['amd64', undefined], ['arm64', 'v9']]],
  ])('what %j has done is not missed where somebody changes it further', async ([verb = '', ...words], left) => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64']))
    const [list, image] = [`${ground.repo('app')}:list`, (name: string) => `${ground.repo('app')}:${name}`]
    await succeed(ground, 'manifest', 'create', '--publish', list, image('amd64'), image('arm64'))
    const theirs = continueOnce(ground)
    await succeed(ground, 'manifest', verb, '--publish', list, ...words)
    const { manifests, annotations } = await served(ground, 'list')
    expect(manifests.map(({ platform }) => [platform?.['architecture'], platform?.['variant']])).toEqual(left)
    expect(annotations).toEqual({ by: 'them' })
    expect(digestOf((await ground.served('app', 'list'))?.bytes ?? Buffer.of())).toBe(theirs())
  })

  test.each([
    [2, ''],
    [4, 'the registry still shows what it stood for before'],
  ])('a registry that is behind for %i looks is not written to again', async (looks, said) => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64']))
    const [list, image] = [`${ground.repo('app')}:list`, (name: string) => `${ground.repo('app')}:${name}`]
    await succeed(ground, 'manifest', 'create', '--publish', list, image('amd64'))
    const before = registry.requests.length
    staysBehind(ground, looks)
    const { stderr } = await succeed(ground, 'manifest', 'add', '--publish', list, image('arm64'))
    expect(writes(before)).toBe(1)
    expect(stderr).not.toContain('somebody else')
    expect(stderr).toContain(said)
    expect(stderr.includes('warning')).toBe(said !== '')
    expect(await architectures(ground, 'list')).toEqual(['amd64', 'arm64'])
  })

  test('a platform that somebody takes in the same moment is theirs; the tags that are ours by then are told', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push({ ...imagesFor(['amd64', 'arm64']), other: { config: { os: 'linux', architecture: 'arm64' }, layers: [{ payload: 'other' }], tag: 'other' } })
    const [list, image] = [`${ground.repo('app')}:list`, (name: string) => `${ground.repo('app')}:${name}`]
    await succeed(ground, 'manifest', 'create', '--publish', list, image('amd64'))
    await succeed(ground, 'manifest', 'create', '--publish', `${ground.repo('app')}:theirs`, image('amd64'), image('other'))
    const theirs = (await ground.served('app', 'theirs'))?.bytes ?? Buffer.of()
    overwriteOnce(ground, () => digestOf(theirs))
    const { code, stderr } = await ground.run(['manifest', 'add', '--publish', list, image('arm64'), '--tag', 'more'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`taken by ${ground.manifestOf('other').digest}`) })
    expect(stderr).toContain(`these tags have moved already: ${ground.repo('app')}:more`)
    expect((await ground.served('app', 'list'))?.bytes).toEqual(theirs)
  })

  test('an index that never stays the same is given up after five times, and is as they left it', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64']))
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', '--publish', list, `${ground.repo('app')}:amd64`)
    const tags = registry.repository(ground.repo('app').slice(registry.host.length + 1)).tags
    const others = Array.from({ length: 6 }, (_, at) => `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"annotations":{"n":"${at}"}}`)
    for (const [at, bytes] of others.entries()) await putIndex(ground, `other-${at}`, bytes)
    let [number, sent] = [0, 0]
    registry.fail({ method: 'PUT', path: /manifests\/sha256:/, times: 9, strike: rewrite((reply) => {
      sent += 1
      tags.set('list', digestOf(Buffer.from(others[number % 6] ?? '')))
      number += 1
      return reply
    }) })
    const { code, stderr } = await ground.run(['manifest', 'add', '--publish', list, `${ground.repo('app')}:arm64`])
    expect({ code, sent }).toEqual({ code: 1, sent: 5 })
    expect(stderr).toContain('changed 5 times')
    expect((await ground.served('app', 'list'))?.bytes.toString('utf8')).toBe(others[4])
  })

  test.each([
    [['annotate', '{repo:app}:nothing', 'linux/amd64', '--arch', 'arm64'], 'no such tag in the registry'],
    [['rm', '{repo:app}:nothing', 'linux/amd64'], 'no such tag in the registry'],
    [['rm', '{repo:app}:list', 'linux/amd64'], 'no entries'],
    [['rm', '{repo:app}:list', 'linux/arm64'], 'no such entry'],
    [['add', '{repo:app}:amd64', '{repo:app}:arm64'], 'got a single image, want an image index'],
    [['add', '{repo:app}:list', '{repo:app}:other'], '--replace'],
    [['add', '{repo:app}:list', '{repo:app}:bare'], '--os linux --arch amd64'],
  ])('%j is refused, and every tag is as it was', async (words, said) => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push({ ...imagesFor(['amd64', 'arm64']), other: { config: { os: 'linux', architecture: 'amd64' }, layers: [{ payload: 'other' }], tag: 'other' }, bare: { config: { os: 'linux' }, layers: [{ payload: 'bare' }], tag: 'bare' } })
    await succeed(ground, 'manifest', 'create', '--publish', `${ground.repo('app')}:list`, `${ground.repo('app')}:amd64`)
    const before = (await ground.served('app', 'list'))?.bytes
    const [name = '', ...rest] = await Promise.all(words.map((word) => ground.fill(word)))
    const { code, stdout, stderr } = await ground.run(['manifest', name, '--publish', ...rest])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(said)
    expect((await ground.served('app', 'list'))?.bytes).toEqual(before)
    expect(await ground.tags('app')).toEqual(['amd64', 'arm64', 'bare', 'list', 'other'])
  })
})
