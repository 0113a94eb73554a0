import { rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { architecturesIn, imagesFor, listNames, listsFolder, platforms, succeed } from '../manifests/support/lists.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { noise } from './support/noise.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

/** Waits of a seed, so that what a run does can be done again as nearly as a clock allows. */
function* waits(seed: string, most: number): Generator<number> {
  for (let at = 0; ; at += 1) yield (noise(4, `${seed} ${at}`).readUInt32LE() / 2 ** 32) * most
}

describe('processes that change one list at once', () => {
  test('of eight creates one makes the list, the others say that it exists', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(platforms))
    const list = `${ground.repo('app')}:list`
    const ended = await Promise.all(platforms.map((name) => ground.start(['manifest', 'create', '--json', list, `${ground.repo('app')}:${name}`])))
    const winners = platforms.filter((_, at) => ended[at]?.code === 0)
    expect(winners).toHaveLength(1)
    expect(await architecturesIn(ground, list)).toEqual(winners)
    for (const { code, stderr } of ended.filter(({ code }) => code !== 0)) {
      expect(code).toBe(1)
      expect(stderr).toContain('"LIST_EXISTS"')
    }
  })

  test('adds and rms at once each do their own', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(platforms))
    const list = `${ground.repo('app')}:list`
    const named = (names: readonly string[]): string[] => names.map((name) => `${ground.repo('app')}:${name}`)
    const [there, coming] = [platforms.slice(0, 4), platforms.slice(4)]
    await succeed(ground, 'manifest', 'create', list, ...named(there))
    const adds = named(coming).map((image) => ground.start(['manifest', 'add', list, image]))
    const rms = there.map((name) => ground.start(['manifest', 'rm', list, `linux/${name}`]))
    for (const { code, stderr } of await Promise.all([...adds, ...rms])) expect({ code, stderr }).toEqual({ code: 0, stderr })
    expect((await architecturesIn(ground, list))?.sort()).toEqual([...coming].sort())
  })
})

describe('processes that are killed whenever', () => {
  test('leave every list that a finished one has made, whole, and the next one takes over what they held', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(platforms))
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', list)
    const wait = waits('kill', 450)
    let killed = 0
    for (let round = 0; round < 25; round += 1) {
      const names = platforms.filter((_, at) => at % 4 === round % 4)
      const ended = await Promise.all(
        names.map(async (name) => {
          const process = ground.start(['manifest', 'add', list, `${ground.repo('app')}:${name}`], {
            started: (child) => void sleep(wait.next().value).then(() => child.kill('SIGKILL')),
          })
          return { name, ...(await process) }
        }),
      )
      const there = await architecturesIn(ground, list)
      const finished = ended.filter(({ code }) => code === 0).map(({ name }) => name)
      killed += ended.filter(({ code }) => code === null).length
      expect(ended.map(({ code, stderr }) => (code === 1 ? stderr : '')).join('')).toBe('')
      expect(there).toEqual(expect.arrayContaining(finished))
      expect(names).toEqual(expect.arrayContaining(there ?? ['a list']))
      for (const name of there ?? []) await succeed(ground, 'manifest', 'rm', list, `linux/${name}`)
      expect(await architecturesIn(ground, list)).toEqual([])
    }
    expect(killed).toBeGreaterThan(5)
  })
})

describe('the lock of a list', () => {
  test.concurrent.each([
    { whose: 'a living process', pid: process.pid, host: hostname() },
    { whose: 'another host, whose processes nobody can see', pid: 2 ** 22 + 1, host: 'elsewhere.example' },
  ])('of $whose is waited for and then named', async ({ pid, host }) => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(['amd64']))
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', list)
    const [folder = ''] = await listNames(ground)
    await writeFile(join(listsFolder(ground), `${folder}.lock`), JSON.stringify({ pid, host }))
    const { code, stdout, stderr } = await ground.run(['manifest', 'add', list, `${ground.repo('app')}:amd64`])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(String(pid))
    expect(stderr).toContain(host)
    await rm(join(listsFolder(ground), `${folder}.lock`))
    expect(await architecturesIn(ground, list)).toEqual([])
  })
})
