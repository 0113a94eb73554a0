import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PackageOptions } from '../../src/package/options.ts'
import type { RunResult } from '../../src/publish/options.ts'
import { refuse } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Ground } from './support/ground.ts'
import { openGround } from './support/ground.ts'

let ground: Ground
let registry: TestRegistry

beforeEach(async () => {
  ground = await openGround()
  registry = await startRegistry()
})

afterEach(async () => {
  await registry.close()
  await ground.tree.remove()
})

const names = (): string[] => ['1', '1.0', 'latest'].map((tag) => `${registry.host}/acme/hello:${tag}`)
const tags = (): [string, string][] => [...registry.repository('acme/hello').tags]

function publish(rest: Partial<PackageOptions> = {}): Promise<RunResult> {
  return ground.run({ destination: 'registry', name: `${registry.host}/acme/hello:1`, tags: ['1.0', 'latest'], ...rest })
}

describe('several tags', () => {
  test('are all set where the interrupt comes after the first: none is left behind on another package', async () => {
    const stop = new AbortController()
    const report: PackageOptions['onEvent'] = (event) => event.type === 'tagged' && stop.abort()
    const { digest } = await publish({ signal: stop.signal, onEvent: report })
    expect(tags()).toEqual([['1', digest], ['1.0', digest], ['latest', digest]])
  })

  test('are told of in the order of what happens: the index by the first of them, then each', async () => {
    await publish()
    expect(ground.events.slice(-4).map((event) => (event.type === 'tagged' ? event.name : event.type))).toEqual(['index-done', ...names()])
  })

  test('are not touched where it comes before the first', async () => {
    const stop = new AbortController()
    const report: PackageOptions['onEvent'] = (event) => event.type === 'image-done' && stop.abort()
    await expect(publish({ signal: stop.signal, onEvent: report })).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(tags()).toEqual([])
  })

  test('of which the registry refuses a later one: the error names those that have moved', async () => {
    registry.fail({ method: 'PUT', path: /\/manifests\/latest$/, times: 9, strike: refuse(403, 'DENIED', 'latest is immutable') })
    await expect(publish()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('latest is immutable') as string,
      hint: expect.stringContaining(`these tags have moved already: ${names().slice(0, 2).join(', ')}`) as string,
    })
    expect(tags().map(([tag]) => tag)).toEqual(['1', '1.0'])
  })

  test('of which the first is refused: nothing is said to have moved', async () => {
    registry.fail({ method: 'PUT', path: /\/manifests\/1$/, times: 9, strike: refuse(403, 'DENIED', 'no') })
    await expect(publish()).rejects.toMatchObject({ hint: expect.not.stringContaining('moved already') as string })
    expect(tags()).toEqual([])
  })
})
