import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Alter } from './engine-images.ts'
import { EngineImages } from './engine-images.ts'

/** What an engine answers in place of its own answer. */
export type Strike =
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>>; readonly unread?: boolean }
  | 'hang'
  | 'reset'
  /** Goes on as usual, with its header sent before the request's body is read. */
  | 'early'

export interface EngineServerOptions {
  /** A socket file; without one a free port of the loopback interface. */
  readonly socket?: string
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string }
  readonly version?: Readonly<Record<string, unknown>>
  readonly info?: Readonly<Record<string, unknown>>
  readonly containerd?: boolean
  readonly alter?: Alter
  /** Asked for each request, `POST /images/load?quiet=1` without the API version. */
  readonly strike?: (call: string) => Strike | undefined
}

/** A small Docker engine: what bp-package asks for and nothing else. */
export interface EngineServer extends AsyncDisposable {
  /** As `DOCKER_HOST` has it. */
  readonly host: string
  /** Each request, the API version left in, in order. */
  readonly calls: string[]
  /** The size of each archive that came whole. */
  readonly loads: number[]
  readonly images: EngineImages
}

const docker = { ApiVersion: '1.41', MinAPIVersion: '1.12', Version: '20.10.24', Os: 'linux', Arch: 'amd64', Components: [{ Name: 'Engine' }] }
const containerdInfo = { DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }

export async function startEngine(options: EngineServerOptions = {}): Promise<EngineServer> {
  const { socket, tls, containerd = false, alter = (image) => image } = options
  const engine: Running = { options, calls: [], loads: [], images: new EngineImages(containerd, alter) }
  const listener = (request: IncomingMessage, response: ServerResponse): void => void answer(engine, request, response).catch(() => request.socket.destroy())
  const clients = tls?.ca === undefined ? {} : { ca: tls.ca, requestCert: true, rejectUnauthorized: true }
  const server = tls === undefined ? createServer(listener) : createTlsServer({ ...tls, ...clients }, listener)
  await new Promise<void>((resolve) => {
    if (socket === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(socket, resolve)
  })
  const host = socket === undefined ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix://${socket}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { host, calls: engine.calls, loads: engine.loads, images: engine.images, [Symbol.asyncDispose]: close }
}

interface Running {
  readonly options: EngineServerOptions
  readonly calls: string[]
  readonly loads: number[]
  readonly images: EngineImages
}

interface Reply {
  readonly status: number
  readonly body: string
}

async function answer(engine: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request
  engine.calls.push(`${method} ${url}`)
  const strike = engine.options.strike?.(`${method} ${url.replace(/^\/v\d+\.\d+/, '')}`)
  if (strike === 'reset') return void request.socket.destroy()
  if (typeof strike === 'object' && strike.unread === true) return refuse(request, response, strike)
  if (strike === 'early') response.writeHead(200).flushHeaders()
  const body = await wholeOf(request)
  if (strike === 'hang') return
  const reply = typeof strike === 'object' ? strike : route(engine, method, new URL(url.replace(/^\/v\d+\.\d+/, ''), 'http://engine'), body)
  if (!response.headersSent) response.writeHead(reply.status, typeof strike === 'object' ? strike.headers : { 'content-type': 'application/json' })
  response.end(reply.body)
}

/** As Go's server does it: answers, and closes without having read what is still coming. */
function refuse(request: IncomingMessage, response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { connection: 'close', 'content-length': String(Buffer.byteLength(body)) })
  response.end(body, () => setTimeout(() => request.socket.destroy(), 50))
}

async function wholeOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}

function route(engine: Running, method: string, url: URL, body: Buffer): Reply {
  const path = decodeURIComponent(url.pathname)
  const name = /^\/images\/(.+?)(\/json|\/tag)?$/.exec(path)?.[1] ?? ''
  if (path === '/version') return json({ ...docker, ...engine.options.version })
  if (path === '/info') return json({ Architecture: 'x86_64', ...(engine.options.containerd === true ? containerdInfo : {}), ...engine.options.info })
  if (path === '/images/load') return load(engine, body)
  if (path === '/images/json') return list(engine.images, url)
  if (path.endsWith('/json')) return inspect(engine.images, name)
  if (path.endsWith('/tag')) return tag(engine.images, name, url)
  if (method === 'DELETE') return engine.images.remove(name) ? json([{ Untagged: name }]) : noSuch(name)
  return { status: 404, body: '{"message":"page not found"}' }
}

/** A failed load has status 200 too: the answer began before anything could fail. */
function load({ images, loads }: Running, body: Buffer): Reply {
  loads.push(body.length)
  try {
    return { status: 200, body: `${JSON.stringify({ stream: `Loaded image ID: ${images.load(body).id}\n` })}\n` }
  } catch (error) {
    const message = (error as Error).message
    return { status: 200, body: `${JSON.stringify({ errorDetail: { message }, error: message })}\n` }
  }
}

function list(images: EngineImages, url: URL): Reply {
  const { label: [label = ''] = [] } = JSON.parse(url.searchParams.get('filters') ?? '{}') as { readonly label?: readonly string[] }
  return json([...images.byId.values()].filter(({ labels }) => label in labels).map(({ id }) => ({ Id: id })))
}

function inspect(images: EngineImages, name: string): Reply {
  const image = images.find(name)
  if (image === undefined) return noSuch(name)
  const { id, os, architecture, diffIDs, labels } = image
  return json({ Id: id, Os: os, Architecture: architecture, RepoTags: images.namesOf(id), RootFS: { Type: 'layers', Layers: diffIDs }, Config: { Labels: labels }, Size: 1234 })
}

function tag(images: EngineImages, name: string, url: URL): Reply {
  const image = images.find(name)
  if (image === undefined) return noSuch(name)
  images.names.set(`${url.searchParams.get('repo')}:${url.searchParams.get('tag')}`, image.id)
  return { status: 201, body: '' }
}

function noSuch(name: string): Reply {
  return { status: 404, body: JSON.stringify({ message: `No such image: ${name}` }) }
}

function json(value: unknown): Reply {
  return { status: 200, body: JSON.stringify(value) }
}
