import { afterEach, describe, expect, test } from 'vitest'
import type { EngineServerOptions, Strike } from '../docker/support/engine-server.ts'
import type { Ground } from '../docker/support/ground.ts'
import { openGround } from '../docker/support/ground.ts'
import { packageImage, pushPackage } from '../docker/support/package-image.ts'

const grounds: Ground[] = []

async function ground(options: EngineServerOptions = {}): Promise<Ground> {
  const made = await openGround(options)
  grounds.push(made)
  return made
}

afterEach(async () => {
  for (const one of grounds.splice(0)) await one.close()
})

const [before, after] = [packageImage(['before']), packageImage(['after'])]
const [oldId, newId] = [before.config.descriptor.digest, after.config.descriptor.digest]
const names = (...tags: readonly string[]): string[] => tags.map((tag) => `docker.io/acme/hello:${tag}`)

async function load(one: Ground, image: typeof before, tags: readonly string[], signal?: AbortSignal): Promise<void> {
  const daemon = one.run(signal)
  await pushPackage(daemon.store('docker.io', 'acme/hello'), image, ...tags)
  await daemon.seal()
}

/** An engine on which `moved` names the old image; from then on it answers as `strike` says. */
async function prepared(strike: (call: string, server: Ground['server']) => Strike | undefined): Promise<Ground> {
  const state: { one?: Ground } = {}
  const one = await ground({ strike: (call) => (state.one === undefined ? undefined : strike(call, state.one.server)) })
  await load(one, before, ['moved'])
  state.one = one
  return one
}

function isTagging(call: string, tag: string): boolean {
  return call.startsWith('POST') && call.includes('/tag?') && call.endsWith(`tag=${tag}`)
}

const full: Strike = { status: 500, body: '{"message":"no space left"}' }

describe('the names of an image', () => {
  test('that stood for another image move', async () => {
    const one = await prepared(() => undefined)
    await load(one, after, ['moved', 'new'])
    expect([...one.server.images.names]).toEqual(names('moved', 'new').map((name) => [name, newId]))
  })

  test('are as before where the last cannot be set, and the image is gone', async () => {
    const one = await prepared((call) => (isTagging(call, 'last') ? full : undefined))
    await expect(load(one, after, ['moved', 'new', 'last'])).rejects.toMatchObject({
      code: 'OUTPUT',
      message: 'tag image in the engine "docker.io/acme/hello:last": status 500: no space left',
    })
    expect([...one.server.images.names]).toEqual([[names('moved')[0], oldId]])
    expect([...one.server.images.byId.keys()]).toEqual([oldId])
    expect(one.told('warning')).toEqual([])
  })

  test('are as before where the connection breaks while the engine sets one', async () => {
    const one = await prepared((call, { images }) => {
      if (!isTagging(call, 'last')) return undefined
      images.names.set(names('last')[0] ?? '', newId)
      return 'reset'
    })
    await expect(load(one, after, ['moved', 'last'])).rejects.toMatchObject({ code: 'NETWORK' })
    expect([...one.server.images.names]).toEqual([[names('moved')[0], oldId]])
  })

  test('are as before where one stands for something else than was asked for', async () => {
    const one = await prepared((call) => (isTagging(call, 'last') ? { status: 201, body: '' } : undefined))
    await expect(load(one, after, ['moved', 'last'])).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: `verify image in the engine "docker.io/acme/hello:last": got no such image, want ${newId}`,
    })
    expect([...one.server.images.names]).toEqual([[names('moved')[0], oldId]])
  })

  test('are as before where somebody says stop between two of them', async () => {
    const controller = new AbortController()
    const one = await prepared((call) => {
      if (isTagging(call, 'moved')) controller.abort()
      return undefined
    })
    await expect(load(one, after, ['moved', 'last'], controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect([...one.server.images.names]).toEqual([[names('moved')[0], oldId]])
    expect([...one.server.images.byId.keys()]).toEqual([oldId])
  })

  test('that cannot be taken back are told, with the command that does', async () => {
    const seen = { failed: false }
    const one = await prepared((call) => {
      seen.failed ||= isTagging(call, 'last')
      return seen.failed && !call.startsWith('GET') ? full : undefined
    })
    await expect(load(one, after, ['moved', 'new', 'last'])).rejects.toThrow('"docker.io/acme/hello:last"')
    const warnings = one.events.flatMap((event) => (event.type === 'warning' ? [event] : []))
    expect(warnings.map(({ message }) => message.split(' ')[0])).toEqual(names('last', 'new', 'moved'))
    expect(warnings.map(({ hint }) => hint)).toEqual([`docker rmi ${names('last')[0]}`, `docker rmi ${names('new')[0]}`, `docker tag ${oldId} ${names('moved')[0]}`])
  })

  test('are not touched where the load fails', async () => {
    const one = await prepared((call) => (call.startsWith('POST /images/load') ? { status: 200, body: '{"error":"no space left"}' } : undefined))
    await expect(load(one, after, ['moved'])).rejects.toThrow('no space left')
    expect([...one.server.images.names]).toEqual([[names('moved')[0], oldId]])
  })

  test('are not touched where somebody says stop during the load', async () => {
    const controller = new AbortController()
    const one = await prepared((call) => {
      if (!call.startsWith('POST /images/load')) return undefined
      controller.abort()
      return 'hang'
    })
    await expect(load(one, after, ['moved'], controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect([...one.server.images.names]).toEqual([[names('moved')[0], oldId]])
  })

  test('of an image that was there stay with it where one more cannot be set', async () => {
    const one = await prepared((call) => (isTagging(call, 'last') ? full : undefined))
    await expect(load(one, before, ['new', 'last'])).rejects.toThrow('no space left')
    expect([...one.server.images.names]).toEqual([[names('moved')[0], oldId]])
  })
})
