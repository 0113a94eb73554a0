import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { FaultScript, LoggedRequest, Reply, Strike } from './faults.ts'

export interface TlsOptions {
  readonly key: string
  readonly cert: string
  /** Clients must show a certificate of this authority. */
  readonly clientCa?: string
}

export interface Listener {
  /** `host:port`, as it stands in an image name. */
  readonly host: string
  readonly url: string
  close(): Promise<void>
}

export interface ListenOptions {
  readonly address: string
  readonly tls?: TlsOptions | undefined
  readonly log: LoggedRequest[]
  readonly faults: FaultScript
}

/** `body` is what came; `broken` says that the connection ended before all of it had come. */
export type Handle = (request: LoggedRequest, body: Buffer, broken: boolean) => Reply

/** A server on a free port of the loopback interface that logs each request and strikes where the script says so. */
export async function listen({ address, tls, log, faults }: ListenOptions, handle: Handle): Promise<Listener> {
  const listener: RequestListener = (incoming, response) => {
    const { method = '', url: path = '' } = incoming
    const request: LoggedRequest = { method, path, headers: incoming.headers as Record<string, string>, bytes: 0, status: 0 }
    log.push(request)
    void respond(incoming, response, request, faults.strike(request), handle)
  }
  const clientCa = tls?.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }
  const server = tls === undefined ? createServer(listener) : createTlsServer({ key: tls.key, cert: tls.cert, ...clientCa }, listener)
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve)
  })
  const host = `${address.includes(':') ? `[${address}]` : address}:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { host, url: `${tls === undefined ? 'http' : 'https'}://${host}`, close }
}

async function respond(incoming: IncomingMessage, response: ServerResponse, request: LoggedRequest, strike: Strike | undefined, handle: Handle) {
  const { socket } = incoming
  if (strike?.kind === 'answer' && strike.beforeBody) return send(incoming, response, request, strike.reply, undefined)
  const { body, broken } = await receive(incoming, request, strike?.kind === 'reset' ? strike.afterReceived : undefined)
  if (strike?.kind === 'hang') return
  if (strike?.kind === 'endless') return goOn(response, request, strike.reply, strike.everyMs)
  if (strike?.kind === 'answer') return send(incoming, response, request, strike.reply, undefined)
  if (strike?.kind === 'reset' || broken) {
    if (body.byteLength > 0) handle(request, body, true)
    socket.resetAndDestroy()
    return
  }
  const reply = handle(request, body, false)
  send(incoming, response, request, strike?.kind === 'rewrite' ? strike.rewrite(reply, request) : reply, strike)
}

async function receive(incoming: IncomingMessage, request: LoggedRequest, limit: number | undefined): Promise<{ body: Buffer; broken: boolean }> {
  const chunks: Buffer[] = []
  try {
    if (limit !== undefined && limit === 0) return { body: Buffer.alloc(0), broken: true }
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      request.bytes += chunk.byteLength
      chunks.push(chunk)
      if (limit !== undefined && request.bytes >= limit) return { body: Buffer.concat(chunks).subarray(0, limit), broken: true }
    }
    return { body: Buffer.concat(chunks), broken: false }
  } catch {
    return { body: Buffer.concat(chunks), broken: true }
  }
}

function goOn(response: ServerResponse, request: LoggedRequest, { status, headers = {} }: Reply, everyMs: number): void {
  request.status = status
  response.writeHead(status, headers).flushHeaders()
  const piece = Buffer.alloc(everyMs === 0 ? 64 * 1024 : 1, ' ')
  const more = (): void => {
    if (!response.destroyed) response.write(piece, () => (everyMs === 0 ? setImmediate(more) : setTimeout(more, everyMs)))
  }
  more()
}

function send(incoming: IncomingMessage, response: ServerResponse, request: LoggedRequest, reply: Reply, strike: Strike | undefined): void {
  request.status = reply.status
  const body = reply.body ?? Buffer.alloc(0)
  const bare = reply.status === 204 || reply.headers?.['transfer-encoding'] !== undefined
  const length = bare ? {} : { 'content-length': String(body.byteLength) }
  response.writeHead(reply.status, { ...length, ...reply.headers })
  if (strike?.kind === 'cut') {
    response.flushHeaders()
    response.write(body.subarray(0, strike.afterSent), () => {
      if (!strike.stall) incoming.socket.destroy()
    })
    return
  }
  response.end(request.method === 'HEAD' ? undefined : body)
}
