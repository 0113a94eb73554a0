import type { Report } from '../events.ts'
import { PackagerError } from '../errors.ts'
import type { Answer, Call, Caller } from './call.ts'
import { discard, readText } from './call.ts'
import type { Credentials } from './credential.ts'
import { networkSetback } from './network.ts'
import { refusal } from './refusal.ts'
import type { RetryPolicy } from './retry.ts'
import { retrying } from './retry.ts'
import type { Scope } from './scope.ts'
import { covers, formatScope } from './scope.ts'
import { Setback } from './setback.ts'

/** A token service, as a `Bearer` challenge names it. */
export interface TokenService {
  readonly realm: URL
  readonly service: string | undefined
}

export interface TokenOptions {
  /** Follows redirects, without credentials to other origins. */
  readonly caller: Caller
  /** Follows none: a form with a token in it goes to the realm and nowhere else. */
  readonly direct: Caller
  readonly policy: RetryPolicy
  readonly report: Report
  readonly now: () => number
  readonly signal: AbortSignal
}

interface Fetched {
  readonly token: string
  readonly lifeMs: number
}

interface Held {
  readonly key: string
  readonly scopes: readonly Scope[]
  readonly token: Promise<string>
  /** Infinity while it is being fetched. */
  until: number
}

/** What the token spec says of a service that does not tell. */
const defaultLifeMs = 60_000
/** A token that ends this soon is not begun with. */
const marginMs = 10_000
const longestAnswer = 1024 * 1024

/** Bearer tokens of one registry: fetched once for all who ask, kept while they live, and one for more serves for less. */
export class Tokens {
  readonly #options: TokenOptions
  #held: Held[] = []

  constructor(options: TokenOptions) {
    this.#options = options
  }

  get(service: TokenService, scopes: readonly Scope[], credentials: Credentials | undefined): Promise<string> {
    const key = JSON.stringify([service.realm.href, service.service, credentials?.source])
    const now = this.#options.now()
    this.#held = this.#held.filter((held) => held.until > now)
    const known = this.#held.find((held) => held.key === key && covers(held.scopes, scopes))
    if (known !== undefined) return known.token
    const fetched = this.#fetch(service, scopes, credentials)
    const held: Held = { key, scopes, until: Infinity, token: fetched.then(({ token }) => token) }
    this.#held.push(held)
    void this.#age(held, fetched)
    return held.token
  }

  /** A token lives from when it came; a fetch that failed is not remembered. */
  async #age(held: Held, fetched: Promise<{ readonly lifeMs: number }>): Promise<void> {
    try {
      const { lifeMs } = await fetched
      held.until = this.#options.now() + Math.max(lifeMs - marginMs, lifeMs / 2)
    } catch {
      this.#drop(held)
    }
  }

  /** A registry refused it, whatever its age: nobody uses it again. */
  async forget(token: string): Promise<void> {
    const held = [...this.#held]
    const tokens = await Promise.allSettled(held.map((entry) => entry.token))
    tokens.forEach((result, index) => {
      if (result.status === 'fulfilled' && result.value === token) this.#drop(held[index])
    })
  }

  #drop(held: Held | undefined): void {
    this.#held = this.#held.filter((entry) => entry !== held)
  }

  async #fetch(service: TokenService, scopes: readonly Scope[], credentials: Credentials | undefined): Promise<Fetched> {
    const { policy, report, signal, now, caller, direct } = this.#options
    const form = credentials?.identityToken !== undefined
    const call = form ? refreshCall(service, scopes, credentials.identityToken, signal) : getCall(service, scopes, credentials, signal)
    const step = 'get a token from'
    return retrying(policy, { step, value: service.realm.host, signal, report }, async () => {
      const answer = await (form ? direct : caller)(call)
      if (answer.status === 200) return readToken(answer)
      if (answer.status >= 300 && answer.status < 400) await discard(answer)
      const login = credentials === undefined ? 'anonymous access is refused: log in first' : `the credentials are from ${credentials.source}`
      const { facts } = await refusal(answer, now(), login)
      throw new Setback({ ...facts, code: facts.code === 'NOT_FOUND' ? 'REGISTRY' : facts.code })
    })
  }
}

/** GET with the scopes, each on its own (distribution, token authentication specification). */
function getCall({ realm, service }: TokenService, scopes: readonly Scope[], credentials: Credentials | undefined, signal: AbortSignal): Call {
  const url = new URL(realm)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', formatScope(scope))
  return { method: 'GET', url, headers: credentials?.password === undefined ? {} : { authorization: basic(credentials) }, signal }
}

/** POST of an identity token (distribution, OAuth 2 token authentication). */
function refreshCall({ realm, service }: TokenService, scopes: readonly Scope[], identityToken: string, signal: AbortSignal): Call {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: identityToken, client_id: 'bp-package' })
  if (service !== undefined) form.set('service', service)
  if (scopes.length > 0) form.set('scope', scopes.map(formatScope).join(' '))
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', url: realm, headers, body: Buffer.from(form.toString()), signal }
}

/** The value of an `Authorization` header with user and password. */
export function basic({ username = '', password = '' }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

async function readToken(answer: Answer): Promise<Fetched> {
  const text = await readText(answer, longestAnswer).catch((cause: unknown) => {
    throw networkSetback(answer, cause)
  })
  const value = parse(text) as { token?: unknown; access_token?: unknown; expires_in?: unknown } | undefined
  const token = [value?.token, value?.access_token].find((candidate) => typeof candidate === 'string' && candidate !== '')
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) {
    const seconds = typeof value?.expires_in === 'number' && value.expires_in > 0 ? value.expires_in : undefined
    return { token, lifeMs: seconds === undefined ? defaultLifeMs : seconds * 1000 }
  }
  const wanted = 'JSON with "token" or "access_token"'
  throw new PackagerError({ code: 'REGISTRY', step: 'get a token from', value: answer.url.host, found: 'an answer without one', wanted })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
