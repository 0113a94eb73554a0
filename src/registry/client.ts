import { cancelled } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Answer } from './call.ts'
import { authFiles, findCredentials } from './credentials.ts'
import type { RegistryRequest } from './endpoints.ts'
import type { RegistrySettings } from './origin.ts'
import { Pace } from './pace.ts'
import { redirecting } from './redirect.ts'
import { refusal } from './refusal.ts'
import type { RetryPolicy, Sleep } from './retry.ts'
import { retrying, sleepFor } from './retry.ts'
import { Session } from './session.ts'
import type { Setback } from './setback.ts'
import { Tokens } from './tokens.ts'
import type { Timeouts, Transport } from './transport.ts'
import { createTransport } from './transport.ts'

export interface RegistryClientOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  /** Paths of `caFiles` are absolute, or relative to the process's folder. */
  readonly settings: RegistrySettings
  readonly report: Report
  readonly userAgent: string
  readonly signal?: AbortSignal | undefined
  /** Of each request, the first one included. */
  readonly maxTries?: number
  readonly timeouts?: Partial<Timeouts>
  /** Connections to one origin; as many again for reading blobs. */
  readonly connections?: number
  readonly sleep?: Sleep
  readonly random?: () => number
  readonly now?: () => number
}

/** What an error or a retry names. */
export type Flow = Pick<RegistryRequest, 'repository' | 'step' | 'subject'>

/** Sends requests to registries: one caller, wrapped in redirects, authorization, pace and retries. */
export interface RegistryClient {
  readonly settings: RegistrySettings
  /** The answer, where its status is one that the request expects; else throws. Tries again where that makes sense. */
  send(registry: string, request: RegistryRequest, signal?: AbortSignal): Promise<Answer>
  /** One try, for flows that know better how to go on; throws a {@link Setback}. */
  once(registry: string, request: RegistryRequest, signal?: AbortSignal): Promise<Answer>
  /** Tries a flow of several requests again, under the client's policy. */
  retrying<T>(registry: string, flow: Flow, signal: AbortSignal | undefined, attempt: (number: number) => Promise<T>): Promise<T>
  /** Ends what is under way and closes all connections. */
  close(): Promise<void>
}

const defaultTimeouts: Timeouts = { connectMs: 15_000, headersMs: 60_000, storedMs: 300_000, idleMs: 60_000, smallBodyMs: 15_000 }
const defaultTries = 5
const defaultConnections = 8

/** A client without a connection: nothing is read, resolved or loaded before the first request. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  return new Client(options)
}

class Client implements RegistryClient {
  readonly settings: RegistrySettings
  readonly #options: RegistryClientOptions
  readonly #transport: Transport
  readonly #policy: RetryPolicy
  readonly #closing = new AbortController()
  readonly #signal: AbortSignal
  readonly #sessions = new Map<string, { readonly session: Session; readonly pace: Pace }>()

  constructor(options: RegistryClientOptions) {
    const { maxTries = defaultTries, sleep = sleepFor, random = Math.random, connections = defaultConnections } = options
    this.#options = options
    this.settings = options.settings
    this.#policy = { maxTries, sleep, random }
    this.#signal = options.signal === undefined ? this.#closing.signal : AbortSignal.any([options.signal, this.#closing.signal])
    this.#transport = createTransport({ ...options, connections, timeouts: { ...defaultTimeouts, ...options.timeouts } })
  }

  send(registry: string, request: RegistryRequest, signal?: AbortSignal): Promise<Answer> {
    return this.retrying(registry, request, signal, () => this.once(registry, request, signal))
  }

  async once(registry: string, request: RegistryRequest, signal?: AbortSignal): Promise<Answer> {
    const { session, pace } = this.#sessionOf(registry)
    const both = this.#both(signal)
    const streams = request.body !== undefined && !(request.body instanceof Uint8Array)
    const answer = await pace.run(streams, both, () => session.send(request, both))
    if (request.expects.includes(answer.status)) return answer
    const login = answer.status === 401 || answer.status === 403 ? await session.login(request.repository, answer) : undefined
    throw await refusal(answer, this.#now(), login)
  }

  async retrying<T>(registry: string, flow: Flow, signal: AbortSignal | undefined, attempt: (number: number) => Promise<T>): Promise<T> {
    const { pace } = this.#sessionOf(registry)
    const both = this.#both(signal)
    const onDelay = ({ facts }: Setback, delayMs: number): void => {
      if (facts.status === 429) pace.slow(delayMs)
    }
    const value = `${registry}/${flow.repository}${flow.subject}`
    return retrying(this.#policy, { step: flow.step, value, signal: both, report: this.#options.report, onDelay }, attempt)
  }

  async close(): Promise<void> {
    this.#closing.abort(cancelled('talk to registries', 'closed'))
    await this.#transport.close()
  }

  /** A signal of its own for each request, so that hundreds of them do not all listen to one. */
  #both(signal: AbortSignal | undefined): AbortSignal {
    return AbortSignal.any(signal === undefined ? [this.#signal] : [this.#signal, signal])
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  #sessionOf(registry: string): { readonly session: Session; readonly pace: Pace } {
    const known = this.#sessions.get(registry)
    if (known !== undefined) return known
    const { env, homeDir, report, settings } = this.#options
    const now = (): number => this.#now()
    const signal = this.#signal
    const caller = redirecting(this.#transport.call, settings)
    const tokens = new Tokens({ caller, direct: this.#transport.call, policy: this.#policy, report, now, signal })
    const lookUp = { env, homeDir, signal }
    const session = new Session({
      registry,
      settings,
      caller,
      tokens,
      credentials: (repository) => findCredentials(lookUp, registry, repository),
      places: authFiles(lookUp),
      now,
      signal,
    })
    const fresh = { session, pace: new Pace(this.#policy.sleep, signal) }
    this.#sessions.set(registry, fresh)
    return fresh
  }
}
