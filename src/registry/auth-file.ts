import { PackagerError, reason, systemCode } from '../errors.ts'
import { readHostFile } from '../host-files.ts'
import type { Credentials } from './credential.ts'

/** A `config.json` of Docker or an `auth.json` of Podman; both have one format. */
export interface AuthFile {
  readonly path: string
  readonly credHelpers: Readonly<Record<string, string | undefined>>
  readonly credsStore: string | undefined
  /** What `auths` holds for a key. Docker's old keys (`https://host/v1/`) stand for their host. */
  auths(key: string): Credentials | undefined
}

/** `undefined`: there is no such file. One that cannot be read or understood is an error, not a missing one. */
export async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  let text: string
  try {
    text = (await readHostFile(path)).toString('utf8')
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') return undefined
    throw new PackagerError({ code: 'CREDENTIALS', step: 'read credentials', value: path, found: reason(cause), cause })
  }
  const value = parse(text, path)
  const auths = record(value['auths'])
  return {
    path,
    credHelpers: texts(record(value['credHelpers'])),
    credsStore: typeof value['credsStore'] === 'string' && value['credsStore'] !== '' ? value['credsStore'] : undefined,
    auths: (key) => {
      const name = key in auths ? key : Object.keys(auths).find((candidate) => isOldKey(candidate) && hostOf(candidate) === key)
      return name === undefined ? undefined : readEntry(record(auths[name]), `${path} ("${name}")`)
    },
  }
}

/** `user:password` in base64; the password may hold colons. `undefined` where it is nothing of that kind. */
export function decodeBasic(encoded: string, source: string): Credentials | undefined {
  const text = Buffer.from(encoded, 'base64').toString('utf8').replace(/\0+$/, '')
  const colon = text.indexOf(':')
  return colon <= 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1), source }
}

function readEntry(entry: Readonly<Record<string, unknown>>, source: string): Credentials | undefined {
  const text = (name: string): string | undefined => (typeof entry[name] === 'string' && entry[name] !== '' ? entry[name] : undefined)
  const identityToken = text('identitytoken')
  if (identityToken !== undefined) return { identityToken, source }
  const registryToken = text('registrytoken')
  if (registryToken !== undefined) return { registryToken, source }
  const [username, password, auth] = [text('username'), text('password'), text('auth')]
  if (username !== undefined && password !== undefined) return { username, password, source }
  if (auth === undefined) return undefined
  const basic = decodeBasic(auth, source)
  if (basic !== undefined) return basic
  const found = 'an "auth" that is no base64 of user:password'
  throw new PackagerError({ code: 'CREDENTIALS', step: 'read credentials', value: source, found })
}

function isOldKey(key: string): boolean {
  return /^https?:\/\//.test(key) || /\/v[12]\/?$/.test(key)
}

function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
}

function parse(text: string, path: string): Readonly<Record<string, unknown>> {
  // As Docker has it: a file that was made to be logged in to.
  if (text.trim() === '') return {}
  try {
    return record(JSON.parse(text))
  } catch {
    // JSON's own message quotes the text, which may be secret.
    throw new PackagerError({ code: 'CREDENTIALS', step: 'read credentials', value: path, found: 'a file that is no JSON' })
  }
}

function texts(value: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
