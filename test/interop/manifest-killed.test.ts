import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { ManifestGround } from '../support/vectors/manifest-ground.ts'
import { architecturesIn, imagesFor, killedAt, listsFolder, platforms, plenty, succeed } from '../manifests/support/lists.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

interface Change {
  /** Words after `manifest`; LIST, and the names of images, are filled in. */
  readonly words: readonly string[]
  readonly before: readonly string[] | undefined
  readonly after: readonly string[] | undefined
}

const changes: readonly Change[] = [
  { words: ['create', 'LIST', 'amd64'], before: undefined, after: ['amd64'] },
  { words: ['add', 'LIST', 'arm64'], before: ['amd64'], after: ['amd64', 'arm64'] },
  { words: ['remove', 'LIST'], before: ['amd64'], after: undefined },
  { words: ['push', '--purge', 'LIST'], before: ['amd64'], after: undefined },
]

describe('a process that is killed', () => {
  test.each(changes)('at whatever change of a file in $words leaves $before or $after, and the next one goes on', async ({ words, before, after }) => {
    await using ground = await ManifestGround.open(registry.host)
    await ground.push(imagesFor(platforms))
    const list = `${ground.repo('app')}:list`
    const named = (names: readonly string[]): string[] => names.map((name) => (name === 'LIST' ? list : platforms.some((known) => known === name) ? `${ground.repo('app')}:${name}` : name))
    if (before !== undefined) await succeed(ground, 'manifest', 'create', list, ...named(before))
    const lists = listsFolder(ground)
    const saved = join(ground.work, 'saved')
    if (before !== undefined) await cp(lists, saved, { recursive: true })
    const outcomes: unknown[] = []
    let finished = false
    for (let change = 1; !finished; change += 1) {
      expect(change).toBeLessThan(plenty)
      const { code, stderr } = await ground.start(['manifest', ...named(words)], { env: killedAt(ground, change) })
      finished = code !== null
      if (finished) expect({ code, stderr }).toEqual({ code: 0, stderr })
      const left = await architecturesIn(ground, list)
      expect([before, after], `killed at change ${change}`).toContainEqual(left)
      outcomes.push(left)
      await succeed(ground, 'manifest', 'create', '--amend', list, ...named(['s390x']))
      expect(await architecturesIn(ground, list), `the next command after change ${change}`).toEqual([...(left ?? []), 's390x'])
      await rm(lists, { recursive: true })
      if (before !== undefined) await cp(saved, lists, { recursive: true })
    }
    // Else nothing was killed, or nothing was ever half done.
    expect(outcomes.length).toBeGreaterThan(5)
    expect(outcomes).toContainEqual(before)
    expect(outcomes.at(-1)).toEqual(after)
  })
})
