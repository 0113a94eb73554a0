import { readFile, readdir, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { architecturesIn, imagesFor, killedAt, listNames, listsFolder, plenty, succeed } from './support/lists.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

describe('a process that is killed', () => {
  test('leaves litter that the next hour\'s command sweeps away', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64', 's390x']))
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', list, `${ground.repo('app')}:amd64`)
    let litter: readonly string[] = []
    for (let change = 1; litter.length === 0; change += 1) {
      expect(change).toBeLessThan(plenty)
      await ground.start(['manifest', 'add', list, `${ground.repo('app')}:arm64`], { env: killedAt(ground, change) })
      litter = (await listNames(ground)).filter((name) => name.startsWith('.tmp-'))
    }
    const longAgo = new Date(Date.now() - 2 * 3_600_000)
    for (const name of litter) await utimes(join(listsFolder(ground), name), longAgo, longAgo)
    await succeed(ground, 'manifest', 'add', list, `${ground.repo('app')}:s390x`)
    expect((await listNames(ground)).filter((name) => litter.includes(name))).toEqual([])
  })
})

describe('the lock of a list', () => {
  test('is there while a list is changed and says who holds it; without its holder it is taken over', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64', 'arm64']))
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', list, `${ground.repo('app')}:amd64`)
    let pid = 0
    let held: string | undefined
    for (let change = 1; held === undefined; change += 1) {
      expect(change).toBeLessThan(plenty)
      const started = (child: { readonly pid?: number | undefined }): void => {
        pid = child.pid ?? 0
      }
      await ground.start(['manifest', 'add', list, `${ground.repo('app')}:arm64`], { env: killedAt(ground, change), started })
      held = (await readdir(listsFolder(ground))).find((name) => name.endsWith('.lock'))
    }
    const path = join(listsFolder(ground), held)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid, host: hostname() })
    await succeed(ground, 'manifest', 'add', list, `${ground.repo('app')}:arm64`)
    expect(await architecturesIn(ground, list)).toEqual(['amd64', 'arm64'])
    expect((await listNames(ground)).filter((name) => name.endsWith('.lock'))).toEqual([])
  })
})
