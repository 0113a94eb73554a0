import type { Readable } from 'node:stream'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Bytes that can be sent, and sent again: a redirect, a new token or a retry opens them afresh. */
export interface RequestBody {
  readonly size: number
  open(): Readable | Promise<Readable>
}

/** One HTTP request to one URL. */
export interface Call {
  readonly method: Method
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | RequestBody | undefined
  readonly signal?: AbortSignal | undefined
}

/** What came back: the head, and a body that has not been read. Somebody must read or discard it. */
export interface Answer {
  /** Where it came from, after any redirects. */
  readonly url: URL
  readonly method: Method
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Readable
  /** How long the body may take where it is no content: a token, an error, or nothing anybody reads. */
  readonly patienceMs: number
}

/** Sends a call. Wrappers around a caller (redirects, authorization, retries) are callers again. */
export type Caller = (call: Call) => Promise<Answer>

/** No error body, token or ping is worth more than this many bytes. */
const worthReading = 64 * 1024

/** Gives the connection back: reads what little is left, or closes where a server goes on and on. */
export async function discard(answer: Answer): Promise<void> {
  await readText(answer, worthReading).catch(() => undefined)
}

/** Closes an answer of which nothing is wanted any more. A body that nobody has begun to read fails by that, and nobody would hear it. */
export function drop({ body }: Answer): void {
  body.on('error', () => undefined).destroy()
}

/**
 * At most `limit` bytes of the body, as text; the rest is dropped together with the connection. Rejects where it takes longer
 * than the answer is given: a byte now and then would keep every other timeout from ending it.
 */
export async function readText(answer: Answer, limit: number = worthReading): Promise<string> {
  const { body, patienceMs } = answer
  const chunks: Buffer[] = []
  let size = 0
  const timer = setTimeout(() => body.destroy(new BodyTimeout(`a body that took longer than ${patienceMs} ms`)), patienceMs)
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, limit - size))
      size += chunk.byteLength
      if (size >= limit) break
    }
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Told as undici's own timeout of a body is. */
class BodyTimeout extends Error {
  readonly code = 'UND_ERR_BODY_TIMEOUT'
}
