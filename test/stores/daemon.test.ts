import { readdir } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { EngineServerOptions } from '../docker/support/engine-server.ts'
import type { Ground } from '../docker/support/ground.ts'
import { openGround } from '../docker/support/ground.ts'
import { packageImage, pushPackage } from '../docker/support/package-image.ts'
import { push } from '../support/images/push.ts'
import { sampleIndex } from '../support/images/sample.ts'

const grounds: Ground[] = []

async function ground(options: EngineServerOptions = {}): Promise<Ground> {
  const made = await openGround(options)
  grounds.push(made)
  return made
}

afterEach(async () => {
  for (const one of grounds.splice(0)) await one.close()
})

const image = packageImage(['base', 'top'])
const id = image.config.descriptor.digest

/** One image, by these tags of docker.io/acme/hello. */
async function load(one: Ground, built = image, ...tags: readonly string[]): Promise<void> {
  const daemon = one.run()
  await pushPackage(daemon.store('docker.io', 'acme/hello'), built, ...(tags.length === 0 ? ['1'] : tags))
  await daemon.seal()
  await daemon.dispose()
}

describe('an image for an engine', () => {
  test('is there under all its names, in all its repositories, with what was built', async () => {
    const one = await ground()
    const daemon = one.run()
    await pushPackage(daemon.store('docker.io', 'acme/hello'), image, '1', 'latest')
    await daemon.store('localhost:5000', 'b').tag(image.manifest, '2')
    expect(one.server.calls).toEqual([])
    await daemon.seal()
    expect([...one.server.images.names]).toEqual([
      ['docker.io/acme/hello:1', id],
      ['docker.io/acme/hello:latest', id],
      ['localhost:5000/b:2', id],
    ])
    expect(one.server.images.byId.get(id)).toMatchObject({ os: 'linux', architecture: 'amd64', diffIDs: image.diffIDs })
    expect(one.server.loads).toHaveLength(1)
    expect(one.told('step')).toEqual([`engine: Docker 20.10.24 at ${one.server.host}`, `loaded: ${id} in Docker at ${one.server.host}`])
  })

  test('that is there already is not sent again, and names that are right are not set again', async () => {
    const one = await ground()
    await load(one)
    one.server.calls.length = 0
    await load(one)
    expect(one.server.calls.filter((call) => call.startsWith('POST'))).toEqual([])
    expect(one.told('step').at(-1)).toBe(`present: ${id} in Docker at ${one.server.host}`)
  })

  test('is known in a store of containerd by its manifest', async () => {
    const one = await ground({ containerd: true })
    await load(one)
    await load(one)
    expect([...one.server.images.names]).toEqual([['docker.io/acme/hello:1', image.manifest.descriptor.digest]])
    expect(one.server.loads).toHaveLength(1)
  })

  test('of several images: all are there before any has a name', async () => {
    const one = await ground()
    const daemon = one.run()
    const other = packageImage(['other'])
    await pushPackage(daemon.store('docker.io', 'acme/hello'), image, '1')
    await pushPackage(daemon.store('docker.io', 'acme/other'), other, '1')
    await daemon.seal()
    const posts = one.server.calls.filter((call) => call.startsWith('POST')).map((call) => (call.includes('/tag') ? 'tag' : 'load'))
    expect(posts).toEqual(['load', 'load', 'tag', 'tag'])
    expect(one.server.images.names.get('docker.io/acme/other:1')).toBe(other.config.descriptor.digest)
  })

  test('for Windows comes with a word that it cannot run', async () => {
    const one = await ground({ version: { Os: 'windows' } })
    await load(one, packageImage(['a'], { os: 'windows', architecture: 'amd64' }))
    expect(one.told('warning')).toEqual([expect.stringContaining('no Windows base layer')])
  })

  test('without an architecture is the one of whatever machine the engine says it is', async () => {
    const one = await ground({ alter: (kept) => ({ ...kept, architecture: 'amd64' }) })
    const bare = packageImage(['a'], { os: 'linux', architecture: '' })
    await load(one, bare)
    expect(one.server.images.names.get('docker.io/acme/hello:1')).toBe(bare.config.descriptor.digest)
  })

  test('without a name is refused, and an index too: nothing is asked', async () => {
    const one = await ground()
    await expect(one.run().seal()).rejects.toMatchObject({ code: 'OUTPUT', message: 'load image into the engine: no name for the image' })
    const daemon = one.run()
    await push(daemon.store('docker.io', 'acme/hello'), sampleIndex(['1']))
    await expect(daemon.seal()).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('got an image index') })
    expect(one.server.calls).toEqual([])
  })

  test('leaves nothing on the disk', async () => {
    const one = await ground()
    await load(one)
    expect(await readdir(one.folder)).toEqual(['engine.sock'])
  })
})

describe('layers that an engine has', () => {
  test('at the bottom of another package are not sent', async () => {
    const one = await ground()
    const random = Array.from({ length: 40_000 }, (_, index) => ((index * 7919) % 9973).toString(36)).join('')
    await load(one, packageImage([random, 'old']))
    await load(one, packageImage([random, 'new']), '2')
    const [first = 0, second = 0] = one.server.loads
    expect(second).toBeLessThan(first / 2)
    expect(one.server.images.names.get('docker.io/acme/hello:2')).toBe(packageImage([random, 'new']).config.descriptor.digest)
  })

  test('above others are sent: it keeps them only with what is below', async () => {
    const one = await ground()
    await load(one, packageImage(['a', 'shared']))
    await load(one, packageImage(['b', 'shared']), '2')
    expect(one.server.loads[1]).toBe(one.server.loads[0])
  })

  test('and loses before the load are sent after all', async () => {
    const lost = { happened: false }
    const one: Ground = await ground({
      strike: (call) => {
        if (call.startsWith('POST /images/load') && one.server.loads.length === 1 && !lost.happened) {
          one.server.images.layers.clear()
          lost.happened = true
        }
        return undefined
      },
    })
    await load(one, packageImage(['shared', 'old']))
    await load(one, packageImage(['shared', 'new']), '2')
    const [first = 0, partial = 0, whole = 0] = one.server.loads
    expect(partial).toBeLessThan(whole)
    expect(whole).toBe(first)
    expect(one.server.images.names.has('docker.io/acme/hello:2')).toBe(true)
  })

  test('cannot be told of a store of containerd: all are sent', async () => {
    const one = await ground({ containerd: true })
    await load(one, packageImage(['shared', 'old']))
    await load(one, packageImage(['shared', 'new']), '2')
    expect(one.server.loads[1]).toBe(one.server.loads[0])
    expect(one.server.calls.some((call) => call.includes('/images/json'))).toBe(false)
  })
})

describe('an engine that makes something else of an image', () => {
  test.each([
    ['layers', { diffIDs: ['sha256:0'] }],
    ['an architecture', { architecture: 'riscv64' }],
    ['an os', { os: 'plan9' }],
  ])('with other %s: no name is set', async (_what, wrong) => {
    const one = await ground({ alter: (kept) => ({ ...kept, ...wrong }) })
    await expect(load(one)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', message: expect.stringMatching(/^verify image in the engine "sha256:/) })
    expect(one.server.images.names.size).toBe(0)
    expect(one.server.images.byId.size).toBe(0)
  })

  test('under another digest: no name is set', async () => {
    const one = await ground({ alter: (kept) => ({ ...kept, id: `sha256:${'0'.repeat(64)}` }) })
    await expect(load(one)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', message: expect.stringContaining('got no image of this digest after the load') })
    expect(one.server.images.names.size).toBe(0)
  })
})
