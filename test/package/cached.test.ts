import { chmod, mkdir, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'
import type { Ground } from './support/ground.ts'
import { eventsOf, openGround, separate } from './support/ground.ts'

let ground: Ground

beforeEach(async () => {
  ground = await openGround(separate)
})

afterEach(async () => {
  await ground.tree.remove()
})

function built(): boolean[] {
  return eventsOf(ground, 'layer-built').map((event) => event.cached)
}

function warnings(): string[] {
  return eventsOf(ground, 'warning').map((event) => event.message)
}

const cached = { cache: true } as const

async function blobs(): Promise<string[]> {
  return (await readdir(join(ground.cache, 'blobs'))).map((name) => join(ground.cache, 'blobs', name))
}

describe('a second run', () => {
  test('takes each layer from the cache and makes the same package', async () => {
    const first = await ground.run(cached)
    const inodes = await Promise.all((await blobs()).map(async (path) => (await stat(path)).ino))
    const second = await ground.run({ ...cached, output: 'second.oci' })
    expect(built()).toEqual([false, false, true, true])
    expect(second.digest).toBe(first.digest)
    expect(await Promise.all((await blobs()).map(async (path) => (await stat(path)).ino))).toEqual(inodes)
    expect(await readdir(join(ground.cache, 'tmp'))).toEqual([])
    expect(warnings()).toEqual([])
  })

  test('makes anew what changed, and that alone', async () => {
    await ground.run(cached)
    await writeFile(join(ground.bp, 'linux/arm64/bin/build'), '#!/bin/sh\necho another\n')
    await ground.run(cached)
    expect(eventsOf(ground, 'layer-built').slice(2).map(({ layer, cached: isCached }) => [layer.includes('arm64'), isCached])).toEqual(
      expect.arrayContaining([
        [true, false],
        [false, true],
      ]),
    )
  })

  test('with another compression makes layers of its own', async () => {
    await ground.run(cached)
    await ground.run({ ...cached, compression: 'gzip:12' })
    await ground.run({ ...cached, compression: 'gzip:12' })
    expect(built()).toEqual([false, false, false, false, true, true])
  })

  test('in a folder named by --cache-dir finds what the first one kept there, relative to the working folder', async () => {
    await ground.run({ ...cached, cacheDir: 'my/cache' })
    await ground.run({ ...cached, cacheDir: join(ground.tree.path, 'my/cache') })
    expect(built()).toEqual([false, false, true, true])
    await expect(readdir(ground.cache)).rejects.toThrow('ENOENT')
  })

  test('keeps to the XDG folder, and takes no notice of a relative one', async () => {
    await ground.run({ ...cached, env: { ...ground.options.env, XDG_CACHE_HOME: join(ground.tree.path, 'xdg') } })
    expect((await readdir(join(ground.tree.path, 'xdg/bp-package/blobs'))).length).toBe(2)
    await ground.run({ ...cached, env: { ...ground.options.env, XDG_CACHE_HOME: 'xdg' } })
    expect((await blobs()).length).toBe(2)
  })

  test('with --no-cache neither looks nor keeps', async () => {
    await ground.run({ cache: false })
    await expect(readdir(ground.cache)).rejects.toThrow('ENOENT')
    await ground.run(cached)
    await ground.run({ cache: false })
    expect(built()).toEqual([false, false, false, false, false, false])
  })
})

describe('two runs at once', () => {
  test('on one cache make the same package, and both find it afterwards', async () => {
    const results = await Promise.all(['a', 'b', 'c'].map((name) => ground.run({ ...cached, output: `${name}.oci` })))
    expect(new Set(results.map((result) => result.digest)).size).toBe(1)
    ground.events.length = 0
    await ground.run(cached)
    expect(built()).toEqual([true, true])
    expect(await readdir(join(ground.cache, 'tmp'))).toEqual([])
  })
})

describe('a damaged layer', () => {
  test.each(['layout', 'file'] as const)('is made anew, with a warning (%s)', async (destination) => {
    const first = await ground.run(cached)
    const [path = ''] = await blobs()
    const before = await readFile(path)
    const bytes = Buffer.from(before)
    bytes[20] = (bytes[20] ?? 0) ^ 1
    await rm(path)
    await writeFile(path, bytes)
    const second = await ground.run({ ...cached, destination, singleFile: destination === 'file', output: destination === 'file' ? 'second.cnb' : 'second.oci' })
    expect(second.digest).toBe(first.digest)
    expect(warnings()).toEqual([expect.stringMatching(/^the layer of acme\/hello@1\.0\.0 in the cache cannot be used, and is made anew: .*sha256:/)])
    expect(await readFile(path)).toEqual(before)
    expect(await readdir(join(ground.cache, 'tmp'))).toEqual([])
  })

  test('that is too short is made anew at once', async () => {
    const first = await ground.run(cached)
    for (const path of await blobs()) {
      await writeFile(`${path}.copy`, await readFile(path))
      await rm(path)
      await writeFile(path, await readFile(`${path}.copy`))
      await rm(`${path}.copy`)
      await truncate(path, 10)
    }
    expect((await ground.run({ ...cached, output: 'second.oci' })).digest).toBe(first.digest)
    expect(built()).toEqual([false, false, false, false])
  })
})

test('what is written into a finished layout later does not reach into the cache unseen', async () => {
  const first = await ground.run(cached)
  const digest = first.images[0]?.layers[0]?.digest ?? ''
  await writeFile(join(ground.tree.path, 'out.oci/blobs/sha256', digest.slice('sha256:'.length)), 'overwritten in place')
  const second = await ground.run({ ...cached, output: 'second.oci' })
  expect(second.digest).toBe(first.digest)
})

describe('a cache that cannot be used', () => {
  test('is a warning where nobody asked for it, and the run goes on', async () => {
    await writeFile(join(ground.tree.path, 'home/.cache'), 'a file')
    const result = await ground.run(cached)
    expect(result.digest).toMatch(/^sha256:/)
    expect(warnings()).toEqual([expect.stringMatching(/^no cache for this run: E(NOTDIR|EXIST)/)])
    expect(eventsOf(ground, 'warning')[0]?.hint).toBe('name a folder with --cache-dir, or say --no-cache')
    expect(await readdir(ground.temporary)).toEqual([])
  })

  test('is a warning as well where its folders are there but are not ours', async () => {
    await ground.run(cached)
    ground.events.length = 0
    await mkdir(join(ground.tree.path, 'out'), { mode: 0o777 })
    for (const folder of [ground.temporary, join(ground.tree.path, 'out')]) await chmod(folder, 0o777)
    await asOrdinaryUser(ground.tree.path, () => ground.run({ ...cached, output: 'out/second.oci' }))
    expect(warnings()).toEqual([expect.stringMatching(/^no cache for this run: EACCES/)])
    expect(await readdir(ground.temporary)).toEqual([])
  })

  test('is an error where --cache-dir names it, with its name', async () => {
    await writeFile(join(ground.tree.path, 'file'), '')
    await expect(ground.run({ ...cached, cacheDir: 'file' })).rejects.toMatchObject({ code: 'SPOOL', message: expect.stringMatching(/^open cache "file": got .*, want a folder that can be written to$/), hint: 'name another with --cache-dir, or say --no-cache' })
    await expect(stat(join(ground.tree.path, 'out.oci'))).rejects.toThrow('ENOENT')
  })

  test('is no matter where there is no home at all', async () => {
    const result = await ground.run({ ...cached, env: { TMPDIR: ground.temporary } })
    expect(result.warnings).toEqual([])
    expect(built()).toEqual([false, false])
  })

  test('because it was removed in the middle, does not fail a package that is finished', async () => {
    const result = await ground.run({
      ...cached,
      onEvent: (event) => {
        ground.events.push(event)
        if (event.type === 'index-done') rmSync(join(ground.cache, 'blobs'), { recursive: true })
      },
    })
    expect(result.digest).toMatch(/^sha256:/)
    expect(warnings()).toEqual([expect.stringContaining('the cache could not be tidied: ENOENT')])
  })

  test('because a layer could not be kept, is a warning', async () => {
    await ground.run({
      ...cached,
      onEvent: (event) => {
        ground.events.push(event)
        if (event.type === 'layer-started') rmSync(join(ground.cache, 'blobs'), { recursive: true, force: true })
      },
    })
    expect(warnings()).toContainEqual(expect.stringMatching(/^the layer of acme\/hello@1\.0\.0 could not be kept in the cache: ENOENT/))
  })
})
