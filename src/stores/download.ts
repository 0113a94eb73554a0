import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { open, rm } from 'node:fs/promises'
import { cancelled, spoolError } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Digest } from '../oci/digest.ts'
import type { Answer, Caller } from '../registry/call.ts'
import { discard, drop } from '../registry/call.ts'
import { networkSetback } from '../registry/network.ts'
import type { RegistrySettings } from '../registry/origin.ts'
import { allowsHttp } from '../registry/origin.ts'
import { redactUrl } from '../registry/redact.ts'
import { redirecting } from '../registry/redirect.ts'
import { refusal } from '../registry/refusal.ts'
import type { RetryPolicy, Sleep } from '../registry/retry.ts'
import { retrying, sleepFor } from '../registry/retry.ts'
import { Setback } from '../registry/setback.ts'
import type { Timeouts } from '../registry/transport.ts'
import { createTransport } from '../registry/transport.ts'

export interface DownloadOptions {
  /** Proxies, and certificates to trust, are looked for in it. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  readonly settings: RegistrySettings
  readonly userAgent: string
  readonly report: Report
  readonly signal?: AbortSignal | undefined
  /** Of each request, the first one included. */
  readonly maxTries?: number
  readonly timeouts?: Partial<Timeouts>
  readonly sleep?: Sleep
  readonly random?: () => number
}

/** A file that was downloaded. */
export interface Downloaded {
  readonly digest: Digest
  readonly size: number
}

/** Gets what is no image from servers that are no registries. One for a run, so that connections are shared. */
export interface Downloads {
  /** Writes a new file; where it fails there is none. */
  file(url: URL, path: string, maxBytes: number): Promise<Downloaded>
  /** UTF-8 text, or `undefined` where there is nothing (404, 410). */
  text(url: URL, maxBytes?: number): Promise<string | undefined>
  /** Whether what comes from there can be told from what somebody on the way made of it, or nobody minds. */
  isTrusted(url: URL): boolean
  close(): Promise<void>
}

const defaultTimeouts: Timeouts = { connectMs: 15_000, headersMs: 60_000, storedMs: 60_000, idleMs: 60_000, smallBodyMs: 15_000 }
const defaultTries = 5
const connections = 4
const largestText = 16 * 1024 ** 2
const login = 'only user and password in the address itself are sent: https://USER:PASSWORD@HOST/...'

/**
 * Downloads with what registries are spoken to with: redirects by hand and never down to http, proxies, certificates,
 * timeouts, retries. User and password of an address go to its own origin alone; no credentials of registries are sent.
 */
export function openDownloads(options: DownloadOptions): Downloads {
  const { maxTries = defaultTries, sleep = sleepFor, random = Math.random } = options
  const transport = createTransport({ ...options, connections, timeouts: { ...defaultTimeouts, ...options.timeouts } })
  const getter = new Getter(redirecting(transport.call, options.settings), { maxTries, sleep, random }, options)
  return {
    file: (url, path, maxBytes) => getter.file(url, path, maxBytes),
    text: (url, maxBytes = largestText) => getter.text(url, maxBytes),
    isTrusted: (url) => url.protocol === 'https:' || allowsHttp(url, options.settings),
    close: () => transport.close(),
  }
}

class Getter {
  readonly #caller: Caller
  readonly #policy: RetryPolicy
  readonly #options: DownloadOptions

  constructor(caller: Caller, policy: RetryPolicy, options: DownloadOptions) {
    this.#caller = caller
    this.#policy = policy
    this.#options = options
  }

  async file(url: URL, path: string, maxBytes: number): Promise<Downloaded> {
    const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
      throw spoolError(path, cause)
    })
    try {
      const downloaded = await this.#trying(url, async (answer) => {
        const hash = createHash('sha256')
        // A second try begins again: the server may have another file by now.
        await file.truncate(0)
        let size = 0
        for await (const piece of body(answer, maxBytes)) {
          hash.update(piece)
          await write(file, path, piece, size)
          size += piece.length
        }
        return { digest: `sha256:${hash.digest('hex')}`, size } as const
      })
      await file.close()
      return downloaded
    } catch (cause) {
      await file.close()
      await rm(path, { force: true })
      throw cause
    }
  }

  async text(url: URL, maxBytes: number): Promise<string | undefined> {
    const read = async (answer: Answer): Promise<string> => {
      const pieces: Buffer[] = []
      for await (const piece of body(answer, maxBytes)) pieces.push(piece)
      return Buffer.concat(pieces).toString('utf8')
    }
    return this.#trying(url, async (answer) => {
      if (answer.status !== 404 && answer.status !== 410) return read(answer)
      await discard(answer)
      return undefined
    })
  }

  async #trying<T>(url: URL, use: (answer: Answer) => Promise<T>): Promise<T> {
    const { report, signal } = this.#options
    const { bare, headers } = withoutUser(url)
    return retrying(this.#policy, { step: 'download', value: redactUrl(bare), signal, report }, async () => {
      const answer = await this.#caller({ method: 'GET', url: bare, headers, signal })
      try {
        return await use(answer)
      } catch (cause) {
        drop(answer)
        if (signal?.aborted === true) throw cancelled(`download ${redactUrl(bare)}`, cause)
        throw networkSetback(answer, cause)
      }
    })
  }
}

/** The bytes of a good answer, and no more than are allowed. */
async function* body(answer: Answer, maxBytes: number): AsyncGenerator<Buffer> {
  if (answer.status !== 200) throw await refusal(answer, Date.now(), login)
  const tooLarge = (found: string): Setback =>
    new Setback({ code: 'UNSUPPORTED', found: `GET ${redactUrl(answer.url)}: ${found}`, wanted: `at most ${maxBytes} bytes`, transient: false })
  const told = Number(answer.headers['content-length'] ?? 0)
  if (told > maxBytes) throw tooLarge(`${told} bytes`)
  let size = 0
  for await (const piece of answer.body as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > maxBytes) throw tooLarge('more bytes than that')
    yield piece
  }
}

async function write(file: FileHandle, path: string, bytes: Buffer, position: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  } catch (cause) {
    throw spoolError(path, cause)
  }
}

/** User and password of an address become a header, which redirects to other origins leave behind. */
function withoutUser(url: URL): { readonly bare: URL; readonly headers: Readonly<Record<string, string>> } {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  bare.hash = ''
  if (url.username === '' && url.password === '') return { bare, headers: {} }
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`
  return { bare, headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
