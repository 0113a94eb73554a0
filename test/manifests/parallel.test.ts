import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { architecturesIn, imagesFor, listNames, platforms, succeed } from './support/lists.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

describe('processes that change one list at once', () => {
  test('eight adds lose no entry, and whoever reads meanwhile sees a whole list that only grows', async () => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(platforms))
    const list = `${ground.repo('app')}:list`
    await succeed(ground, 'manifest', 'create', list)
    const seen: number[] = []
    const added = new AbortController()
    const reading = (async () => {
      while (!added.signal.aborted) {
        seen.push((await architecturesIn(ground, list))?.length ?? -1)
        await sleep(5)
      }
    })()
    const ended = await Promise.all(platforms.map((name) => ground.start(['manifest', 'add', list, `${ground.repo('app')}:${name}`])))
    added.abort()
    await reading
    expect(ended.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(platforms.map(() => ''))
    expect((await architecturesIn(ground, list))?.sort()).toEqual([...platforms].sort())
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen).not.toContain(-1)
    expect(await listNames(ground)).toHaveLength(1)
  })
})
