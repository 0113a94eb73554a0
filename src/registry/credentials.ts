import { join } from 'node:path'
import { PackagerError } from '../errors.ts'
import type { AuthFile } from './auth-file.ts'
import { decodeBasic, readAuthFile } from './auth-file.ts'
import { askHelper } from './credential-helper.ts'
import type { CredentialOptions, Credentials } from './credential.ts'

/** Docker Hub is known to auth files by an address that no client speaks to. */
const hubKeys = ['docker.io', 'https://index.docker.io/v1/', 'index.docker.io', 'registry-1.docker.io']

/**
 * The credentials for a repository: `CNB_REGISTRY_AUTH`, then the auth files, the first that has any.
 * Within a file the most specific key wins: `quay.io/acme/bp`, then `quay.io/acme`, then `quay.io`;
 * for one key a `credHelpers` entry, then `credsStore`, then `auths`.
 */
export async function findCredentials(options: CredentialOptions, registry: string, repository: string): Promise<Credentials | undefined> {
  const keys = keysFor(registry, repository)
  const given = fromVariable(options.env['CNB_REGISTRY_AUTH'], keys)
  if (given !== undefined) return given
  for (const path of authFiles(options)) {
    const file = await readAuthFile(path)
    const found = file === undefined ? undefined : await fromFile(file, keys, hostKey(registry), options)
    if (found !== undefined) return found
  }
  return undefined
}

/** Where credentials are looked for, in order: what the environment names first, then Docker's and Podman's own places. */
export function authFiles({ env, homeDir }: CredentialOptions): readonly string[] {
  const docker = env['DOCKER_CONFIG'] || join(homeDir, '.docker')
  const runtime = env['XDG_RUNTIME_DIR'] ? [join(env['XDG_RUNTIME_DIR'], 'containers', 'auth.json')] : []
  const config = env['XDG_CONFIG_HOME'] || join(homeDir, '.config')
  const named = env['REGISTRY_AUTH_FILE'] ? [env['REGISTRY_AUTH_FILE']] : []
  return [...named, join(docker, 'config.json'), ...runtime, join(config, 'containers', 'auth.json')]
}

function keysFor(registry: string, repository: string): readonly string[] {
  const parts = repository.split('/')
  const scoped = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join('/')}`)
  return [...scoped, ...(registry === 'docker.io' ? hubKeys : [registry])]
}

function hostKey(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry
}

async function fromFile(file: AuthFile, keys: readonly string[], host: string, options: CredentialOptions): Promise<Credentials | undefined> {
  for (const key of keys) {
    const helper = file.credHelpers[key]
    const asked = key.includes('index.docker.io') ? host : key
    const helped = helper === undefined ? undefined : await askHelper(helper, asked, file.path, options)
    const found = helped ?? file.auths(key)
    const isScoped = key.includes('/') && !key.startsWith('https://')
    if (found !== undefined && (isScoped || helped !== undefined || file.credsStore === undefined)) return found
  }
  const stored = file.credsStore === undefined ? undefined : await askHelper(file.credsStore, host, file.path, options)
  return stored ?? keys.map((key) => file.auths(key)).find((found) => found !== undefined)
}

/**
 * `CNB_REGISTRY_AUTH`, as the lifecycle has it: JSON from host to the value of an `Authorization` header.
 *
 * @example {"registry.example":"Basic YW5uOnB3","ghcr.io":"Bearer abc"}
 */
function fromVariable(text: string | undefined, keys: readonly string[]): Credentials | undefined {
  if (text === undefined || text === '') return undefined
  const entries = parseVariable(text)
  const key = keys.find((candidate) => typeof entries[candidate] === 'string')
  if (key === undefined) return undefined
  const source = `CNB_REGISTRY_AUTH for ${key}`
  const [, scheme = '', value = ''] = /^([A-Za-z-]+) +([\x21-\x7e]+)$/.exec(String(entries[key])) ?? []
  const basic = scheme.toLowerCase() === 'basic' ? decodeBasic(value, source) : undefined
  if (basic !== undefined) return basic
  if (scheme.toLowerCase() === 'bearer') return { registryToken: value, source }
  if (scheme.toLowerCase() === 'x-identity') return { identityToken: value, source }
  throw unusable(`the value for ${key} is no Basic or Bearer value`)
}

function parseVariable(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // JSON's own message quotes the text, which is secret.
  }
  throw unusable('something that is no JSON object')
}

function unusable(found: string): PackagerError {
  const wanted = 'a JSON object from host to Authorization value'
  const hint = '{"registry.example":"Basic <base64 of user:password>"}'
  return new PackagerError({ code: 'CREDENTIALS', step: 'read CNB_REGISTRY_AUTH', found, wanted, hint })
}
