import { Readable } from 'node:stream'
import { PackagerError } from '../errors.ts'
import type { Answer, Caller } from './call.ts'
import { discard, readText } from './call.ts'
import type { Challenge } from './challenge.ts'
import { parseChallenges } from './challenge.ts'
import type { Credentials } from './credential.ts'
import type { RegistryRequest } from './endpoints.ts'
import { isNobodyThere, isNotTls } from './network.ts'
import type { RegistrySettings } from './origin.ts'
import { allowsHttp, isLoopback, originsOf } from './origin.ts'
import { orAborted } from './pace.ts'
import { printable, redactUrl } from './redact.ts'
import { refusal } from './refusal.ts'
import type { Scope } from './scope.ts'
import { mergeScopes, parseScopes } from './scope.ts'
import { Setback } from './setback.ts'
import type { Tokens, TokenService } from './tokens.ts'
import { basic } from './tokens.ts'

export interface SessionOptions {
  readonly registry: string
  readonly settings: RegistrySettings
  /** Follows redirects, without credentials to other origins. */
  readonly caller: Caller
  readonly tokens: Tokens
  readonly credentials: (repository: string) => Promise<Credentials | undefined>
  /** Where credentials are looked for, for the hint. */
  readonly places: readonly string[]
  readonly now: () => number
  readonly signal: AbortSignal
}

/**
 * What a run knows of one registry: its origin, how it wants to be asked, and who we are there.
 * `Authorization` is written here and nowhere else, and only on requests to the registry's own origin.
 */
export class Session {
  readonly #options: SessionOptions
  #origin: Promise<URL> | undefined
  #challenges: readonly Challenge[] = []
  readonly #credentials = new Map<string, Promise<Credentials | undefined>>()

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** One try. A 401 is answered with a new token once, in the middle of a run too. */
  async send(request: RegistryRequest, signal: AbortSignal): Promise<Answer> {
    const origin = await orAborted(this.#found(), signal)
    const url = new URL(request.target, origin)
    const own = url.origin === origin.origin
    const send = (authorization: string | undefined): Promise<Answer> => {
      const headers = { ...request.headers, ...(authorization === undefined ? {} : { authorization }) }
      return this.#options.caller({ method: request.method, url, headers, body: request.body, signal })
    }
    const used = own ? await orAborted(this.#authorization(request.repository, request.scopes), signal) : undefined
    const answer = await send(used)
    if (answer.status !== 401 || !own || answer.url.origin !== origin.origin) return answer
    const kept = { ...answer, body: Readable.from([Buffer.from(await readText(answer).catch(() => ''))]) }
    const renewed = await orAborted(this.#renewed(answer, request, used), signal)
    return renewed === undefined ? kept : send(renewed)
  }

  /** What to say of a 401 or 403. */
  async login(repository: string, { status, url }: Answer): Promise<string> {
    const { registry, places } = this.#options
    if (url.origin !== (await this.#found()).origin) return `${registry} leads to ${url.host}, which is given no credentials`
    const credentials = await this.#credentials.get(repository)
    if (credentials !== undefined) {
      const { username, source } = credentials
      const who = `the credentials${username === undefined ? '' : ` of "${printable(username, 60)}"`} from ${source}`
      if (status === 403) return `${who} do not suffice for ${registry}/${repository}`
      return `${who} were refused; log in again with "docker login ${registry}"`
    }
    const schemes = this.#challenges.map(({ scheme }) => scheme)
    const strange = schemes.length > 0 && !schemes.some((scheme) => scheme === 'basic' || scheme === 'bearer')
    if (strange) return `the registry asks for ${printable(schemes.join(', '), 60)}; only basic and bearer are spoken`
    const where = `no credentials for ${registry} in CNB_REGISTRY_AUTH, ${places.join(', ')}`
    return `${where}; log in with "docker login ${registry}" or "podman login ${registry}"`
  }

  #found(): Promise<URL> {
    this.#origin ??= this.#find().catch((error: unknown) => {
      this.#origin = undefined
      throw error
    })
    return this.#origin
  }

  /** The ping (end-1), at each possible origin until one answers. Its challenge says how to ask for everything else. */
  async #find(): Promise<URL> {
    const origins = originsOf(this.#options.registry, this.#options.settings)
    let odd: { readonly origin: URL } | { readonly error: unknown } | undefined
    for (const [index, origin] of origins.entries()) {
      try {
        if (await this.#ping(origin)) return origin
        odd ??= { origin }
      } catch (error) {
        const isLast = index + 1 === origins.length
        // What the first origin said is the better word where the other one has nothing to add.
        if (isLast && odd !== undefined && (isNotTls(error) || isNobodyThere(error))) break
        if (isLast || !mayBeElsewhere(error, origin)) throw isNobodyThere(error) ? withoutRetry(error) : error
        odd ??= { error }
      }
    }
    if (odd === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'find registry', value: this.#options.registry, found: 'no origin' })
    if ('origin' in odd) return odd.origin
    throw isNobodyThere(odd.error) ? withoutRetry(odd.error) : odd.error
  }

  /** Whether a registry is there. By HEAD, so that a run which changes nothing sends nothing but HEADs; by GET where HEAD is not understood. */
  async #ping(origin: URL): Promise<boolean> {
    for (const method of ['HEAD', 'GET'] as const) {
      const answer = await this.#options.caller({ method, url: new URL('/v2/', origin), headers: {}, signal: this.#options.signal })
      const header = answer.headers['www-authenticate']
      if (answer.status === 429 || answer.status >= 500) throw await refusal(answer, this.#options.now(), undefined)
      await discard(answer)
      // Whoever a redirect leads to is not the registry, and does not name who gets its credentials.
      if (answer.url.origin !== origin.origin) continue
      if (answer.status === 401 && header !== undefined) this.#challenges = parseChallenges(header)
      if (answer.status === 200 || header !== undefined) return true
    }
    return false
  }

  async #authorization(repository: string, scopes: readonly Scope[]): Promise<string | undefined> {
    const kind = this.#challenges.find(({ scheme }) => scheme === 'bearer') ?? this.#challenges.find(({ scheme }) => scheme === 'basic')
    if (kind === undefined) return undefined
    const credentials = await this.#credentialsOf(repository)
    if (credentials?.registryToken !== undefined) return `Bearer ${credentials.registryToken}`
    if (kind.scheme === 'basic') return credentials?.password === undefined ? undefined : basic(credentials)
    return `Bearer ${await this.#options.tokens.get(await this.#service(kind), mergeScopes(scopes), credentials)}`
  }

  /** What to send instead of what was refused; `undefined` where there is nothing new. */
  async #renewed(answer: Answer, request: RegistryRequest, used: string | undefined): Promise<string | undefined> {
    const header = answer.headers['www-authenticate']
    if (header !== undefined) this.#challenges = parseChallenges(header)
    if (used?.startsWith('Bearer ') === true) await this.#options.tokens.forget(used.slice('Bearer '.length))
    const asked = this.#challenges.flatMap(({ parameters }) => parseScopes(parameters['scope'] ?? ''))
    const renewed = await this.#authorization(request.repository, [...request.scopes, ...asked])
    return renewed === used ? undefined : renewed
  }

  #credentialsOf(repository: string): Promise<Credentials | undefined> {
    const known = this.#credentials.get(repository) ?? this.#options.credentials(repository)
    this.#credentials.set(repository, known)
    return known
  }

  /** The realm gets our credentials: it speaks TLS, or it is on this machine as the registry itself is, or http to it was asked for. */
  async #service({ parameters }: Challenge): Promise<TokenService> {
    const origin = await this.#found()
    const text = parameters['realm'] ?? ''
    const realm = URL.canParse(text) ? new URL(text) : undefined
    const common = { code: 'REGISTRY', step: 'log in to', value: this.#options.registry, wanted: 'a token service over https' } as const
    const fail = (found: string, hint?: string): PackagerError => new PackagerError({ ...common, found, hint })
    if (realm === undefined) throw fail(`the token service "${printable(text, 200)}"`)
    realm.username = ''
    realm.password = ''
    const isNear = origin.protocol === 'http:' && realm.hostname === origin.hostname
    const isAllowed = isLoopback(realm.hostname) ? isLoopback(origin.hostname) : isNear || allowsHttp(realm, this.#options.settings)
    if (realm.protocol === 'https:' || (realm.protocol === 'http:' && isAllowed)) return { realm, service: parameters['service'] }
    throw fail(`the token service ${redactUrl(realm)}`, realm.protocol === 'http:' ? `--plain-http ${realm.host} allows it` : undefined)
  }
}

/** A TLS server that is spoken to in plain http hangs up; one that is not there may be on the other port. */
function mayBeElsewhere(error: unknown, origin: URL): boolean {
  return isNotTls(error) || isNobodyThere(error) || (origin.protocol === 'http:' && error instanceof Setback && error.facts.status === undefined)
}

/** Who is not there now is not there in a second either. */
function withoutRetry(error: unknown): unknown {
  return error instanceof Setback ? new Setback({ ...error.facts, transient: false }) : error
}
