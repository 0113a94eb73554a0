import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { CaseImage } from '../support/vectors/manifest-case.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { architecturesIn, succeed } from './support/lists.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})
afterAll(() => registry.close())

const docker = 'application/vnd.docker.distribution.manifest.v2+json'

/** An image by the tag that it has. */
function image(name: string, config: object, mediaType?: string): Record<string, CaseImage> {
  return { [name]: { config: { os: 'linux', ...config }, layers: [{ name }], tag: name, ...(mediaType === undefined ? {} : { mediaType }) } }
}

/** A list `app:list` over arm/v6, arm/v7, arm64/v8, and two versions of Windows; `app:docks` over a Docker image. */
async function open(): Promise<ManifestGround> {
  const ground = await ManifestGround.open(registry.host)
  await ground.push({
    ...image('v6', { architecture: 'arm', variant: 'v6' }),
    ...image('v7', { architecture: 'arm', variant: 'v7' }),
    ...image('arm64', { architecture: 'arm64', variant: 'v8' }),
    ...image('win1', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.1' }),
    ...image('win2', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.2' }),
    ...image('docker', { architecture: 'amd64' }, docker),
    ...image('oci', { architecture: 's390x' }),
  })
  const app = ground.repo('app')
  await succeed(ground, 'manifest', 'create', `${app}:list`, ...['v6', 'v7', 'arm64', 'win1', 'win2'].map((name) => `${app}:${name}`))
  await succeed(ground, 'manifest', 'create', `${app}:docks`, '-f', 'Docker', `${app}:docker`)
  return ground
}

async function run(ground: ManifestGround, ...words: readonly string[]): ReturnType<ManifestGround['run']> {
  return ground.run(['manifest', ...(await Promise.all(words.map((word) => ground.fill(word))))])
}

describe('an entry', () => {
  test.each([
    ['{digest:v6}', 'v6'],
    ['{repo:elsewhere}@{digest:v6}', 'v6'],
    ['{tagged:v6}', 'v6'],
    ['docker://{tagged:v6}', 'v6'],
    ['linux/arm', 'v7'],
    ['linux/arm/v6', 'v6'],
    ['linux/arm64', 'arm64'],
    ['linux/arm64/v8', 'arm64'],
    ['windows/amd64:10.0.2', 'win2'],
  ])('is named by %s', async (word, name) => {
    await using ground = await open()
    const { code, stdout } = await run(ground, 'rm', '{repo:app}:list', word)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`Removed ${ground.manifestOf(name).digest} (`) as string })
  })

  test('is named by the first eight hex digits', async () => {
    await using ground = await open()
    const { digest } = ground.manifestOf('win1')
    expect((await run(ground, 'annotate', '{repo:app}:list', digest.slice(0, 15), '--os-version', '10.0.3')).stdout).toBe(`Annotated ${digest} (windows/amd64:10.0.3) in ${ground.repo('app')}:list\n`)
  })

  test.each([
    ['windows/amd64', 1, 'ENTRY_AMBIGUOUS', '{digest:win2} (windows/amd64:10.0.2)'],
    ['linux/amd64', 1, 'ENTRY_NOT_FOUND', 'linux/amd64'],
    ['{tagged:docker}', 1, 'ENTRY_NOT_FOUND', '{digest:docker}'],
    ['{repo:app}:nothing', 1, 'IMAGE_NOT_FOUND', '{repo:app}:nothing'],
    ['sha256:1234567', 2, 'USAGE', 'at least 8'],
    ['sha256:12345678', 1, 'ENTRY_NOT_FOUND', 'sha256:12345678'],
    ['Not A Name', 2, 'USAGE', 'Not A Name'],
  ])('%s is none, and the list stays as it was', async (word, exit, code, said) => {
    await using ground = await open()
    const result = await run(ground, 'rm', '{repo:app}:list', 'linux/arm64', word, '--json')
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code: exit, stdout: '' })
    const { error } = JSON.parse(result.stderr) as { error: { code: string; message: string } }
    expect(error.code).toBe(code)
    expect(error.message).toContain(await ground.fill(said))
    expect(await architecturesIn(ground, `${ground.repo('app')}:list`)).toHaveLength(5)
  })
})

describe('what a list cannot be', () => {
  test.each([
    [['add', '{repo:app}:docks', '{tagged:oci}'], 1, 'MIXED_TYPES', '{digest:oci}', '--format oci'],
    [['add', '{repo:app}:docks', '{tagged:docker}', '--annotation', 'a=b'], 1, 'ANNOTATION_UNSUPPORTED', '{digest:docker}', '--format oci'],
    [['annotate', '{repo:app}:docks', '--index-annotation', 'a=b'], 1, 'ANNOTATION_UNSUPPORTED', '{repo:app}:docks', '--format oci'],
    [['annotate', '{repo:app}:list', 'linux/arm64', '--features', 'sse4'], 1, 'UNSUPPORTED', 'sse4', '--os-features'],
    [['annotate', '{repo:app}:list', 'linux/arm64', '--arch', 'arm', '--variant', 'v7'], 1, 'PLATFORM_TAKEN', '{digest:v7}', 'manifest rm'],
    [['annotate', '{repo:app}:list', 'linux/arm64', '--os', ''], 2, 'USAGE', '--os', null],
    [['annotate', '{repo:app}:list'], 2, 'USAGE', 'nothing to change', null],
    [['annotate', '{repo:app}:list', '--arch', 'arm'], 2, 'USAGE', 'no entry', null],
    [['annotate', '{repo:app}:none', '--index-annotation', 'a=b'], 1, 'LIST_NOT_FOUND', '{repo:app}:none', 'manifest create'],
    [['add', '{repo:app}:none', '{tagged:oci}'], 1, 'LIST_NOT_FOUND', '{repo:app}:none', '--publish'],
    [['add', '{repo:app}:list', '{tagged:oci}', '--tag', 'x'], 2, 'USAGE', '--tag', null],
    [['add', '{repo:app}:list', '{tagged:oci}', '{tagged:docker}', '--os', 'linux'], 2, 'USAGE', '2 images', '--platform'],
    [['rm', '{repo:app}:list'], 2, 'USAGE', 'no entry', 'manifest remove {repo:app}:list'],
    [['remove', '{repo:app}:list', 'linux/arm64'], 1, 'LIST_NOT_FOUND', 'linux/arm64', 'manifest rm {repo:app}:list linux/arm64'],
    [['remove', '{repo:app}:list', '{digest:v6}'], 1, 'LIST_NOT_FOUND', '{digest:v6}', 'manifest rm {repo:app}:list'],
    [['remove', '{repo:app}:list', '{repo:app}:none'], 1, 'LIST_NOT_FOUND', '{repo:app}:none', '--if-exists'],
  ])('%j is refused with what to do, and nothing changes', async (words, exit, code, said, hint) => {
    await using ground = await open()
    const result = await run(ground, ...words, '--json')
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code: exit, stdout: '' })
    const { error } = JSON.parse(result.stderr) as { error: { code: string; message: string; hint: string | null } }
    expect(error.code).toBe(code)
    expect(error.message).toContain(await ground.fill(said))
    if (hint !== null) expect(error.hint).toContain(await ground.fill(hint))
    expect(await architecturesIn(ground, `${ground.repo('app')}:list`)).toEqual(['arm', 'arm', 'arm64', 'amd64', 'amd64'])
    expect(await architecturesIn(ground, `${ground.repo('app')}:docks`)).toEqual(['amd64'])
  })

  test('is told of every entry, and of Docker images in an OCI index once', async () => {
    await using ground = await open()
    const { code, stderr, stdout } = await run(ground, 'add', '{repo:app}:new', '{tagged:docker}', '{tagged:oci}', '--missing-ok')
    expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 0, lines: 3 })
    expect(stderr.match(/warning:/g)).toHaveLength(1)
    expect(stderr).toContain(ground.manifestOf('docker').digest)
  })

  test('an image for two platforms of an index is told as well', async () => {
    await using ground = await open()
    const manifests = [{ image: 'oci', platform: { os: 'linux', architecture: 's390x' } }, { image: 'oci', platform: { os: 'linux', architecture: 'mips' } }]
    await ground.push({ both: { tag: 'both', index: { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests } } })
    const { stderr } = await run(ground, 'create', '{repo:app}:new', '{tagged:both}')
    expect(stderr).toContain('for linux/s390x and for linux/mips')
    expect(await architecturesIn(ground, `${ground.repo('app')}:new`)).toEqual(['s390x'])
  })
})

describe('lists', () => {
  test('are deleted together, and those that are not there are passed over if that is asked', async () => {
    await using ground = await open()
    const { code, stdout } = await run(ground, 'delete', '{repo:app}:list', '{repo:app}:none', '{repo:app}:docks', '--if-exists')
    const app = ground.repo('app')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Deleted ${app}:list\nDeleted ${app}:docks\n` })
    for (const name of ['list', 'docks']) expect((await run(ground, 'exists', `{repo:app}:${name}`)).code).toBe(1)
    expect(await ground.tags('app')).toContain('docker')
  })

  test('are printed before what the registry has; each can be asked for alone, byte for byte or by digest', async () => {
    await using ground = await open()
    await succeed(ground, 'manifest', 'push', `${ground.repo('app')}:docks`, `${ground.repo('app')}:list`)
    const [local, remote] = [await run(ground, 'inspect', '{repo:app}:list'), await run(ground, 'inspect', '{repo:app}:list', '--remote', '--raw')]
    expect(local.stdout).toMatch(/^\{\n {2}"schemaVersion": 2,\n {2}"mediaType": "application\/vnd\.oci/u)
    expect(local.stderr).toContain('local list')
    expect(Buffer.from(remote.stdout)).toEqual((await ground.served('app', 'list'))?.bytes)
    expect(remote.stderr).toContain('registry')
    expect((await run(ground, 'inspect', '{repo:app}:list', '--remote', '--digest')).stdout).toBe(await ground.fill('{served:app:list}\n'))
    expect((await run(ground, 'inspect', '{pinned:oci}', '--raw')).stdout).toBe(ground.manifestOf('oci').bytes.toString('utf8'))
    const nowhere = await run(ground, 'inspect', '{repo:app}:none')
    expect({ code: nowhere.code, stdout: nowhere.stdout, stderr: nowhere.stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('neither a local list nor an image in the registry') as string })
    expect((await run(ground, 'inspect', '{tagged:oci}', '--local')).code).toBe(1)
  })

  test('never bring what could move a cursor to the terminal', async () => {
    await using ground = await open()
    await run(ground, 'annotate', '{repo:app}:list', '--index-annotation', 'a=\u001b[31m\u202e\u0085')
    const { stdout } = await run(ground, 'inspect', '{repo:app}:list')
    expect(stdout).toContain(String.raw`"a": "\u001b[31m\u202e\u0085"`)
    expect(JSON.parse(stdout)).toMatchObject({ annotations: { a: '\u001b[31m\u202e\u0085' } })
  })
})
