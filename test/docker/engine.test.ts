import { chmod, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EngineBody } from '../../src/docker/connection.ts'
import type { Engine } from '../../src/docker/engine.ts'
import { openEngine } from '../../src/docker/engine.ts'
import type { Event } from '../../src/events.ts'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'
import { emptyTree } from '../support/tree/tree.ts'
import type { EngineServerOptions } from './support/engine-server.ts'
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

const events: Event[] = []

function open(host: string, signal?: AbortSignal): Engine {
  events.length = 0
  const engine = openEngine({ env: { DOCKER_HOST: host }, homeDir: folder, report: (event) => events.push(event), signal })
  closing.push(() => engine.close())
  return engine
}

async function serve(options: EngineServerOptions = {}) {
  const server = await startEngine({ socket: join(folder, 'engine.sock'), ...options })
  closing.push(async () => server[Symbol.asyncDispose]())
  return { server, engine: open(server.host) }
}

/** An archive of so many bytes, none of which means anything. */
function archive(size: number): EngineBody & { readonly made: () => number } {
  let made = 0
  const piece = Buffer.alloc(64 * 1024)
  function* parts(): Generator<Buffer> {
    for (let left = size; left > 0; left -= piece.length) {
      made += piece.length
      yield piece.subarray(0, Math.min(left, piece.length))
    }
  }
  return { size, open: () => Readable.from(parts(), { objectMode: false }), made: () => made }
}

async function* breaking(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(10)
  throw new Error('the disk is gone')
}

describe('an engine', () => {
  test('is asked nothing before somebody wants to know something', async () => {
    const { server } = await serve()
    expect(server.calls).toEqual([])
  })

  test('tells what it is, once', async () => {
    const { server, engine } = await serve()
    const info = { product: 'Docker', version: '20.10.24', address: server.host, platform: { os: 'linux', architecture: 'amd64' }, store: 'classic' }
    expect(await engine.info()).toEqual(info)
    expect(await engine.info()).toEqual(info)
    expect(server.calls).toEqual(['GET /version', 'GET /v1.41/info'])
    expect(events).toEqual([{ type: 'step', message: `engine: Docker 20.10.24 at ${server.host}` }])
  })

  test('is known for Podman, and for a store of containerd', async () => {
    const podman = await serve({ version: { Components: [{ Name: 'Podman Engine' }, { Name: 'Conmon' }] } })
    expect(await podman.engine.info()).toMatchObject({ product: 'Podman', store: 'podman' })
    const containerd = await serve({ socket: join(folder, 'second.sock'), containerd: true })
    expect(await containerd.engine.info()).toMatchObject({ product: 'Docker', store: 'containerd' })
  })

  test.each([
    ['armv7l', 'arm', 'v7'],
    ['armv6l', 'arm', 'v6'],
    ['aarch64', 'arm64', undefined],
    ['armv7l', 'arm64', undefined],
  ])('on a machine %s that runs %s has the variant %s', async (machine, architecture, variant) => {
    const { engine } = await serve({ version: { Arch: architecture }, info: { Architecture: machine } })
    const { platform } = await engine.info()
    expect(platform).toEqual({ os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) })
  })

  test.each([
    ['1.41', '1.12', '1.41'],
    ['1.99', '1.24', '1.47'],
    ['1.99', '1.52', '1.52'],
    ['1.24', '1.12', '1.24'],
    ['2.0', '1.40', '1.47'],
  ])('of API %s down to %s is spoken to in %s', async (ApiVersion, MinAPIVersion, spoken) => {
    const { server, engine } = await serve({ version: { ApiVersion, MinAPIVersion } })
    await engine.info()
    expect(server.calls.at(-1)).toBe(`GET /v${spoken}/info`)
  })

  test('that is too old is refused', async () => {
    const { engine } = await serve({ version: { ApiVersion: '1.23' } })
    await expect(engine.info()).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('got API version 1.23, want 1.24 or newer') })
  })

  test('that goes on for ever is not read for ever', async () => {
    const socket = join(folder, 'endless.sock')
    const server = createHttpServer((_, response) => {
      // A write to a connection that is gone may be answered before anything else has its turn, also the news that it is gone.
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(1024 * 1024, ' '), () => setImmediate(more))
      }
      more()
    })
    await new Promise<void>((resolve) => {
      server.listen(socket, resolve)
    })
    closing.push(async () => {
      server.close()
      server.closeAllConnections()
    })
    await expect(open(`unix://${socket}`).info()).rejects.toThrow(/an answer without end/)
  })

  test('that is something else is refused', async () => {
    const { engine } = await serve({ strike: () => ({ status: 200, body: '<html>' }) })
    await expect(engine.info()).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('want Docker or Podman') })
  })

  test('is asked for names as they are, but for what a path may not hold', async () => {
    const { server, engine } = await serve()
    expect(await engine.inspect('localhost:5000/acme/hello:1 ?#')).toBeUndefined()
    expect(server.calls.at(-1)).toBe('GET /v1.41/images/localhost:5000/acme/hello:1%20%3F%23/json')
  })

  test('that says no is quoted, on one line', async () => {
    const { engine } = await serve({ strike: (call) => (call.includes('/images/') ? { status: 500, body: '{"message":"it is\\nbroken\\u001b[1m"}' } : undefined) })
    await expect(engine.inspect('a:1')).rejects.toMatchObject({ code: 'OUTPUT', message: 'inspect image in the engine "a:1": status 500: it is broken [1m' })
    await expect(engine.labelled('a')).rejects.toMatchObject({ code: 'OUTPUT', message: 'list images of the engine "a": status 500: it is broken [1m' })
    await expect(engine.tag(`sha256:${'0'.repeat(64)}`, 'docker.io/a/b', '1')).rejects.toMatchObject({ message: 'tag image in the engine "docker.io/a/b:1": status 500: it is broken [1m' })
    await expect(engine.remove('a:1')).rejects.toMatchObject({ message: 'remove image from the engine "a:1": status 500: it is broken [1m' })
  })

  test('that forbids is an error of access', async () => {
    const { engine } = await serve({ strike: (call) => (call.includes('/images/') ? { status: 403, body: 'authorization denied by plugin' } : undefined) })
    await expect(engine.load(archive(10))).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('status 403: authorization denied by plugin') })
  })

  test('without an image of that name is no failure, to look at or to take away', async () => {
    const { engine } = await serve()
    expect(await engine.inspect('a:1')).toBeUndefined()
    await engine.remove('a:1')
  })
})

describe('a load', () => {
  test('that fails after status 200 is a failure', async () => {
    const { engine } = await serve()
    await expect(engine.load(archive(100))).rejects.toMatchObject({ code: 'OUTPUT', message: expect.stringContaining('unexpected EOF') })
  })

  test('whose failure stands before the end of the answer is a failure', async () => {
    const { engine } = await serve({ strike: (call) => (call.includes('load') ? { status: 200, body: '{"error":"no space left"}\n{"stream":"Loaded"}\n' } : undefined) })
    await expect(engine.load(archive(100))).rejects.toThrow(/: no space left$/)
  })

  test('that is answered before all of it is sent is sent to its end', async () => {
    const { server, engine } = await serve({ strike: (call) => (call.includes('load') ? 'early' : undefined) })
    await expect(engine.load(archive(8 * 1024 * 1024))).rejects.toThrow()
    expect(server.loads).toEqual([8 * 1024 * 1024])
  })

  test('that is refused before all of it is read gives the engine\'s own words, and is not made to its end', async () => {
    const { engine } = await serve({ strike: (call) => (call.includes('load') ? { status: 500, body: '{"message":"no space left"}', unread: true } : undefined) })
    const body = archive(256 * 1024 * 1024)
    await expect(engine.load(body)).rejects.toMatchObject({ message: expect.stringContaining('status 500: no space left') })
    expect(body.made()).toBeLessThan(64 * 1024 * 1024)
  })

  test('whose connection breaks is a failure that says so', async () => {
    const { engine } = await serve({ strike: (call) => (call.includes('load') ? 'reset' : undefined) })
    await expect(engine.load(archive(100))).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringContaining('the engine closed the connection') })
  })

  test('is given up where somebody says stop, whether it is being sent or the engine is busy with it', async () => {
    const { engine } = await serve({ strike: (call) => (call.includes('load') ? 'hang' : undefined) })
    await engine.info()
    const controller = new AbortController()
    const body = archive(1024)
    const loading = engine.load(body, controller.signal)
    await expect.poll(() => body.made()).toBeGreaterThan(0)
    controller.abort()
    await expect(loading).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(engine.load(body, controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('of an archive that cannot be read fails with the reason for that', async () => {
    const { engine } = await serve()
    await expect(engine.load({ size: 100, open: () => Readable.from(breaking()) })).rejects.toThrow(/the disk is gone/)
  })
})

describe('no engine', () => {
  test('where there is no socket', async () => {
    await expect(open(`unix://${folder}/none.sock`).info()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `ask the engine for its version "unix://${folder}/none.sock (DOCKER_HOST)": no such socket`,
      hint: expect.stringContaining('start Docker or Podman'),
    })
  })

  test('where nobody listens at the socket any more', async () => {
    const path = join(folder, 'old.sock')
    const { server } = await serve({ socket: path })
    await server[Symbol.asyncDispose]()
    await writeFile(path, '')
    await expect(open(`unix://${path}`).info()).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringContaining('nothing listens there') })
  })

  test('where nobody listens at the port', async () => {
    const server = await startEngine()
    await server[Symbol.asyncDispose]()
    await expect(open(server.host).info()).rejects.toMatchObject({ code: 'NETWORK', message: expect.stringContaining('nothing listens there') })
  })

  test('where the socket is for others: who may use it', async () => {
    const { server } = await serve()
    await chmod(join(folder, 'engine.sock'), 0o000)
    await asOrdinaryUser(folder, async () => {
      await expect(open(server.host).info()).rejects.toMatchObject({
        code: 'UNAUTHORIZED',
        message: expect.stringContaining('permission denied'),
        hint: expect.stringContaining('the docker group'),
      })
    })
  })

  test('where somebody listens who does not speak HTTP', async () => {
    const path = join(folder, 'other.sock')
    const server = createServer((socket) => socket.write('SSH-2.0-other\r\n', () => socket.destroy()))
    await new Promise<void>((resolve) => {
      server.listen(path, resolve)
    })
    closing.push(() => new Promise((resolve) => server.close(resolve)))
    await expect(open(`unix://${path}`).info()).rejects.toMatchObject({ code: 'NETWORK' })
  })

  test('once somebody says stop', async () => {
    const { server } = await serve()
    await expect(open(server.host, AbortSignal.abort()).info()).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(server.calls).toEqual([])
  })
})
