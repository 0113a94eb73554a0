import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PackageOptions } from '../../src/package/options.ts'
import type { Ground } from './support/ground.ts'
import { eventsOf, openGround } from './support/ground.ts'

let ground: Ground

beforeEach(async () => {
  ground = await openGround()
})

afterEach(() => ground.tree.remove())

/** The digest of two runs, each from within the buildpack's folder. */
async function twice(rest: Partial<PackageOptions>, between: () => Promise<void> = () => Promise.resolve()): Promise<readonly string[]> {
  const first = await ground.run({ cwd: ground.bp, path: '.', ...rest })
  await between()
  const second = await ground.run({ cwd: ground.bp, path: '.', ...rest })
  return [first.digest, second.digest]
}

function warned(): readonly string[] {
  return eventsOf(ground, 'warning').map(({ message }) => message)
}

describe('what a run writes into the buildpack itself changes no digest', () => {
  test.each<[string, Partial<PackageOptions>]>([
    ['a layout', { output: 'out.oci' }],
    ['a layout in a folder of its own', { output: 'dist/deep/x' }],
    ['a layout, where nothing is left out by itself', { output: 'x', defaultExcludes: false }],
    ['a file for each target', { destination: 'file', output: 'out.bin' }],
    ['one file', { destination: 'file', output: 'dist/out.tar', singleFile: true }],
    ['a cache', { output: '../out.oci', cache: true, cacheDir: 'cache' }],
  ])('%s', async (_what, rest) => {
    const [first, second] = await twice(rest)
    expect(second).toBe(first)
  })

  test('the result file of the command line', async () => {
    const [first, second] = await twice({ ownFiles: ['results/result.json'] }, async () => {
      await mkdir(join(ground.bp, 'results'))
      await writeFile(join(ground.bp, 'results', 'result.json'), '{}')
    })
    expect(second).toBe(first)
  })

  test('but a folder that holds something else stays', async () => {
    await mkdir(join(ground.bp, 'dist'))
    await writeFile(join(ground.bp, 'dist', 'kept'), '')
    const [first, second] = await twice({ output: 'dist/x' })
    expect(second).toBe(first)
    const without = await ground.run({ cwd: ground.bp, path: '.', output: 'dist/x', exclude: ['/dist'] })
    expect(without.digest).not.toBe(first)
  })
})

describe('what looks like a secret', () => {
  test.each([
    ['.env', 'A=b'],
    ['deep/id_ed25519', 'x'],
    ['.npmrc', '//registry.example/:_authToken=abc'],
    ['tls/server.key', '-----BEGIN RSA PRIVATE KEY-----\n'],
  ])('%s is packaged with a warning', async (path, content) => {
    await mkdir(join(ground.bp, path, '..'), { recursive: true })
    await writeFile(join(ground.bp, path), content)
    await ground.run()
    expect(warned()).toEqual([`acme/hello@1.0.0 holds what looks like a secret: ${path}`])
    await expect(ground.run({ strict: true })).rejects.toMatchObject({ code: 'CONFIG' })
  })

  test.each([
    ['.npmrc', 'registry=https://registry.example/\n'],
    ['tls/authorities.pem', '-----BEGIN CERTIFICATE-----\n'],
    ['environment', 'A=b'],
  ])('%s is none', async (path, content) => {
    await mkdir(join(ground.bp, path, '..'), { recursive: true })
    await writeFile(join(ground.bp, path), content)
    await ground.run()
    expect(warned()).toEqual([])
  })
})
