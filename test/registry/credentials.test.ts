import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Credentials } from '../../src/registry/credential.ts'
import { findCredentials } from '../../src/registry/credentials.ts'

let home = ''
let env: Record<string, string>

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'credentials-'))
  env = { PATH: `${join(home, 'bin')}:${process.env['PATH'] ?? ''}` }
})

afterEach(async () => {
  await rm(home, { recursive: true, force: true })
})

const basic = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') })

async function file(path: string, value: unknown): Promise<string> {
  const full = join(home, path)
  await mkdir(dirname(full), { recursive: true })
  await writeFile(full, typeof value === 'string' ? value : JSON.stringify(value))
  return full
}

/** A helper as people have them: a program on PATH that reads the host from its standard input. */
async function helper(name: string, script: string): Promise<void> {
  await chmod(await file(`bin/docker-credential-${name}`, `#!/bin/sh\n${script}\n`), 0o755)
}

function find(registry: string, repository = 'acme/bp'): Promise<Credentials | undefined> {
  return findCredentials({ env, homeDir: home }, registry, repository)
}

describe('credentials in files', () => {
  it('are looked for in the named file, then Docker\'s, then Podman\'s', async () => {
    const places: [string, string | undefined][] = [
      ['.config/containers/auth.json', undefined],
      ['run/containers/auth.json', 'XDG_RUNTIME_DIR'],
      ['.docker/config.json', undefined],
      ['named.json', 'REGISTRY_AUTH_FILE'],
    ]
    expect(await find('r.example')).toBeUndefined()
    for (const [path, variable] of places) {
      const full = await file(path, { auths: { 'r.example': basic(`${path}:pw`) } })
      if (variable === 'XDG_RUNTIME_DIR') env[variable] = join(home, 'run')
      else if (variable !== undefined) env[variable] = full
      expect(await find('r.example')).toEqual({ username: path, password: 'pw', source: `${full} ("r.example")` })
    }
    await file('other/config.json', { auths: { 'r.example': basic('moved:pw') } })
    expect(await find('r.example')).toMatchObject({ username: 'named.json' })
    delete env['REGISTRY_AUTH_FILE']
    env['DOCKER_CONFIG'] = join(home, 'other')
    expect(await find('r.example')).toMatchObject({ username: 'moved' })
  })

  it('in a later file serve where an earlier one has none for the host', async () => {
    await file('.docker/config.json', { auths: { 'other.example': basic('a:b') } })
    await file('.config/containers/auth.json', { auths: { 'r.example': basic('ann:pw') } })
    expect(await find('r.example')).toMatchObject({ username: 'ann' })
  })

  it('for a repository win over those for its parents and its host', async () => {
    const auths = { 'r.example': basic('host:pw'), 'r.example/acme': basic('org:pw'), 'r.example/acme/bp': basic('repo:pw') }
    await file('.config/containers/auth.json', { auths })
    expect(await find('r.example', 'acme/bp')).toMatchObject({ username: 'repo' })
    expect(await find('r.example', 'acme/bp2')).toMatchObject({ username: 'org' })
    expect(await find('r.example', 'acmeother/bp')).toMatchObject({ username: 'host' })
  })

  const hubKeys = ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'https://index.docker.io/v1']
  it.each(hubKeys)('for Docker Hub are found under %s', async (key) => {
    await file('.docker/config.json', { auths: { [key]: basic('hub:pw') } })
    expect(await find('docker.io', 'library/foo')).toMatchObject({ username: 'hub' })
  })

  it.each(['https://r.example', 'https://r.example/v1/', 'http://r.example/v2/', 'r.example/v1/'])('under Docker\'s old key %s are found', async (key) => {
    await file('.docker/config.json', { auths: { [key]: basic('ann:pw') } })
    expect(await find('r.example')).toMatchObject({ username: 'ann' })
    expect(await find('example')).toBeUndefined()
  })

  it('may be an identity token, a registry token, a plain pair, or a password with colons', async () => {
    const auths = {
      a: { ...basic('<token>:x'), identitytoken: 'refresh' },
      b: { registrytoken: 'ready' },
      c: { username: 'ann', password: 'pw' },
      d: basic('ann:p:w'),
      e: {},
    }
    await file('.docker/config.json', { auths })
    expect(await find('a')).toMatchObject({ identityToken: 'refresh' })
    expect(await find('b')).toMatchObject({ registryToken: 'ready' })
    expect(await find('c')).toMatchObject({ username: 'ann', password: 'pw' })
    expect(await find('d')).toMatchObject({ username: 'ann', password: 'p:w' })
    expect(await find('e')).toBeUndefined()
  })

  it.each(['', '\n \n'])('are none where the file has nothing in it (%j)', async (content) => {
    await file('.docker/config.json', content)
    await file('.config/containers/auth.json', { auths: { 'r.example': basic('ann:pw') } })
    expect(await find('r.example')).toMatchObject({ username: 'ann' })
  })

  it.each([
    ['no JSON', '{ "auths": "secret', /no JSON/],
    ['no pair in "auth"', { auths: { 'r.example': { auth: 'c2VjcmV0' } } }, /no base64 of user:password/],
  ])('that are unreadable, %s, are an error that names the file and shows nothing of it', async (_, content, message) => {
    await file('.docker/config.json', content)
    const failure = expect(find('r.example')).rejects
    await failure.toMatchObject({ code: 'CREDENTIALS', message: expect.stringMatching(message) as string })
    await expect(find('r.example')).rejects.toThrow(/config\.json/)
    await expect(find('r.example')).rejects.not.toThrow(/secret|c2Vj/)
  })
})

describe('CNB_REGISTRY_AUTH', () => {
  it('wins over every file', async () => {
    await file('.docker/config.json', { auths: { 'r.example': basic('file:pw') } })
    const values = { 'r.example': `Basic ${basic('env:pw').auth}`, 'b.example': 'Bearer abc', 'c.example': 'X-Identity def' }
    env['CNB_REGISTRY_AUTH'] = JSON.stringify(values)
    expect(await find('r.example')).toMatchObject({ username: 'env', password: 'pw' })
    expect(await find('b.example')).toMatchObject({ registryToken: 'abc' })
    expect(await find('c.example')).toMatchObject({ identityToken: 'def' })
    expect(await find('d.example')).toBeUndefined()
  })

  it('for Docker Hub is found under its old address', async () => {
    env['CNB_REGISTRY_AUTH'] = JSON.stringify({ 'https://index.docker.io/v1/': `Basic ${basic('hub:pw').auth}` })
    expect(await find('docker.io', 'library/foo')).toMatchObject({ username: 'hub' })
  })

  const senseless = ['secret', '["secret"]', '{"r.example":"secret"}', '{"r.example":"Bearer secret\\r\\nX-Evil: 1"}']
  it.each(senseless)('that makes no sense, %j, is an error that does not show it', async (text) => {
    env['CNB_REGISTRY_AUTH'] = text
    await expect(find('r.example')).rejects.toMatchObject({ code: 'CREDENTIALS' })
    await expect(find('r.example')).rejects.not.toThrow(/secret|Evil/)
  })
})

describe('a credential helper', () => {
  it('is asked for the host it is named for', async () => {
    await helper('mine', 'read host; printf \'{"ServerURL":"%s","Username":"for %s","Secret":"pw"}\' "$host" "$host"')
    await file('.docker/config.json', { credHelpers: { 'r.example': 'mine' }, auths: { 'r.example': basic('file:pw') } })
    expect(await find('r.example')).toEqual({
      username: 'for r.example',
      password: 'pw',
      source: `docker-credential-mine (in ${join(home, '.docker/config.json')})`,
    })
    expect(await find('other.example')).toBeUndefined()
  })

  it('that keeps all credentials is asked for Docker Hub by its old address', async () => {
    await helper('store', 'read host; printf \'{"Username":"for %s","Secret":"pw"}\' "$host"')
    await file('.docker/config.json', { credsStore: 'store', auths: { 'r.example': {} } })
    expect(await find('docker.io', 'library/foo')).toMatchObject({ username: 'for https://index.docker.io/v1/' })
    expect(await find('r.example')).toMatchObject({ username: 'for r.example' })
  })

  it('may hand out an identity token', async () => {
    await helper('mine', 'echo \'{"Username":"<token>","Secret":"refresh"}\'')
    await file('.docker/config.json', { credsStore: 'mine' })
    expect(await find('r.example')).toMatchObject({ identityToken: 'refresh' })
  })

  it('that knows nothing of the host leaves the rest of the places', async () => {
    await helper('mine', 'echo "credentials not found in native keychain"; exit 1')
    await file('.docker/config.json', { credsStore: 'mine', auths: { 'r.example': basic('file:pw') } })
    expect(await find('r.example')).toMatchObject({ username: 'file' })
    expect(await find('other.example')).toBeUndefined()
  })

  it.each([
    ['fails', 'echo "the keychain is locked" >&2; exit 3', /for r\.example from docker-credential-mine: it ended with status 3: the keychain is locked$/],
    ['answers nonsense', 'echo secret', /for r\.example from docker-credential-mine: an answer without Username and Secret$/],
  ])('that %s is an error with the helper, the host and its words', async (_, script, message) => {
    await helper('mine', script)
    await file('.docker/config.json', { credHelpers: { 'r.example': 'mine' } })
    await expect(find('r.example')).rejects.toMatchObject({ code: 'CREDENTIALS', message: expect.stringMatching(message) as string })
  })

  it('that is not there is an error that names the file', async () => {
    await file('.docker/config.json', { credsStore: 'missing' })
    await expect(find('r.example')).rejects.toMatchObject({
      message: expect.stringContaining('docker-credential-missing: no such program on PATH') as string,
      hint: expect.stringContaining('.docker/config.json names it') as string,
    })
  })

  it.each(['../../evil', 'a;b', '', '-x'])('named %j is never run', async (name) => {
    await file('.docker/config.json', { credHelpers: { 'r.example': name } })
    await expect(find('r.example')).rejects.toThrow(/no name of a helper/)
  })

  it('that does not answer is killed, whatever it does about signals, and named with the host', async () => {
    await helper('mine', 'trap "" TERM INT HUP; while :; do sleep 0.1; done')
    await file('.docker/config.json', { credHelpers: { 'r.example': 'mine' } })
    const found = findCredentials({ env, homeDir: home, patienceMs: 200 }, 'r.example', 'acme/bp')
    await expect(found).rejects.toMatchObject({
      code: 'CREDENTIALS',
      message: 'get credentials for r.example from docker-credential-mine: no answer in 0.2 seconds',
    })
  })

  it('whose own child keeps the pipe open is not waited for', async () => {
    const pid = join(home, 'pid')
    await helper('mine', `sleep 60 & echo $! > ${pid}; echo '{"Username":"ann","Secret":"pw"}'`)
    await file('.docker/config.json', { credsStore: 'mine' })
    expect(await find('r.example')).toMatchObject({ username: 'ann', password: 'pw' })
    // It is still there: what was waited for is not its end.
    process.kill(Number(await readFile(pid, 'utf8')))
  })

  it('that hangs ends with the run', async () => {
    await helper('mine', 'exec sleep 60')
    await file('.docker/config.json', { credsStore: 'mine' })
    const stop = new AbortController()
    const found = findCredentials({ env, homeDir: home, signal: stop.signal }, 'r.example', 'acme/bp')
    setTimeout(() => stop.abort(), 50)
    await expect(found).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
