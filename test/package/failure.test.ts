import { randomBytes } from 'node:crypto'
import { readdirSync, unlinkSync } from 'node:fs'
import { appendFile, chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Event } from '../../src/events.ts'
import type { PackageOptions } from '../../src/package/options.ts'
import { withDiskFullAt } from '../layers/support/workshop.ts'
import type { Fault } from '../support/registry/faults.ts'
import { hang, refuse, reset } from '../support/registry/faults.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'
import { writeEntries } from '../support/tree/tree.ts'
import type { Ground } from './support/ground.ts'
import { eventsOf, openGround, separate, times } from './support/ground.ts'

const megabyte = 1024 * 1024

let ground: Ground

beforeEach(async () => {
  ground = await openGround(separate)
  for (const arch of ['amd64', 'arm64']) {
    const path = `linux/${arch}/lib/data`
    await writeEntries(ground.bp, [{ path, type: 'file', content: { repeat: `${arch} data `, bytes: 4 * megabyte } }])
  }
})

afterEach(async () => {
  await ground.tree.remove()
})

/** Fails as told; nothing stands at the output path, no temporary file is left, and nobody wrote into the author's folder. */
async function expectNothing(options: Partial<PackageOptions>, wanted: { readonly code: unknown; readonly message?: unknown; readonly hint?: unknown }): Promise<void> {
  const before = await times(ground.bp)
  await expect(ground.run(options)).rejects.toMatchObject(wanted)
  expect(await readdir(ground.temporary)).toEqual([])
  expect(await times(ground.bp)).toEqual(before)
  expect((await readdir(ground.tree.path)).sort()).toEqual(['bp', 'home', 'temporary'])
}

/** Does something the first time that an event of this type is told. */
function onFirst(type: Event['type'], action: () => void): Pick<PackageOptions, 'onEvent'> {
  let done = false
  return {
    onEvent: (event) => {
      ground.events.push(event)
      if (event.type !== type || done) return
      done = true
      action()
    },
  }
}

describe('an interrupt leaves nothing', () => {
  test.each(['layer-started', 'layer-progress', 'layer-built', 'blob-started', 'blob-done'] as const)('at the first %s', async (type) => {
    const stop = new AbortController()
    await expectNothing({ ...onFirst(type, () => stop.abort()), signal: stop.signal }, { code: 'CANCELLED' })
  })

  test('before the run begins', async () => {
    await expectNothing({ signal: AbortSignal.abort() }, { code: 'CANCELLED' })
    expect(eventsOf(ground, 'layer-started')).toEqual([])
  })
})

describe('a source that fails in the middle leaves nothing', () => {
  test('a file that vanishes while others are compressed is named', async () => {
    const path = join(ground.bp, 'linux/arm64/lib/data')
    const options = onFirst('layer-started', () => unlinkSync(path))
    await expect(ground.run(options)).rejects.toMatchObject({ code: 'SOURCE_CHANGED', message: expect.stringContaining(path) })
    expect(await readdir(ground.temporary)).toEqual([])
    expect((await readdir(ground.tree.path)).sort()).toEqual(['bp', 'home', 'temporary'])
  })

  test('a file that may not be read is named', async () => {
    const path = join(ground.bp, 'linux/arm64/lib/data')
    await chmod(path, 0)
    await chmod(ground.temporary, 0o777)
    await asOrdinaryUser(ground.tree.path, () => expectNothing({}, { code: 'UNREADABLE', message: expect.stringContaining(path), hint: expect.stringContaining('--exclude') }))
  })

  test('a symlink that leads in a circle is packaged as it is', async () => {
    await symlink('loop', join(ground.bp, 'linux/arm64/loop'))
    await expect(ground.run()).resolves.toHaveProperty('digest')
  })
})

test('a disk that is full leaves nothing, and says what helps', async () => {
  await writeFile(join(ground.bp, 'linux/arm64/lib/noise'), randomBytes(2 * megabyte))
  await withDiskFullAt(256 * 1024, () => expectNothing({}, { code: 'SPOOL', message: expect.stringContaining('EFBIG'), hint: expect.stringContaining('TMPDIR') }))
})

test('a temporary folder that is not there is told, and nothing is made', async () => {
  await expectNothing({ env: { ...ground.options.env, TMPDIR: join(ground.tree.path, 'none') } }, { code: 'SPOOL', message: expect.stringContaining('make temporary folder'), hint: expect.stringContaining('TMPDIR') })
})

test('warnings are errors with --strict, and then nothing is made', async () => {
  await writeEntries(ground.bp, [{ path: 'buildpack.toml', type: 'file', content: 'api = "0.10"\nunknwon = 1\n[buildpack]\nid = "acme/hello"\nversion = "1.0.0"\n[[targets]]\nos = "linux"\narch = "amd64"\n' }])
  await expectNothing({ strict: true }, { code: 'CONFIG', message: expect.stringContaining('unknwon') })
  expect(eventsOf(ground, 'layer-started')).toEqual([])
})

test('an output that is something else stays as it is', async () => {
  await mkdir(join(ground.tree.path, 'out.oci'))
  await appendFile(join(ground.tree.path, 'out.oci/precious'), 'kept')
  await expect(ground.run()).rejects.toMatchObject({ code: 'OUTPUT' })
  expect(readdirSync(join(ground.tree.path, 'out.oci'))).toEqual(['precious'])
  expect(await readdir(ground.temporary)).toEqual([])
})

describe('a registry that fails leaves no tag', () => {
  let registry: TestRegistry

  beforeEach(async () => {
    registry = await startRegistry()
  })

  afterEach(async () => {
    await registry.close()
  })

  const denied = refuse(403, 'DENIED', 'requested access to the resource is denied')

  test.each<[string, Fault]>([
    ['at the first upload, while others are compressed', { method: 'POST', path: /\/blobs\/uploads\//, strike: denied }],
    ['at the end of an upload', { method: 'PUT', path: /\/blobs\/uploads\//, times: 99, strike: denied }],
    ['when it is asked for a blob', { method: 'HEAD', path: /\/blobs\//, times: 99, strike: denied }],
    ['at an image', { method: 'PUT', path: /\/manifests\/sha256:/, strike: denied }],
    ['at the index', { method: 'PUT', path: /\/manifests\/1$/, strike: denied }],
  ])('%s', async (_, fault) => {
    registry.fail(fault)
    await expectNothing({ destination: 'registry', name: `${registry.host}/acme/hello:1` }, { code: expect.stringMatching(/REGISTRY|UNAUTHORIZED/), message: expect.stringContaining('403') })
    expect([...registry.repository('acme/hello').tags.keys()]).toEqual([])
  })

  test('and ends what still goes on: layers are not made for nothing, and nobody is told of any afterwards', async () => {
    const targets = ['386', 'arm', 'ppc64le', 'riscv64', 's390x', 'loong64']
    for (const arch of targets) await writeEntries(ground.bp, [{ path: `linux/${arch}/bin/build`, type: 'file', content: { repeat: arch, bytes: 6 * megabyte } }])
    registry.fail({ method: 'POST', path: /\/blobs\/uploads\//, times: 99, strike: denied })
    const options = { destination: 'registry', name: `${registry.host}/acme/hello:1`, targets: targets.map((arch) => `linux/${arch}`) } as const
    await expectNothing(options, { code: expect.stringMatching(/REGISTRY|UNAUTHORIZED/) })
    const told = ground.events.length
    expect(eventsOf(ground, 'layer-built').length).toBeLessThan(targets.length)
    for (let turn = 0; turn < 200; turn += 1) await setImmediate()
    expect(ground.events.length).toBe(told)
    expect(await readdir(ground.temporary)).toEqual([])
  })

  test('nor does an interrupt while it is silent', async () => {
    const stop = new AbortController()
    registry.fail({ method: 'POST', path: /\/blobs\/uploads\//, times: 99, strike: hang() })
    const options = { destination: 'registry', name: `${registry.host}/acme/hello:1`, signal: stop.signal } as const
    await expectNothing({ ...options, ...onFirst('blob-started', () => queueMicrotask(() => stop.abort())) }, { code: 'CANCELLED' })
    expect([...registry.repository('acme/hello').tags.keys()]).toEqual([])
  })

  test('a connection that breaks once is no failure', async () => {
    registry.fail({ method: 'PATCH', path: /\/blobs\/uploads\//, strike: reset(1000) })
    registry.fail({ method: 'PUT', path: /\/blobs\/uploads\//, strike: reset(10) })
    const result = await ground.run({ destination: 'registry', name: `${registry.host}/acme/hello:1` })
    expect(registry.repository('acme/hello').tags.get('1')).toBe(result.digest)
    expect(await readdir(ground.temporary)).toEqual([])
  })
})
