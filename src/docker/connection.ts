import type { Readable } from 'node:stream'
import type { Agent } from 'undici'
import { PackagerError, cancelled, throwIfCancelled } from '../errors.ts'
import { connectionFault } from './faults.ts'
import type { EnginePlace } from './places.ts'
import { formatPlace } from './places.ts'

const largestText = 64 * 1024 ** 2

/** One request to an engine. */
export interface EngineRequest {
  /** What it is for, as a verb phrase: messages begin with it. */
  readonly step: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: EngineBody | undefined
  readonly signal?: AbortSignal | undefined
}

/** Bytes on their way to an engine: how many, and where they come from. */
export interface EngineBody {
  readonly size: number
  open(): Readable
}

export interface EngineAnswer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: Readable
}

/** The one place that opens sockets to an engine. undici is loaded with the first request. */
export class EngineConnection {
  readonly place: EnginePlace
  readonly #timeoutMs: number
  #agent: Promise<Agent> | undefined

  /** `timeoutMs`: for a connection, and for an answer to a request that sends nothing. */
  constructor(place: EnginePlace, timeoutMs: number) {
    this.place = place
    this.#timeoutMs = timeoutMs
  }

  async send(request: EngineRequest): Promise<EngineAnswer> {
    const { step, method, path, body, signal } = request
    throwIfCancelled(signal, step)
    this.#agent ??= this.#open()
    const agent = await this.#agent
    const stream = body?.open()
    // An engine unpacks and hashes an archive before it answers: only the caller's signal ends that.
    const wait = body === undefined ? this.#timeoutMs : 0
    try {
      const { statusCode, headers, body: answer } = await agent.request({
        origin: this.#origin(),
        path,
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/x-tar', 'content-length': String(body.size) },
        body: stream ?? null,
        signal: signal ?? null,
        headersTimeout: wait,
        bodyTimeout: wait,
      })
      const header = (name: string): string | undefined => [headers[name] ?? []].flat()[0]
      // An answer may begin before all is sent; what is left unread when it has ended nobody wants.
      answer.once('close', () => stream?.destroy())
      return { status: statusCode, header, body: answer }
    } catch (cause) {
      stream?.destroy()
      throw this.#failure(request, cause)
    }
  }

  /** An answer that is small, whole. What goes on and on is no engine, whatever listens there. */
  async read(request: EngineRequest): Promise<{ readonly status: number; readonly header: EngineAnswer['header']; readonly text: string }> {
    const answer = await this.send(request)
    return { status: answer.status, header: answer.header, text: await this.text(request, answer) }
  }

  /** The body of an answer that is small. */
  async text(request: EngineRequest, answer: EngineAnswer): Promise<string> {
    const pieces: Buffer[] = []
    let size = 0
    for await (const piece of this.pieces(request, answer)) {
      size += piece.byteLength
      if (size > largestText) {
        throw new PackagerError({
          code: 'UNSUPPORTED',
          step: request.step,
          value: formatPlace(this.place),
          found: 'an answer without end',
          wanted: `at most ${largestText} bytes`,
        })
      }
      pieces.push(piece)
    }
    return Buffer.concat(pieces).toString('utf8')
  }

  /** The pieces of an answer as they come, with failures of the connection as this room's errors. */
  async *pieces(request: EngineRequest, answer: EngineAnswer): AsyncGenerator<Buffer> {
    try {
      for await (const piece of answer.body) yield piece as Buffer
    } catch (cause) {
      throw this.#failure(request, cause)
    }
  }

  async close(): Promise<void> {
    const agent = await this.#agent?.catch(() => undefined)
    await agent?.destroy()
  }

  async #open(): Promise<Agent> {
    const { Agent } = await import('../undici.ts')
    const { address, tls = {} } = this.place
    const connect = address.kind === 'unix' ? { socketPath: address.path } : tls
    return new Agent({ connect: { ...connect, timeout: this.#timeoutMs }, pipelining: 1 })
  }

  #origin(): string {
    const { address, tls } = this.place
    if (address.kind === 'unix') return 'http://localhost'
    return `${tls === undefined ? 'http' : 'https'}://${address.host}:${address.port ?? 2375}`
  }

  #failure({ step, signal }: EngineRequest, cause: unknown): unknown {
    if (signal?.aborted === true) return cancelled(step, cause)
    return cause instanceof PackagerError ? cause : connectionFault(step, this.place, cause)
  }
}
