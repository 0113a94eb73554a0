import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { PackagerError, reason, systemCode } from '../errors.ts'
import { readHostFile } from '../host-files.ts'
import type { EngineTls } from './tls.ts'
import { readTlsFolder } from './tls.ts'

/** What of the process decides where an engine is. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
}

/** What a docker context says of its engine. */
export interface DockerContext {
  readonly name: string
  readonly host: string
  readonly tls: EngineTls | undefined
}

/** The name that means no context at all. */
const none = 'default'

/**
 * The docker context that is in use: the one of `DOCKER_CONTEXT`, else `currentContext` of Docker's config.json.
 * Its file is `contexts/meta/<sha256 of the name>/meta.json`, its certificates are in `contexts/tls/<the same>/docker`.
 */
export async function currentContext(surroundings: Surroundings): Promise<DockerContext | undefined> {
  const folder = dockerFolder(surroundings)
  const name = surroundings.env['DOCKER_CONTEXT'] || (await configuredName(folder))
  if (name === undefined || name === '' || name === none) return undefined
  const hash = createHash('sha256').update(name).digest('hex')
  const { host, skipsVerify } = await readMeta(join(folder, 'contexts', 'meta', hash, 'meta.json'), name)
  const tls = await readTlsFolder(join(folder, 'contexts', 'tls', hash, 'docker'), !skipsVerify)
  return { name, host, tls: tls.ca !== undefined || tls.cert !== undefined || skipsVerify ? tls : undefined }
}

/** Where Docker keeps its config.json. */
export function dockerFolder({ env, homeDir }: Surroundings): string {
  return env['DOCKER_CONFIG'] || join(homeDir, '.docker')
}

async function configuredName(folder: string): Promise<string | undefined> {
  const path = join(folder, 'config.json')
  const value = await readJson(path, 'read docker config').catch((error: unknown): Readonly<Record<string, unknown>> => {
    if (error instanceof PackagerError && error.code === 'NOT_FOUND') return {}
    throw error
  })
  const name = value['currentContext']
  return typeof name === 'string' ? name : undefined
}

async function readMeta(path: string, name: string): Promise<{ readonly host: string; readonly skipsVerify: boolean }> {
  const step = 'read docker context'
  const value = await readJson(path, step).catch((error: unknown) => {
    if (!(error instanceof PackagerError) || error.code !== 'NOT_FOUND') throw error
    const hint = 'docker context ls shows those there are; DOCKER_CONTEXT=default or DOCKER_HOST names another engine'
    throw new PackagerError({ code: 'NOT_FOUND', step, value: name, found: `no file ${path}`, hint, cause: error })
  })
  const { docker } = objectOf(value['Endpoints'])
  const { Host: host, SkipTLSVerify: skipsVerify } = objectOf(docker)
  if (typeof host === 'string' && host !== '') return { host, skipsVerify: skipsVerify === true }
  throw new PackagerError({ code: 'UNREADABLE', step, value: name, found: `no Endpoints.docker.Host in ${path}`, wanted: 'the address of an engine' })
}

async function readJson(path: string, step: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return objectOf(JSON.parse((await readHostFile(path)).toString('utf8')))
  } catch (cause) {
    const code = ['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '') ? 'NOT_FOUND' : 'UNREADABLE'
    throw new PackagerError({ code, step, value: path, found: reason(cause), cause })
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
