/** What a request was, as the log keeps it. `bytes` is what arrived of its body. */
export interface LoggedRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Grows while the body arrives. */
  bytes: number
  /** The answer's status; 0 while there is none, and where the connection was cut. */
  status: number
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** How a matching request is struck. */
export type Strike =
  | { readonly kind: 'answer'; readonly reply: Reply; readonly beforeBody: boolean }
  | { readonly kind: 'reset'; readonly afterReceived: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut'; readonly afterSent: number; readonly stall: boolean }
  | { readonly kind: 'endless'; readonly reply: Reply; readonly everyMs: number }
  | { readonly kind: 'rewrite'; readonly rewrite: (reply: Reply, request: LoggedRequest) => Reply }

/** A scripted failure: `times` matching requests are struck (once by default) after `after` matching ones have passed. */
export interface Fault {
  readonly method?: string
  /** Matched against path and query. */
  readonly path?: RegExp
  readonly after?: number
  readonly times?: number
  readonly strike: Strike
}

/** Answers in place of the registry, once the request's body has been read. */
export function answer(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Strike {
  return { kind: 'answer', reply: { status, headers, body: Buffer.from(body) }, beforeBody: false }
}

/** Answers at once and closes, whatever is still on its way: the 413 of a proxy. */
export function answerEarly(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Strike {
  return { kind: 'answer', reply: { status, headers, body: Buffer.from(body) }, beforeBody: true }
}

/** An answer with the errors body of the distribution spec. */
export function refuse(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): Strike {
  return answer(status, { 'content-type': 'application/json', ...headers }, JSON.stringify({ errors: [{ code, message }] }))
}

/** Cuts the connection once this many bytes of the request's body came (0: at once). An upload keeps what came. */
export function reset(afterReceived = 0): Strike {
  return { kind: 'reset', afterReceived }
}

/** Takes the request and never answers. */
export function hang(): Strike {
  return { kind: 'hang' }
}

/** Sends the real answer's head and this many bytes of its body, then cuts the connection. */
export function cut(afterSent: number): Strike {
  return { kind: 'cut', afterSent, stall: false }
}

/** As {@link cut}, but the connection stays open and silent. */
export function stall(afterSent: number): Strike {
  return { kind: 'cut', afterSent, stall: true }
}

/** Answers with a body that never ends: as fast as it is taken, or a byte every so many milliseconds, which no idle timeout ends. */
export function endless(status: number, everyMs = 0, headers: Readonly<Record<string, string>> = {}): Strike {
  return { kind: 'endless', reply: { status, headers }, everyMs }
}

/** Changes the real answer: other content, other headers, another Location. */
export function rewrite(change: (reply: Reply, request: LoggedRequest) => Reply): Strike {
  return { kind: 'rewrite', rewrite: change }
}

/** The real answer with these headers set. */
export function withHeaders(headers: Readonly<Record<string, string>>): Strike {
  return rewrite((reply) => ({ ...reply, headers: { ...reply.headers, ...headers } }))
}

/** Hands out the strike for a request, and counts. */
export class FaultScript {
  readonly #faults: { readonly fault: Fault; seen: number }[] = []

  add(fault: Fault): void {
    this.#faults.push({ fault, seen: 0 })
  }

  strike(request: LoggedRequest): Strike | undefined {
    for (const entry of this.#faults) {
      const { method, path, after = 0, times = 1 } = entry.fault
      if (method !== undefined && method !== request.method) continue
      if (path !== undefined && !path.test(request.path)) continue
      entry.seen += 1
      if (entry.seen > after && entry.seen <= after + times) return entry.fault.strike
    }
    return undefined
  }
}
