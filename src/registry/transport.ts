import type { LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { cancelled, throwIfCancelled } from '../errors.ts'
import type { Answer, Call, Caller, RequestBody } from './call.ts'
import { networkSetback } from './network.ts'
import { proxyFor } from './proxy.ts'
import type { Trust, TrustOptions } from './trust.ts'
import { trustFor } from './trust.ts'

export interface Timeouts {
  /** To a connection with TLS. */
  readonly connectMs: number
  /** From the end of a request to the head of its answer. */
  readonly headersMs: number
  /** The same for a request that carried bytes: a registry stores and hashes them before it answers. */
  readonly storedMs: number
  /** Between two pieces of a body. */
  readonly idleMs: number
  /** All of a body that is no content: a token, an error. */
  readonly smallBodyMs: number
}

export interface TransportOptions extends TrustOptions {
  readonly timeouts: Timeouts
  /** At most so many to one origin for reading, and as many again for writing. */
  readonly connections: number
  readonly userAgent: string
}

/** Sends calls over the network, and closes its connections. */
export interface Transport {
  readonly call: Caller
  close(): Promise<void>
}

/**
 * The one place that opens sockets. undici is loaded with the first call.
 *
 * Reading and writing have connections of their own: an upload whose bytes come from another image of the same registry
 * holds a reading connection while it waits for a writing one, and in one shared pool many of these would wait for ever.
 */
export function createTransport(options: TransportOptions): Transport {
  const dispatchers = new Map<string, Promise<Dispatcher>>()
  const dispatcherFor = (call: Call): Promise<Dispatcher> => {
    const key = `${call.method === 'GET' ? 'read' : 'write'} ${call.url.origin}`
    const known = dispatchers.get(key) ?? createDispatcher(call.url, options)
    dispatchers.set(key, known)
    return known
  }
  return {
    call: async (call) => send(call, await dispatcherFor(call), options),
    close: async () => {
      await Promise.allSettled(Array.from(dispatchers.values(), async (dispatcher) => (await dispatcher).destroy()))
    },
  }
}

async function createDispatcher(url: URL, options: TransportOptions): Promise<Dispatcher> {
  const { timeouts, connections } = options
  const [{ Agent, ProxyAgent }, trust] = await Promise.all([
    import('../undici.ts'),
    url.protocol === 'https:' ? trustFor(url, options) : Promise.resolve<Partial<Trust>>({}),
  ])
  const proxy = proxyFor(url, options.env)
  const connect = { ...trust, timeout: timeouts.connectMs, ...(url.hostname === 'localhost' ? { lookup: thisMachine } : {}) }
  const common = { connections, pipelining: 1, bodyTimeout: timeouts.idleMs }
  if (proxy === undefined) return new Agent({ ...common, connect })
  const proxyTls = { timeout: timeouts.connectMs, ...(proxy.protocol === 'https:' ? await trustFor(proxy, options) : {}) }
  // Plain http goes through an http proxy by absolute URL, as proxies expect it: many let CONNECT through to port 443 only.
  return new ProxyAgent({ ...common, uri: proxy.href, requestTls: connect, proxyTls, proxyTunnel: false })
}

/** `localhost` is this machine by either of its addresses, whichever of them its own list of hosts knows, and in whatever order (RFC 6761, 6.3). */
const thisMachine: LookupFunction = (_hostname, { all }, callback) => {
  const addresses = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]
  if (all === true) callback(null, addresses)
  else callback(null, '127.0.0.1', 4)
}

async function send(call: Call, dispatcher: Dispatcher, { timeouts, userAgent }: TransportOptions): Promise<Answer> {
  const { method, url, body, signal } = call
  throwIfCancelled(signal, `${method} ${url.host}`)
  const stream = await openBody(body)
  try {
    const response = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { ...call.headers, ...lengthOf(body), 'user-agent': userAgent, 'accept-encoding': 'identity' },
      body: stream ?? null,
      signal: signal ?? null,
      headersTimeout: body === undefined ? timeouts.headersMs : timeouts.storedMs,
    })
    return { url, method, status: response.statusCode, headers: flatten(response.headers), body: response.body, patienceMs: timeouts.smallBodyMs }
  } catch (cause) {
    if (signal?.aborted === true) throw cancelled(`${method} ${url.host}`, cause)
    throw networkSetback(call, cause)
  } finally {
    // An answer that came before all was sent leaves the rest unread.
    if (stream !== undefined && !(stream instanceof Uint8Array)) stream.destroy()
  }
}

async function openBody(body: Uint8Array | RequestBody | undefined): Promise<Uint8Array | Readable | undefined> {
  return body === undefined || body instanceof Uint8Array ? body : body.open()
}

function lengthOf(body: Uint8Array | RequestBody | undefined): Record<string, string> {
  if (body === undefined) return {}
  return { 'content-length': String(body instanceof Uint8Array ? body.byteLength : body.size) }
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value])
  return Object.fromEntries(entries) as Record<string, string | undefined>
}
