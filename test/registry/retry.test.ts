import { EventEmitter, once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeIndex } from '../../src/oci/manifest.ts'
import { Pace } from '../../src/registry/pace.ts'
import { remoteStore } from '../../src/stores/remote.ts'
import { answer, refuse, reset } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { Talk } from '../support/registry/talk.ts'
import { someLayer, talk } from '../support/registry/talk.ts'

let registry: TestRegistry
let talking: Talk

beforeEach(async () => {
  registry = await startRegistry()
  talking = talk()
})

afterEach(async () => {
  await talking.client.close()
  await registry.close()
})

const find = (): Promise<unknown> => remoteStore(talking.client, registry.host, 'acme/bp').has(someLayer(1).descriptor)

describe('a request', () => {
  it.each([408, 429, 500, 502, 503, 504])('that is answered with %s is sent again', async (status) => {
    registry.fail({ path: /blobs/, strike: answer(status), times: 2 })
    expect(await find()).toBe(false)
    expect(talking.waits.filter((ms) => ms > 0).length).toBeGreaterThanOrEqual(2)
  })

  it.each([400, 403, 409, 418, 505])('that is answered with %s is not', async (status) => {
    registry.fail({ path: /blobs/, strike: answer(status), times: 9 })
    await expect(find()).rejects.toThrow(new RegExp(`status ${status}`))
    expect(talking.waits).toEqual([])
  })

  it('that is answered with a success that says nothing here, as a page of a proxy is, is told as that', async () => {
    registry.fail({ method: 'POST', strike: answer(200, { 'content-type': 'text/html' }, '<html>log in</html>') })
    await expect(remoteStore(talking.client, registry.host, 'acme/bp').put(someLayer(1))).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringMatching(/status 200 OK$/) as string,
      hint: 'no registry answers this so: something else is at this address, or in front of it',
    })
  })

  it('whose connection is lost where others were answered is not said to want TLS', async () => {
    registry.fail({ path: /blobs/, times: 9, strike: reset() })
    await expect(find()).rejects.toMatchObject({ code: 'NETWORK', hint: undefined })
  })

  it('to a registry whose ping is out of order is sent a little later', async () => {
    registry.fail({ path: /v2\/$/, strike: answer(503), times: 2 })
    expect(await find()).toBe(false)
    expect(talking.waits).toEqual([500, 1000])
  })

  it('waits twice as long each time, by chance up to half less, never more than 20 seconds', async () => {
    registry.fail({ path: /blobs/, strike: answer(503), times: 99 })
    await talking.client.close()
    talking = talk({ random: () => 0, maxTries: 9 })
    await expect(find()).rejects.toThrow(/\(9 tries\)$/)
    expect(talking.waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
  })

  it('that is to wait more than five minutes is an error now', async () => {
    registry.fail({ path: /blobs/, strike: refuse(429, 'TOOMANYREQUESTS', 'pull rate limit', { 'retry-after': '21600' }) })
    await expect(find()).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringMatching(/status 429 Too Many Requests$/) as string,
      hint: 'the registry limits requests, and asks to wait 360 minutes; try later, log in, or lower --concurrency',
    })
    expect(talking.waits).toEqual([])
  })

  it('that waits is interrupted at once', async () => {
    await talking.client.close()
    const stop = new AbortController()
    const sleep = (_: number, signal?: AbortSignal): Promise<void> =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
        stop.abort()
      })
    talking = talk({ signal: stop.signal, sleep })
    registry.fail({ path: /blobs/, strike: answer(503) })
    await expect(find()).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('of a closed client is cancelled', async () => {
    await talking.client.close()
    await expect(find()).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('an error', () => {
  it('shows no header that a registry sends back to us, no control characters, and all its codes', async () => {
    const body = JSON.stringify({
      errors: [
        { code: 'DENIED', message: 'you sent Authorization: Basic YW5uOnB3\u001b[2J\nand more' },
        { code: 'OTHER', message: 'detail follows', detail: { name: 'acme/bp' } },
      ],
    })
    registry.fail({ method: 'POST', strike: answer(400, { 'content-type': 'application/json' }, body) })
    const put = remoteStore(talking.client, registry.host, 'acme/bp').put(someLayer(1))
    const words = 'DENIED: you sent Authorization: Basic REDACTED [2J and more; OTHER: detail follows {"name":"acme/bp"}'
    await expect(put).rejects.toThrow(`status 400 Bad Request: ${words}`)
  })

  it('of a proxy says its status, not its web page', async () => {
    registry.fail({ method: 'POST', strike: answer(413, { 'content-type': 'text/html' }, '<html><body>Request Entity Too Large</body></html>') })
    await expect(remoteStore(talking.client, registry.host, 'acme/bp').put(someLayer(1))).rejects.toMatchObject({
      message: expect.stringMatching(/status 413 Payload Too Large$/) as string,
      hint: 'the registry, or a proxy before it, takes no requests of this size',
    })
  })
})

describe('a tag that is immutable', () => {
  it.each([
    [400, 'TAG_INVALID', "The image tag '1' already exists in the 'acme/bp' repository and cannot be overwritten because the repository is immutable."],
    [403, 'DENIED', 'tag is immutable'],
    [409, 'TAG_IMMUTABLE', 'Tag is Immutable'],
    [412, 'PRECONDITION', "Failed to process request due to 'bp:1' configured as immutable."],
  ])('is told as that where the answer is %i %s, and no login is asked for', async (status, code, message) => {
    registry.fail({ method: 'PUT', path: /manifests\/1$/, strike: refuse(status, code, message), times: 9 })
    const index = encodeIndex([], {})
    await expect(remoteStore(talking.client, registry.host, 'acme/bp').tag(index, '1')).rejects.toMatchObject({
      hint: 'a tag of this repository that stands for something cannot be set again: publish under another one',
    })
  })
})

describe('the pace', () => {
  it('is held by nothing until a registry complains; then everyone waits, and half as many go on at once', async () => {
    const waking = new EventEmitter()
    const pace = new Pace(() => once(waking, 'wake').then(() => undefined), new AbortController().signal)
    const { signal } = new AbortController()
    let [running, most] = [0, 0]
    const task = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }
    await Promise.all(Array.from({ length: 8 }, () => pace.run(false, signal, task)))
    expect(most).toBe(8)
    const first = Array.from({ length: 5 }, () => pace.run(false, signal, task))
    pace.slow(1000)
    await Promise.all(first)
    most = 0
    const second = Promise.all(Array.from({ length: 6 }, () => pace.run(false, signal, task)))
    await new Promise((resolve) => setImmediate(resolve))
    expect(running).toBe(0)
    waking.emit('wake')
    await second
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(4)
  })

  it('is given up by who is interrupted', async () => {
    const pace = new Pace(() => new Promise(() => undefined), new AbortController().signal)
    pace.slow(1000)
    const stop = new AbortController()
    const waiting = pace.run(false, stop.signal, () => Promise.resolve())
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('is one for all requests to a registry: after a 429 nobody goes on before the pause is over', async () => {
    await talking.client.close()
    const pausing = new EventEmitter()
    const [begun, over] = [once(pausing, 'pause'), once(pausing, 'over')]
    const sleep = async (): Promise<void> => {
      pausing.emit('pause')
      await over
    }
    talking = talk({ sleep })
    const store = remoteStore(talking.client, registry.host, 'acme/bp')
    await store.has(someLayer(1).descriptor)
    registry.fail({ path: /blobs/, strike: refuse(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '3' }) })
    const first = store.has(someLayer(1).descriptor)
    await begun
    const seen = registry.requests.length
    const others = Array.from({ length: 5 }, () => store.has(someLayer(1).descriptor))
    await new Promise((resolve) => setImmediate(resolve))
    expect(registry.requests).toHaveLength(seen)
    pausing.emit('over')
    await Promise.all([first, ...others])
    expect(registry.requests).toHaveLength(seen + 6)
  })
})
