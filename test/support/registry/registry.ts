import type { AuthOptions } from './authority.ts'
import { Authority } from './authority.ts'
import type { Contents, Repository } from './contents.ts'
import { emptyContents, repositoryOf, sha256 } from './contents.ts'
import type { Temper } from './endpoints.ts'
import { errorReply, serve } from './endpoints.ts'
import type { Fault, LoggedRequest, Reply } from './faults.ts'
import { FaultScript } from './faults.ts'
import type { Listener, TlsOptions } from './listener.ts'
import { listen } from './listener.ts'

/**
 * An OCI registry in this process, on a free loopback port, as strict as distribution's registry:2:
 *
 *     const registry = await startRegistry({ auth: { kind: 'bearer', users: { ann: 'pw' } } })
 *     registry.fail({ method: 'PUT', path: /blobs\/uploads/, strike: refuse(503, 'UNAVAILABLE', 'soon', { 'retry-after': '1' }) })
 *     // push to `${registry.host}/acme/bp:1` ...
 *     registry.repository('acme/bp').tags.get('1')          // a digest
 *     registry.requests.filter((r) => r.method === 'PUT')   // the log: method, path, headers, bytes, status
 *     await registry.close()
 *
 * Strikes are in `faults.ts`: answer, answerEarly, refuse, reset, hang, cut, stall, endless, rewrite.
 * `elsewhere` serves blobs by a redirect to another origin, which refuses requests with credentials, as S3 does.
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const { address = '127.0.0.1', tls, auth, elsewhere = false } = options
  const contents = emptyContents()
  const faults = new FaultScript()
  const logs = { requests: [] as LoggedRequest[], tokenRequests: [] as LoggedRequest[], storageRequests: [] as LoggedRequest[] }
  const authority = auth === undefined ? undefined : new Authority(auth)
  const place = { address, tls, faults }
  const tokenService = authority && (await listen({ ...place, log: logs.tokenRequests }, (request, body) => authority.token(request, body)))
  const storage = elsewhere ? await listen({ ...place, log: logs.storageRequests }, (request) => serveStorage(contents, request)) : undefined
  const own: Listener = await listen({ ...place, log: logs.requests }, (request, body, broken) => {
    const refused = authority?.check(request, `${tokenService?.url ?? ''}/token`)
    if (refused !== undefined) return refused
    const reply = serve({ contents, temper: temperOf(options, own.url), request, body, broken })
    return storage === undefined ? reply : redirected(reply, request, storage.url)
  })
  return {
    host: own.host,
    url: own.url,
    ...logs,
    contents,
    repository: (name) => repositoryOf(contents, name),
    fail: (fault) => faults.add(fault),
    addBlob: (name, bytes) => {
      repositoryOf(contents, name).blobs.set(sha256(bytes), bytes)
      return { digest: sha256(bytes), size: bytes.byteLength }
    },
    expireTokens: () => authority?.expireTokens(),
    close: async () => {
      await Promise.all([own.close(), tokenService?.close(), storage?.close()])
    },
  }
}

export interface RegistryOptions extends Omit<Temper, 'location'> {
  /** `127.0.0.1` unless told; `::1` for IPv6. */
  readonly address?: string
  readonly auth?: AuthOptions
  readonly tls?: TlsOptions
  readonly elsewhere?: boolean
  /** How uploads are located: a path (as it is by default), or a URL with a state in its query. */
  readonly location?: 'relative' | 'absolute'
}

export interface TestRegistry {
  /** `127.0.0.1:port`, to build image names with. */
  readonly host: string
  readonly url: string
  readonly requests: readonly LoggedRequest[]
  readonly tokenRequests: readonly LoggedRequest[]
  readonly storageRequests: readonly LoggedRequest[]
  readonly contents: Contents
  repository(name: string): Repository
  fail(fault: Fault): void
  addBlob(repository: string, bytes: Buffer): { readonly digest: `sha256:${string}`; readonly size: number }
  /** From now on each token that was handed out gets 401. */
  expireTokens(): void
  close(): Promise<void>
}

function temperOf(options: RegistryOptions, url: string): Temper {
  return { ...options, location: (path) => (options.location === 'absolute' ? `${url}${path}?_state=abc%3D%3D` : path) }
}

function redirected(reply: Reply, request: LoggedRequest, storage: string): Reply {
  if (request.method !== 'GET' || !/\/blobs\/sha256:/.test(request.path) || reply.status >= 300) return reply
  return { status: 307, headers: { location: `${storage}${request.path}?X-Amz-Signature=secret` } }
}

function serveStorage(contents: Contents, request: LoggedRequest): Reply {
  if (request.headers['authorization'] !== undefined) return errorReply(400, 'InvalidArgument', 'only one auth mechanism allowed')
  return serve({ contents, temper: {}, request, body: Buffer.alloc(0), broken: false })
}
