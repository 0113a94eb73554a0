import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answer, refuse } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { imagesFor, succeed } from './support/lists.ts'

let registry: TestRegistry
let elsewhere: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})
beforeEach(async () => {
  elsewhere = await startRegistry()
  return () => elsewhere.close()
})
afterAll(() => registry.close())

/** A list `app:list` over an image of its repository, one of another repository, and one of another registry. */
async function mixed(ground: ManifestGround, foreign: ManifestGround): Promise<string> {
  const { s390x } = imagesFor(['s390x'])
  await ground.push({ ...imagesFor(['amd64']), ...(s390x === undefined ? {} : { s390x: { ...s390x, repository: 'other' } }) })
  await foreign.push(imagesFor(['arm64']))
  const list = `${ground.repo('app')}:list`
  await succeed(ground, 'manifest', 'create', list, `${ground.repo('app')}:amd64`, `${ground.repo('other')}:s390x`, `${foreign.repo('app')}:arm64`)
  return list
}

interface Pushed {
  readonly images: readonly { readonly copied: string }[]
}

describe('a list that is pushed', () => {
  test('takes children along: there already, mounted, and streamed from another registry; once more it sends nothing', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await using foreign = await ManifestGround.open(elsewhere.host)
    const list = await mixed(ground, foreign)
    const result = JSON.parse((await succeed(ground, 'manifest', 'push', list, '--json')).stdout) as Pushed
    expect(result.images.map(({ copied }) => copied)).toEqual(['present', 'mounted', 'uploaded'])
    for (const blob of [...ground.blobsOf('s390x'), ...foreign.blobsOf('arm64')]) expect(await ground.hasBlob('app', blob)).toBe(true)
    const before = registry.requests.length
    const again = JSON.parse((await succeed(ground, 'manifest', 'push', list, '--json')).stdout) as Pushed
    expect(again.images.map(({ copied }) => copied)).toEqual(['present', 'present', 'present'])
    expect(new Set(registry.requests.slice(before).map(({ method }) => method))).toEqual(new Set(['HEAD']))
  })

  test('is told of in that order: the index, then its tags', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await using foreign = await ManifestGround.open(elsewhere.host)
    const list = await mixed(ground, foreign)
    const { stderr } = await succeed(ground, 'manifest', 'push', list, '--tag', 'latest')
    expect(stderr.trimEnd().split('\n').slice(-4, -1).map((line) => line.replace(/sha256:.*/u, ''))).toEqual(['index uploaded: ', `tagged ${ground.repo('app')}:latest`, `tagged ${list}`])
  })

  test('goes blobs first, then children, then the index by digest, then its tags, its own last', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await using foreign = await ManifestGround.open(elsewhere.host)
    const list = await mixed(ground, foreign)
    const before = registry.requests.length
    const { stdout } = await succeed(ground, 'manifest', 'push', list, '--tag', 'one', '--tag', `${ground.repo('app')}:two`, '--quiet')
    const written = registry.requests.slice(before).filter(({ method, path }) => method !== 'HEAD' && method !== 'GET' && path.includes('/app/')).map(({ path }) => path.replace(/^.*\/app\//, '').replace(/\?.*$/, ''))
    const manifests = written.filter((path) => path.startsWith('manifests/'))
    expect(written.slice(-manifests.length)).toEqual(manifests)
    expect(manifests.slice(0, 2).sort()).toEqual([ground.manifestOf('s390x').digest, foreign.manifestOf('arm64').digest].map((digest) => `manifests/${digest}`).sort())
    expect(manifests.slice(2)).toEqual([`manifests/${stdout.trim()}`, 'manifests/one', 'manifests/two', 'manifests/list'])
  })

  test('says last what is where, as package does; not for --quiet and not for --json', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await using foreign = await ManifestGround.open(elsewhere.host)
    const list = await mixed(ground, foreign)
    const first = await succeed(ground, 'manifest', 'push', list, '--tag', 'more')
    const digest = first.stdout.trim().replace(/^.*@/, '')
    expect(first.stderr).toMatch(new RegExp(`\\npublished ${list} \\(index ${digest}, 3 images, 2 tags\\): 2 blobs uploaded \\(\\d+ B\\), 2 mounted\\n$`))
    expect((await succeed(ground, 'manifest', 'push', list)).stderr).toMatch(/3 images\): nothing sent, the registry had all of it\n$/)
    expect((await succeed(ground, 'manifest', 'annotate', '--publish', list, '--index-annotation', 'k=v')).stderr).toMatch(/3 images\): only manifests and tags sent\n$/)
    expect((await succeed(ground, 'manifest', 'create', '--publish', '--quiet', `${list}2`, list)).stderr).toBe('')
    expect((await succeed(ground, 'manifest', 'push', list, '--json')).stderr).toBe('')
  })

  test('tells all of its keys as JSON', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push({ ...imagesFor(['amd64']), win: { config: { os: 'windows', architecture: 'arm64', variant: 'v8', 'os.version': '10.0', 'os.features': ['win32k'] }, layers: [{ a: 'b' }], tag: 'win' } })
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', list, `${ground.repo('app')}:amd64`, `${ground.repo('app')}:win`)
    await succeed(ground, 'manifest', 'annotate', list, 'linux/amd64', '--annotation', 'k=v')
    const { stdout } = await succeed(ground, 'manifest', 'push', list, '--json', '--tag', 'more', '--purge')
    const [index, image] = [await ground.served('app', 'list'), ({ mediaType, size, digest }: ReturnType<ManifestGround['manifestOf']>) => ({ digest, mediaType, size })]
    expect(JSON.parse(stdout)).toEqual({
      reference: list,
      digest: await ground.fill('{served:app:list}'),
      mediaType: 'application/vnd.oci.image.index.v1+json',
      size: index?.bytes.length,
      tags: [`${ground.repo('app')}:more`, list],
      images: [
        { ...image(ground.manifestOf('amd64')), platform: { os: 'linux', architecture: 'amd64', variant: null, 'os.version': null, 'os.features': [] }, annotations: { k: 'v' }, copied: 'present' },
        { ...image(ground.manifestOf('win')), platform: { os: 'windows', architecture: 'arm64', variant: 'v8', 'os.version': '10.0', 'os.features': ['win32k'] }, annotations: {}, copied: 'present' },
      ],
      purged: true,
    })
  })

  test('can be shown before it goes, with its digest, and goes to another name with a file of its digest', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await using foreign = await ManifestGround.open(elsewhere.host)
    const list = await mixed(ground, foreign)
    const before = registry.requests.length
    const plan = (await succeed(ground, 'manifest', 'push', list, '--dry-run', '--purge')).stdout
    for (const text of ['there already', 'to mount', 'to copy', 'dry run']) expect(plan).toContain(text)
    expect(registry.requests.slice(before).every(({ method }) => method === 'HEAD' || method === 'GET')).toBe(true)
    const destination = `${ground.repo('new/place')}:1`
    const { stdout } = await succeed(ground, 'manifest', 'push', list, `docker://${destination}`, '--digestfile', 'digest')
    const digest = await readFile(join(ground.work, 'digest'), 'utf8')
    expect(plan).toContain(digest)
    expect(JSON.parse((await succeed(ground, 'manifest', 'push', list, '--dry-run', '--json')).stdout)).toMatchObject({ dryRun: true, digest })
    expect(stdout).toBe(`${destination}@${digest}\n`)
    expect(await ground.tags('new/place')).toEqual(['1'])
    expect((await ground.run(['manifest', 'exists', list])).code).toBe(0)
  })

  test('is uploaded where the registry does not mount', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await using foreign = await ManifestGround.open(elsewhere.host)
    const list = await mixed(ground, foreign)
    registry.fail({ method: 'POST', path: /app\/blobs\/uploads\/\?mount=/, times: 9, strike: answer(401) })
    const result = JSON.parse((await succeed(ground, 'manifest', 'push', list, '--json')).stdout) as Pushed
    expect(result.images.map(({ copied }) => copied)).toEqual(['present', 'uploaded', 'uploaded'])
  })
})

describe('a push that fails', () => {
  test('for children that are gone names each with its source, and writes nothing', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await using foreign = await ManifestGround.open(elsewhere.host)
    const list = await mixed(ground, foreign)
    for (const [host, of] of [[registry, ground.repo('other')], [elsewhere, foreign.repo('app')]] as const) host.repository(of.slice(host.host.length + 1)).manifests.clear()
    const before = registry.requests.length
    const { code, stdout, stderr } = await ground.run(['manifest', 'push', list, '--purge', '--json'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } }
    expect(error.code).toBe('CHILD_GONE')
    for (const text of [`${ground.repo('other')}@${ground.manifestOf('s390x').digest}`, `${foreign.repo('app')}@${foreign.manifestOf('arm64').digest}`]) expect(error.message).toContain(text)
    expect(registry.requests.slice(before).every(({ method }) => method === 'HEAD')).toBe(true)
    expect((await ground.run(['manifest', 'exists', list])).code).toBe(0)
  })

  test('for a blob that is gone, or that is another one, names it and moves no tag', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await using foreign = await ManifestGround.open(elsewhere.host)
    const list = await mixed(ground, foreign)
    const { blobs } = elsewhere.repository(foreign.repo('app').slice(elsewhere.host.length + 1))
    const [blob] = foreign.blobsOf('arm64')
    const bytes = blobs.get(blob as never) ?? Buffer.of()
    blobs.set(blob as never, Buffer.alloc(bytes.length))
    expect((await ground.run(['manifest', 'push', list])).stderr).toContain(blob)
    blobs.delete(blob as never)
    expect((await ground.run(['manifest', 'push', list])).stderr).toContain(`no blob ${blob} any more (linux/arm64)`)
    expect(await ground.tags('app')).toEqual(['amd64'])
  })

  test('between tags says which ones are done', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64']))
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', list, `${ground.repo('app')}:amd64`)
    registry.fail({ method: 'PUT', path: /manifests\/list$/, strike: refuse(403, 'DENIED', 'not this one') })
    const { code, stderr } = await ground.run(['manifest', 'push', list, '--tag', 'one'])
    expect(code).toBe(1)
    expect(stderr).toContain(`these tags have moved already: ${ground.repo('app')}:one`)
    expect(await ground.tags('app')).toEqual(['amd64', 'one'])
  })

  test.each([
    [['{repo:app}:list@{digest:amd64}'], 2, 'a digest'],
    [['{repo:app}:list', '--tag', '{repo:other}:x'], 2, 'a tag in'],
    [['{repo:app}:list', '--digest-file', 'no/such/folder'], 2, 'read --digest-file'],
    [['{repo:app}:list', '--format', 'zip'], 2, 'oci or docker'],
    [['{repo:app}:list', '--format', 'docker'], 1, '--format oci'],
    [['{repo:app}:empty'], 1, 'manifest add'],
    [['{repo:app}:none'], 1, 'manifest create'],
  ])('by its words (%j) speaks to no registry', async (words, code, said) => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64']))
    await succeed(ground, 'manifest', 'create', `${ground.repo('app')}:list`, `${ground.repo('app')}:amd64`)
    await succeed(ground, 'manifest', 'create', `${ground.repo('app')}:empty`)
    const before = registry.requests.length
    const result = await ground.run(['manifest', 'push', ...(await Promise.all(words.map((word) => ground.fill(word))))])
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' })
    expect(result.stderr).toContain(said.replace('read --digest-file', 'write --digest-file'))
    expect(registry.requests.length).toBe(before)
  })
})
