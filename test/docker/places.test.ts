import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { enginePlaces } from '../../src/docker/places.ts'
import type { InlineFiles, Tree } from '../support/tree/tree.ts'
import { inlineTree } from '../support/tree/tree.ts'

const homes: Tree[] = []

/** A home folder with these files in it. */
async function at(files: InlineFiles): Promise<string> {
  const home = await inlineTree({ '.keep': '', ...files })
  homes.push(home)
  return home.path
}

/** The files of a docker context, as `docker context create` writes them. */
function context(name: string, docker: object, pem: Readonly<Record<string, string>> = {}): InlineFiles {
  const hash = createHash('sha256').update(name).digest('hex')
  const meta = { Name: name, Metadata: {}, Endpoints: { docker } }
  const tls = Object.entries(pem).map(([file, text]) => [`.docker/contexts/tls/${hash}/docker/${file}`, text])
  return { [`.docker/contexts/meta/${hash}/meta.json`]: JSON.stringify(meta), ...(Object.fromEntries(tls) as InlineFiles) }
}

function inUse(name: string): InlineFiles {
  return { '.docker/config.json': JSON.stringify({ auths: {}, currentContext: name }) }
}

let homeDir: string

beforeEach(async () => {
  homeDir = await at({})
})

afterEach(async () => {
  await Promise.all(homes.splice(0).map((home) => home.remove()))
})

async function pathsFor(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  return (await enginePlaces({ env, homeDir })).map(({ address }) => (address.kind === 'unix' ? address.path : ''))
}

describe('where an engine is looked for', () => {
  test('when nobody says: Docker, the Podman of the user, the Podman of the system', async () => {
    expect(await pathsFor({ XDG_RUNTIME_DIR: '/run/user/1000' })).toEqual(['/var/run/docker.sock', '/run/user/1000/podman/podman.sock', '/run/podman/podman.sock'])
    expect(await pathsFor({})).toEqual(['/var/run/docker.sock', '/run/podman/podman.sock'])
  })

  test('DOCKER_HOST is the only place, before any context and CONTAINER_HOST', async () => {
    const env = { DOCKER_HOST: 'unix:///a.sock', DOCKER_CONTEXT: 'missing', CONTAINER_HOST: 'unix:///b.sock' }
    expect(await enginePlaces({ env, homeDir })).toEqual([{ address: { kind: 'unix', path: '/a.sock' }, source: 'DOCKER_HOST' }])
  })

  test('CONTAINER_HOST is the only place where no docker context is in use', async () => {
    const env = { CONTAINER_HOST: 'unix:///b.sock' }
    expect(await enginePlaces({ env, homeDir })).toEqual([{ address: { kind: 'unix', path: '/b.sock' }, source: 'CONTAINER_HOST' }])
  })

  test('empty variables count for nothing', async () => {
    const places = await enginePlaces({ env: { DOCKER_HOST: '', DOCKER_CONTEXT: '', CONTAINER_HOST: '', XDG_RUNTIME_DIR: '' }, homeDir })
    expect(places.map(({ source }) => source)).toEqual(['', ''])
  })

  test.each([
    [{}, 'http', 2375],
    [{ DOCKER_TLS_VERIFY: '1' }, 'https', 2376],
    [{ DOCKER_TLS: '1' }, 'https, unchecked', 2376],
    [{ DOCKER_TLS: '1', DOCKER_TLS_VERIFY: '1' }, 'https', 2376],
    [{ DOCKER_CERT_PATH: '/nowhere' }, 'https', 2376],
  ])('over tcp with %j it is spoken to by %s, on port %i', async (env, how, port) => {
    const [place] = await enginePlaces({ env: { DOCKER_HOST: 'tcp://engine.example', ...env }, homeDir })
    expect(place?.address).toEqual({ kind: 'tcp', host: 'engine.example', port })
    expect(place?.tls?.rejectUnauthorized).toBe(how === 'http' ? undefined : how === 'https')
  })

  test('a socket file is never spoken to with TLS', async () => {
    const [place] = await enginePlaces({ env: { DOCKER_HOST: 'unix:///a.sock', DOCKER_TLS_VERIFY: '1' }, homeDir })
    expect(place?.tls).toBeUndefined()
  })

  test('certificates are those of DOCKER_CERT_PATH, else of the docker folder', async () => {
    homeDir = await at({ '.docker/ca.pem': 'CA', 'certs/ca.pem': 'OTHER', 'certs/cert.pem': 'CERT', 'certs/key.pem': 'KEY' })
    const env = { DOCKER_HOST: 'tcp://engine.example', DOCKER_TLS_VERIFY: '1' }
    const tlsOf = async (more: Readonly<Record<string, string>>) => (await enginePlaces({ env: { ...env, ...more }, homeDir }))[0]?.tls
    expect(await tlsOf({})).toEqual({ rejectUnauthorized: true, ca: 'CA' })
    expect(await tlsOf({ DOCKER_CERT_PATH: `${homeDir}/certs` })).toEqual({ rejectUnauthorized: true, ca: 'OTHER', cert: 'CERT', key: 'KEY' })
  })

  test('a certificate without its key is refused', async () => {
    homeDir = await at({ '.docker/cert.pem': 'CERT' })
    const env = { DOCKER_HOST: 'tcp://engine.example', DOCKER_TLS_VERIFY: '1' }
    await expect(enginePlaces({ env, homeDir })).rejects.toThrow('got cert.pem without key.pem, want both, or neither')
  })
})

describe('a docker context', () => {
  test('is the one of config.json', async () => {
    homeDir = await at({ ...inUse('desktop'), ...context('desktop', { Host: 'unix:///desktop.sock', SkipTLSVerify: false }) })
    expect(await enginePlaces({ env: { CONTAINER_HOST: 'unix:///b.sock' }, homeDir })).toEqual([
      { address: { kind: 'unix', path: '/desktop.sock' }, source: 'docker context "desktop"' },
    ])
  })

  test('of DOCKER_CONTEXT comes before that of config.json, and default is none', async () => {
    homeDir = await at({ ...inUse('a'), ...context('a', { Host: 'unix:///a.sock' }), ...context('b', { Host: 'unix:///b.sock' }) })
    const first = async (env: Readonly<Record<string, string>>) => (await enginePlaces({ env, homeDir }))[0]?.address
    expect(await first({ DOCKER_CONTEXT: 'b' })).toEqual({ kind: 'unix', path: '/b.sock' })
    expect(await first({ DOCKER_CONTEXT: 'default' })).toEqual({ kind: 'unix', path: '/var/run/docker.sock' })
  })

  test('lies below DOCKER_CONFIG where that is set', async () => {
    homeDir = await at({ ...inUse('a'), ...context('a', { Host: 'unix:///a.sock' }) })
    const places = await enginePlaces({ env: { DOCKER_CONFIG: `${homeDir}/.docker` }, homeDir: '/nowhere' })
    expect(places.map(({ source }) => source)).toEqual(['docker context "a"'])
  })

  test('brings its certificates, and says whether they are checked', async () => {
    const pem = { 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' }
    homeDir = await at({ ...inUse('far'), ...context('far', { Host: 'tcp://far.example' }, pem), ...context('lax', { Host: 'tcp://lax.example:99', SkipTLSVerify: true }) })
    const [far] = await enginePlaces({ env: {}, homeDir })
    expect(far).toMatchObject({ address: { host: 'far.example', port: 2376 }, tls: { rejectUnauthorized: true, ca: 'CA', cert: 'CERT', key: 'KEY' } })
    const [lax] = await enginePlaces({ env: { DOCKER_CONTEXT: 'lax' }, homeDir })
    expect(lax).toMatchObject({ address: { host: 'lax.example', port: 99 }, tls: { rejectUnauthorized: false } })
  })

  test('that is not there is an error that says how to see those there are', async () => {
    homeDir = await at(inUse('gone'))
    await expect(enginePlaces({ env: {}, homeDir })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/^read docker context "gone": no file .*meta\.json$/),
      hint: expect.stringContaining('docker context ls'),
    })
  })

  test('without an address is an error', async () => {
    homeDir = await at({ ...inUse('a'), ...context('a', {}) })
    await expect(enginePlaces({ env: {}, homeDir })).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringContaining('no Endpoints.docker.Host') })
  })

  test('cannot be known from a config.json that is no JSON', async () => {
    homeDir = await at({ '.docker/config.json': '{' })
    await expect(enginePlaces({ env: {}, homeDir })).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringMatching(/^read docker config/) })
  })
})
