import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findEngine } from '../../src/docker/find.ts'
import type { EnginePlace } from '../../src/docker/places.ts'
import { emptyTree } from '../support/tree/tree.ts'
import type { Strike } from './support/engine-server.ts'
import { startEngine } from './support/engine-server.ts'

let folder: string
const closing: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  const tree = await emptyTree()
  folder = tree.path
  closing.push(() => tree.remove())
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function placeOf(name: string, source = ''): EnginePlace {
  return { address: { kind: 'unix', path: join(folder, name) }, source }
}

async function serve(name: string, strike?: Strike): Promise<EnginePlace> {
  const server = await startEngine({ socket: join(folder, name), strike: () => strike })
  closing.push(async () => server[Symbol.asyncDispose]())
  return placeOf(name)
}

async function find(...places: readonly EnginePlace[]): Promise<EnginePlace> {
  const { connection } = await findEngine(places, undefined)
  await connection.close()
  return connection.place
}

describe('of several places', () => {
  test('the first that answers counts', async () => {
    const [first, second] = [await serve('first'), await serve('second')]
    expect(await find(first, second)).toBe(first)
    expect(await find(placeOf('none'), second)).toBe(second)
  })

  test('one whose engine is broken, or is none, is passed by', async () => {
    const good = await serve('good')
    expect(await find(await serve('broken', { status: 500, body: 'broken' }), await serve('other', { status: 200, body: '{}' }), await serve('silent', 'reset'), good)).toBe(good)
  })

  test('none with an engine: each is named with its reason', async () => {
    await expect(find(placeOf('a'), await serve('b', { status: 500, body: '{"message":"broken"}' }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `find an engine: got "unix://${folder}/a": no such socket; "unix://${folder}/b": status 500: broken, want the socket of a running Docker or Podman`,
      hint: expect.stringContaining('DOCKER_HOST'),
    })
  })

  test('only one: its reason is the whole message', async () => {
    await expect(find(placeOf('a', 'DOCKER_HOST'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `ask the engine for its version "unix://${folder}/a (DOCKER_HOST)": no such socket`,
    })
  })

  test('nothing more is asked once somebody says stop', async () => {
    await expect(findEngine([placeOf('a'), await serve('b')], AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
