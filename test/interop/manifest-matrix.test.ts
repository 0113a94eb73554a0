import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ImageIndex } from '../../src/oci/manifest.ts'
import type { RunResult } from '../../src/publish/options.ts'
import { digestOf } from '../../src/oci/digest.ts'
import type { Tree } from '../support/tree/tree.ts'
import { inlineTree } from '../support/tree/tree.ts'
import { attemptPackage, packaged } from './support/cli.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import type { Finished } from './support/exec.ts'
import { exec } from './support/exec.ts'
import { writePolicy } from './support/podman.ts'

/** Eight machines, each with a target of its own. */
const targets = ['linux/386', 'linux/amd64', 'linux/arm/v7', 'linux/arm64', 'linux/ppc64le', 'linux/riscv64', 'linux/s390x', 'windows/amd64']

let registry: RunningRegistry
let tree: Tree
let at: (name: string) => string

beforeAll(async () => {
  registry = await startDockerRegistry()
  const tables = targets.map((target) => {
    const [os, arch, variant] = target.split('/')
    return `[[targets]]\nos = "${String(os)}"\narch = "${String(arch)}"\n${variant === undefined ? '' : `variant = "${variant}"\n`}`
  })
  const program = { content: '#!/bin/sh\n', mode: 0o755 }
  tree = await inlineTree({
    'bp/buildpack.toml': `api = "0.10"\n[buildpack]\nid = "acme/matrix"\nversion = "1.0.0"\n${tables.join('')}`,
    'bp/bin/build': program,
    'bp/bin/detect': program,
    'bp/bin/build.bat': '@exit 0\r\n',
    'bp/bin/detect.bat': '@exit 0\r\n',
    'home/': '',
  })
  at = (name) => join(tree.path, name)
})

afterAll(async () => {
  await Promise.all([registry?.close(), tree?.remove()])
})

const fileOf = (target: string): string => join('digests', `${target.replaceAll('/', '-')}.json`)
const merge = (name: string, ...from: readonly string[]): Promise<Finished> =>
  attemptPackage(['manifest', 'create', name, '--publish', ...from.flatMap((path) => ['--from', path])], { home: at('home'), cwd: tree.path })

async function tagsOf(repository: string): Promise<unknown> {
  return ((await (await fetch(`http://${registry.host}/v2/${repository}/tags/list`)).json()) as { readonly tags?: unknown }).tags ?? null
}

/** What one of the jobs does. */
async function job(target: string, repository: string, version = '1'): Promise<void> {
  const words = [`${registry.host}/${repository}`, '--publish', '-p', 'bp', '--target', target, '--publish-by-digest', '--label', `run=${version}`, '--metadata-file', fileOf(target)]
  await packaged(words, { home: at('home'), cwd: tree.path })
}

async function change(target: string, edit: (result: RunResult) => unknown): Promise<void> {
  const result = JSON.parse(await readFile(at(fileOf(target)), 'utf8')) as RunResult
  await writeFile(at(fileOf(target)), JSON.stringify(edit(result)))
}

/** The entries of an index, in no order. */
function entries(raw: string): string[] {
  return (JSON.parse(raw) as ImageIndex).manifests.map((entry) => JSON.stringify(entry)).sort()
}

describe('a matrix of eight jobs', () => {
  let name: string

  beforeAll(async () => {
    await mkdir(at('digests'))
    await Promise.all(targets.map((target) => job(target, 'acme/matrix')))
    name = `${registry.host}/acme/matrix:1.0.0`
  })

  test('pushes no tag until one job merges their files into the index that one machine would have made', async () => {
    expect(await tagsOf('acme/matrix')).toBeNull()
    const { code, stdout, stderr } = await merge(name, 'digests')
    expect({ code, stderr }).toEqual({ code: 0, stderr })
    const text = await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`])
    expect(stdout).toBe(`${name}@${digestOf(Buffer.from(text))}\n`)
    expect(await tagsOf('acme/matrix')).toEqual(['1.0.0'])
    const whole = `${registry.host}/acme/whole:1.0.0`
    await packaged([whole, '--publish', '-p', 'bp', '--label', 'run=1'], { home: at('home'), cwd: tree.path })
    const alone = await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${whole}`])
    expect(entries(text)).toEqual(entries(alone))
    const policy = await writePolicy(tree.path)
    await exec('skopeo', ['copy', '--all', '--policy', policy, '--src-tls-verify=false', `docker://${name}`, `dir:${at('copy')}`], { env: { HOME: tree.path, TMPDIR: tree.path } })
  })

  test('gives the same digest from files that are named in another order of the same list, and from the folder', async () => {
    const names = targets.map((target) => fileOf(target)).sort()
    const [one, two] = [await merge(`${name}-files`, ...names), await merge(`${name}-folder`, 'digests')]
    expect([one.code, two.code]).toEqual([0, 0])
    expect(one.stdout.split('@')[1]).toBe(two.stdout.split('@')[1])
  })
})

describe('a set of files that is not right', () => {
  let name: string
  let number = 0

  beforeEach(async () => {
    number += 1
    await rm(at('digests'), { recursive: true, force: true })
    await mkdir(at('digests'))
    await Promise.all(['linux/amd64', 'linux/arm64'].map((target) => job(target, `acme/refused-${number}`)))
    name = `${registry.host}/acme/refused-${number}:1`
  })

  async function refused(...from: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await merge(name, ...from)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(await tagsOf(`acme/refused-${number}`)).toBeNull()
    return stderr
  }

  test('for one platform twice: both files are named', async () => {
    await writeFile(at('digests/again.json'), await readFile(at(fileOf('linux/arm64'))))
    await job('linux/arm64', `acme/refused-${number}`, '2')
    const said = await refused('digests')
    expect(said).toContain('again.json')
    expect(said).toContain('linux-arm64.json')
    expect(said).toContain('linux/arm64')
  })

  test('for an image that is not there: its digest and its file are named', async () => {
    const missing = `sha256:${'0'.repeat(64)}`
    await change('linux/arm64', (result) => ({ ...result, images: result.images.map((image) => ({ ...image, digest: missing })) }))
    const said = await refused('digests')
    expect(said).toContain(missing)
    expect(said).toContain('linux-arm64.json')
  })

  test('for another platform than the image has: the file and both architectures are named', async () => {
    await change('linux/arm64', (result) => ({ ...result, images: result.images.map((image) => ({ ...image, platform: { os: 'linux', architecture: 's390x' } })) }))
    const said = await refused('digests')
    for (const text of ['linux-arm64.json', '"arm64"', '"s390x"']) expect(said).toContain(text)
  })

  test('for no file at all, one of no image, or one that is not there: that is named', async () => {
    await mkdir(at('nothing'), { recursive: true })
    expect(await refused('nothing')).toContain('nothing')
    await writeFile(at('empty.json'), '{"schemaVersion":1,"images":[]}')
    expect(await refused('empty.json')).toContain('empty.json')
    expect(await refused('digests', 'absent.json')).toContain('absent.json')
  })

  test.each([
    { what: 'text that is no JSON', text: '{"schemaVersion":1,' },
    { what: 'another version', text: '{"schemaVersion":2,"images":[]}' },
    { what: 'no digest', text: '{"schemaVersion":1,"images":[{"name":"127.0.0.1/a/b","platform":{"os":"linux","architecture":"amd64"}}]}' },
    { what: 'a name that leads elsewhere', text: `{"schemaVersion":1,"images":[{"name":"../../etc","digest":"sha256:${'1'.repeat(64)}","platform":{"os":"linux","architecture":"s390x"}}]}` },
  ])('for a file with $what: that is named', async ({ text }) => {
    await writeFile(at('digests/wrong.json'), text)
    expect(await refused('digests')).toContain('wrong.json')
  })

  test('and pushes none of the tags that were asked for', async () => {
    await writeFile(at('digests/again.json'), await readFile(at(fileOf('linux/arm64'))))
    await job('linux/arm64', `acme/refused-${number}`, '2')
    const words = ['manifest', 'create', name, '--publish', '--from', 'digests', '--tag', 'latest', '--digest-file', 'digest.txt', '--json']
    const { code, stderr } = await attemptPackage(words, { home: at('home'), cwd: tree.path })
    expect(code).toBe(1)
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'PLATFORM_TAKEN', message: expect.any(String) } })
    expect(await tagsOf(`acme/refused-${number}`)).toBeNull()
    await expect(readFile(at('digest.txt'))).rejects.toThrow('ENOENT')
  })
})
