import { randomUUID } from 'node:crypto'
import type { LoggedRequest, Reply } from './faults.ts'
import { errorReply } from './endpoints.ts'

/** Who may enter. Without users everyone is anonymous, who may pull where `anonymousPull` says so. */
export interface AuthOptions {
  readonly kind: 'basic' | 'bearer'
  readonly users?: Readonly<Record<string, string>>
  /** Accepted as `refresh_token` by the token service's POST. */
  readonly identityToken?: string
  readonly anonymousPull?: boolean
  /** Actions that are granted at most, for each repository: `{ 'acme/private': [] }`. */
  readonly granted?: Readonly<Record<string, readonly string[]>>
  /** Seconds, as the token service tells; tokens are valid until `expireTokens` is called, whatever it says. */
  readonly expiresIn?: number
  /** In place of the realm that is served. */
  readonly realm?: string
}

type Grants = ReadonlyMap<string, ReadonlySet<string>>

/** Basic credentials, or a bearer token service as the distribution token spec has it. */
export class Authority {
  readonly #options: AuthOptions
  #tokens = new Map<string, Grants>()

  constructor(options: AuthOptions) {
    this.#options = options
  }

  expireTokens(): void {
    this.#tokens = new Map()
  }

  /** `undefined`: let in. */
  check(request: LoggedRequest, realm: string): Reply | undefined {
    const [kind, value = ''] = (request.headers['authorization'] ?? '').split(' ')
    const needed = neededScope(request)
    if (this.#options.kind === 'basic') {
      if (kind === 'Basic' && this.#knows(value)) return undefined
      return challenge('Basic realm="test registry"')
    }
    const grants = kind === 'Bearer' ? this.#tokens.get(value) : undefined
    if (grants !== undefined && (needed === undefined || grants.get(needed.repository)?.has(needed.action) === true)) return undefined
    const scope = needed === undefined ? '' : `,scope="repository:${needed.repository}:${needed.action === 'push' ? 'pull,push' : 'pull'}"`
    const error = grants === undefined ? '' : ',error="insufficient_scope"'
    return challenge(`Bearer realm="${this.#options.realm ?? realm}",service="test"${scope}${error}`)
  }

  /** The token service: GET with basic credentials, or POST with a form. */
  token(request: LoggedRequest, body: Buffer): Reply {
    const form = request.method === 'POST' ? new URLSearchParams(body.toString('utf8')) : new URL(request.path, 'http://token').searchParams
    const known = this.#identify(request, form)
    if (known === undefined) return errorReply(401, 'UNAUTHORIZED', 'incorrect username or password')
    const token = `opaque ${randomUUID()}`.replace(' ', '-')
    this.#tokens.set(token, this.#grant(form.getAll('scope').flatMap((scope) => scope.split(' ')), known))
    const expiry = this.#options.expiresIn === undefined ? {} : { expires_in: this.#options.expiresIn }
    const value = request.method === 'POST' ? { access_token: token, ...expiry } : { token, ...expiry }
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) }
  }

  #identify(request: LoggedRequest, form: URLSearchParams): 'user' | 'anonymous' | undefined {
    if (request.method === 'POST') {
      const refreshed = form.get('grant_type') === 'refresh_token' && form.get('refresh_token') === this.#options.identityToken
      return refreshed ? 'user' : undefined
    }
    const [kind, value = ''] = (request.headers['authorization'] ?? '').split(' ')
    if (kind === 'Basic') return this.#knows(value) ? 'user' : undefined
    return 'anonymous'
  }

  #grant(scopes: readonly string[], who: 'user' | 'anonymous'): Grants {
    const grants = new Map<string, ReadonlySet<string>>()
    for (const scope of scopes) {
      const [, repository = '', actions = ''] = scope.split(':')
      const most = this.#options.granted?.[repository] ?? ['pull', 'push']
      const allowed = who === 'user' ? most : this.#options.anonymousPull === true ? ['pull'] : []
      // As GitLab: the last scope for a repository stands.
      grants.set(repository, new Set(actions.split(',').filter((action) => allowed.includes(action))))
    }
    return grants
  }

  #knows(encoded: string): boolean {
    const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
    return this.#options.users?.[user] !== undefined && this.#options.users[user] === password.join(':')
  }
}

function challenge(value: string): Reply {
  const reply = errorReply(401, 'UNAUTHORIZED', 'authentication required')
  return { ...reply, headers: { ...reply.headers, 'www-authenticate': value } }
}

function neededScope(request: LoggedRequest): { repository: string; action: string } | undefined {
  const match = /^\/v2\/(.+?)\/(?:manifests|blobs|tags)\//.exec(request.path)
  if (match?.[1] === undefined) return undefined
  return { repository: match[1], action: request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push' }
}
