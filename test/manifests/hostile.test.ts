import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import type { InlineBlob } from '../../src/oci/descriptor.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { encodeIndex } from '../../src/oci/manifest.ts'
import { ociIndex } from '../../src/oci/media-types.ts'
import { Screen, scene } from '../cli/support/screen.ts'
import { imageOf, place, publishIndex } from '../inspect/support/published.ts'
import { runCli } from '../support/cli.ts'
import type { CliResult } from '../support/cli.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { emptyTree } from '../support/tree/tree.ts'
import type { Tree } from '../support/tree/tree.ts'

let registry: TestRegistry
let home: Tree

beforeEach(async () => {
  ;[registry, home] = await Promise.all([startRegistry(), emptyTree()])
})

afterEach(async () => {
  await registry.close()
  await home.remove()
})

const manifest = (...words: string[]): Promise<CliResult> => runCli(['manifest', ...words], { cwd: home.path, home: home.path })

/** `repeat` indexes in an index, and so on: each names the one below it. */
function nested(counts: readonly number[], image: InlineBlob): readonly InlineBlob[] {
  const all = [image]
  for (const count of counts) all.push(encodeIndex(Array.from({ length: count }, () => (all.at(-1) ?? image).descriptor)))
  return all
}

describe('an index that somebody hostile wrote', () => {
  test('of indexes that come to billions of entries is refused before they do', async () => {
    const { manifest: image, blobs } = imageOf({ platform: 'linux/amd64' })
    place(registry, 'acme/a', nested([1, 900, 900, 900], image), blobs, '1')
    const { code, stderr } = await manifest('create', 'acme/list:1', `${registry.host}/acme/a:1`)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('got more than 2000 entries') })
    expect(registry.requests.length).toBeLessThan(2500)
    expect((await manifest('exists', 'acme/list:1')).code).toBe(1)
  })

  test('is taken with as many entries as are counted together', async () => {
    const { manifest: image, blobs } = imageOf({ platform: 'linux/amd64' })
    place(registry, 'acme/a', nested([1, 5, 5], image), blobs, '1')
    expect(await manifest('create', 'acme/list:1', `${registry.host}/acme/a:1`)).toMatchObject({ code: 0, stdout: 'Created docker.io/acme/list:1 (1 image)\n' })
  })

  test('is refused where it is nested so deep that it could not be written again', async () => {
    const { manifest: image, blobs } = imageOf({ platform: 'linux/amd64' })
    const bytes = Buffer.from(`{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[],"x":${'['.repeat(50_000)}"]"${']'.repeat(50_000)}}`)
    place(registry, 'acme/image', [image], blobs, '1')
    place(registry, 'acme/a', [inlineBlob(ociIndex, bytes)], [], '1')
    const name = `${registry.host}/acme/a:1`
    for (const words of [['inspect', name], ['add', '--publish', name, `${registry.host}/acme/image:1`], ['create', 'acme/list:1', name]]) {
      const { code, stderr } = await manifest(...words)
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('nested more than 200 deep') })
    }
  })

  test('of thousands of entries is told in a few lines', async () => {
    const { manifest: image, blobs } = imageOf({ platform: 'linux/amd64' })
    const platforms = Array.from({ length: 100 }, (_, number) => ({ os: 'linux', architecture: `a${number}` }))
    place(registry, 'acme/a', [image, encodeIndex(platforms.map((platform) => ({ ...image.descriptor, platform })))], blobs, 'twins')
    const twins = await manifest('create', 'acme/list:1', `${registry.host}/acme/a:twins`)
    expect(twins.stderr.match(/^warning: .*/gmu)).toEqual([expect.stringContaining('for linux/a0 and for linux/a1 and')])
    expect(twins.stderr).toContain('for linux/a9, and for 90 more')

    const others = Array.from({ length: 3000 }, (_, number) => ({ ...image.descriptor, digest: digestOf(Buffer.from(String(number))), platform: { os: 'linux', architecture: 'amd64' } }))
    place(registry, 'acme/b', [encodeIndex(others)], [], '1')
    for (const word of ['linux/amd64', 'linux/arm64']) {
      const { code, stderr } = await manifest('rm', '--publish', `${registry.host}/acme/b:1`, word)
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('(linux/amd64), and 2950 more') })
    }
  })

  test('may hold any number of brackets in its texts', async () => {
    const { manifest: image, blobs } = imageOf({ platform: 'linux/amd64' })
    place(registry, 'acme/a', [image, encodeIndex([image.descriptor], { a: `${'['.repeat(1000)}\\"${'{'.repeat(1000)}\\` })], blobs, '1')
    expect(await manifest('create', 'acme/list:1', `${registry.host}/acme/a:1`)).toMatchObject({ code: 0 })
  })
})

describe('what others wrote', () => {
  const evil = 'x\u009b31m\u202ey'

  test('steers no terminal, neither as JSON nor byte for byte, and is the same to a program', async () => {
    publishIndex(registry, 'acme/a:1', [{ platform: 'linux/amd64' }], [], { note: evil })
    const steers = /(?!\n)[\p{Cc}\p{Cf}]/u
    for (const flags of [[], ['--raw']]) {
      const context = scene({ stdout: new Screen(80), env: { HOME: home.path } })
      expect(await run(['manifest', 'inspect', `${registry.host}/acme/a:1`, ...flags], '1.2.3', context)).toBe(0)
      expect(context.stdout.text).toContain(flags.length === 0 ? String.raw`x\u009b31m\u202ey` : String.raw`x\x9b31m\u202ey`)
      expect(context.stdout.text).not.toMatch(steers)
    }
    expect((await manifest('inspect', `${registry.host}/acme/a:1`, '--raw')).stdout).toContain(evil)
    const pushed = await manifest('add', '--publish', '--json', '--annotation', `k=${evil}`, `${registry.host}/acme/a:2`, `${registry.host}/acme/a:1`)
    expect(pushed.stdout).not.toMatch(steers)
    expect((JSON.parse(pushed.stdout) as { images: readonly { annotations: object }[] }).images[0]?.annotations).toEqual({ k: evil })
  })

  test('steers no terminal in an error as JSON', async () => {
    const { code, stderr } = await manifest('exists', evil, '--json')
    expect(code).toBe(2)
    expect(stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
    expect((JSON.parse(stderr) as { error: { message: string } }).error.message).toContain(evil)
  })
})

describe('a pipe for --from', () => {
  test('is read once somebody writes to it, and not waited for after an interrupt', async () => {
    const pipe = join(home.path, 'pipe')
    execFileSync('mkfifo', [pipe])
    const image = publishIndex(registry, 'acme/a:1', [{ platform: 'linux/amd64', modules: {} }])
    const written = { schemaVersion: 1, images: [{ name: `${registry.host}/acme/a`, digest: image.descriptor.digest, platform: { os: 'linux', architecture: 'amd64' } }] }
    const reading = manifest('create', `${registry.host}/acme/list:1`, '--from', 'pipe')
    await writeFile(pipe, JSON.stringify(written))
    expect(await reading).toMatchObject({ code: 0, stdout: `Created ${registry.host}/acme/list:1 (1 image)\n` })
    const stop = new AbortController()
    const waiting = runCli(['manifest', 'create', 'acme/list:2', '--from', 'pipe'], { cwd: home.path, home: home.path, signal: stop.signal })
    setTimeout(() => stop.abort(), 50)
    expect(await waiting).toMatchObject({ code: 130, stdout: '' })
  })
})

test('a file for --from that has no end is an error, not a wait', async () => {
  const { code, stderr } = await manifest('create', 'acme/list:1', '--from', '/dev/zero')
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('more than 16 MiB') })
})
