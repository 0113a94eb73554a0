import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EngineInfo } from '../../src/docker/version.ts'
import { openEngine } from '../../src/docker/engine.ts'
import { silent } from '../../src/events.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import type { EngineServer } from './support/engine-server.ts'
import { startEngine } from './support/engine-server.ts'

const pem = (name: string): string => new URL(`../support/registry/tls/${name}`, import.meta.url).pathname
const read = (name: string): Promise<string> => readFile(pem(name), 'utf8')

let home: Tree
const servers: EngineServer[] = []

beforeEach(async () => {
  home = await emptyTree()
  await mkdir(join(home.path, '.docker'))
})

afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
  await home.remove()
})

async function serve(mutual: boolean): Promise<string> {
  const tls = { key: await read('server.key'), cert: await read('server.crt'), ...(mutual ? { ca: await read('ca.crt') } : {}) }
  const server = await startEngine({ tls })
  servers.push(server)
  return server.host
}

/** Puts certificates where Docker has them, under Docker's names. */
async function keep(...names: readonly ('ca' | 'cert' | 'key')[]): Promise<void> {
  const sources = { ca: 'ca.crt', cert: 'client.crt', key: 'client.key' }
  await Promise.all(names.map((name) => copyFile(pem(sources[name]), join(home.path, '.docker', `${name}.pem`))))
}

async function ask(host: string, env: Readonly<Record<string, string>>): Promise<EngineInfo> {
  const engine = openEngine({ env: { DOCKER_HOST: host, ...env }, homeDir: home.path, report: silent })
  try {
    return await engine.info()
  } finally {
    await engine.close()
  }
}

describe('an engine over TLS', () => {
  test('is trusted by the ca.pem of the docker folder, by address and by name', async () => {
    await keep('ca')
    const host = await serve(false)
    for (const name of [host, host.replace('127.0.0.1', 'localhost'), host.replace('tcp://127.0.0.1', 'https://localhost')]) {
      expect(await ask(name, { DOCKER_TLS_VERIFY: '1' })).toMatchObject({ product: 'Docker', platform: { os: 'linux' } })
    }
  })

  test('is shown the certificate of the docker folder where it asks for one', async () => {
    await keep('ca', 'cert', 'key')
    expect(await ask(await serve(true), { DOCKER_TLS_VERIFY: '1' })).toMatchObject({ product: 'Docker' })
  })

  test('that asks for a certificate refuses who has none', async () => {
    await keep('ca')
    await expect(ask(await serve(true), { DOCKER_TLS_VERIFY: '1' })).rejects.toMatchObject({ hint: expect.stringContaining('DOCKER_CERT_PATH') })
  })

  test('whose certificate nobody vouches for is refused, with the remedy', async () => {
    await expect(ask(await serve(false), { DOCKER_TLS_VERIFY: '1' })).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/certificate/),
      hint: expect.stringContaining('ca.pem'),
    })
  })

  test('is not checked where DOCKER_TLS alone asks for it, as Docker has it', async () => {
    expect(await ask(await serve(false), { DOCKER_TLS: '1' })).toMatchObject({ product: 'Docker' })
  })

  test('that is spoken to in the clear says no, with the remedy', async () => {
    await expect(ask(await serve(false), {})).rejects.toMatchObject({ hint: expect.stringContaining('DOCKER_TLS_VERIFY=1') })
  })

  test('that has none is not spoken to in the clear', async () => {
    const server = await startEngine()
    servers.push(server)
    await keep('ca')
    await expect(ask(server.host, { DOCKER_TLS_VERIFY: '1' })).rejects.toMatchObject({ code: 'NETWORK', hint: expect.stringContaining('DOCKER_TLS_VERIFY') })
    expect(server.calls).toEqual([])
  })
})
