import { STATUS_CODES } from 'node:http'
import type { ErrorCode } from '../errors.ts'
import { count } from '../quantities.ts'
import type { Answer } from './call.ts'
import { readText } from './call.ts'
import { printable, redactUrl } from './redact.ts'
import { retryAfterMs } from './retry.ts'
import { Setback } from './setback.ts'

/** Statuses that may be different in a moment. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504])

/**
 * A manifest is written after what it names, so a registry that does not know that yet is behind: its storage is
 * eventually consistent, or another job writes the same blob's link at this moment (registry 2.8 empties it first).
 */
const behind = /\b(MANIFEST_BLOB_UNKNOWN|BLOB_UNKNOWN|MANIFEST_UNKNOWN)\b/

/** The session of an upload is gone: the registry has several machines, or a proxy sent the request twice. A new one may do. */
const lost = /\bBLOB_UPLOAD_(UNKNOWN|INVALID)\b/

const behindHint = 'the registry does not know what was sent to it before this: run it again, and look at its storage if that does not help'

/** What an unexpected answer means: method, redacted URL, status, the registry's own code and message, and what to do about it. */
export async function refusal(answer: Answer, now: number, login: string | undefined): Promise<Setback> {
  const { status, method, url, headers } = answer
  const own = withoutSecrets(ownWords(await readText(answer).catch(() => ''), headers['content-type'] ?? ''))
  const isBehind = method === 'PUT' && behind.test(own)
  const name = STATUS_CODES[status]
  const retryAfter = retryAfterMs(headers['retry-after'], now)
  return new Setback({
    code: codeFor(answer),
    found: `${method} ${redactUrl(url)}: status ${status}${name === undefined ? '' : ` ${name}`}${own === '' ? '' : `: ${own}`}`,
    hint: isBehind ? behindHint : hintFor(status, own, login, retryAfter),
    status,
    transient: isBehind || passing.has(status) || (method === 'PUT' && lost.test(own)),
    retryAfterMs: retryAfter,
  })
}

/** `CODE: message` of each error (distribution-spec, "Error codes"); a short text where the body is something else, nothing of a web page. */
function ownWords(body: string, contentType: string): string {
  try {
    const value: unknown = JSON.parse(body)
    const errors = typeof value === 'object' && value !== null && 'errors' in value && Array.isArray(value.errors) ? value.errors : [value]
    return printable(errors.slice(0, 5).map(oneError).filter((text) => text !== '').join('; '))
  } catch {
    return contentType.includes('html') ? '' : printable(body, 200)
  }
}

function oneError(error: unknown): string {
  const { code, message, details, detail, error: kind } = (error ?? {}) as Record<string, unknown>
  const parts = [code ?? kind, message ?? details].filter((part): part is string => typeof part === 'string' && part !== '')
  const more = detail === undefined || detail === null ? '' : ` ${printable(JSON.stringify(detail), 200)}`
  return `${parts.join(': ')}${more}`
}

/** A server that shows us our own headers would have them in every log. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/\b(basic|bearer)\s+[\w.~+/=-]{4,}/gi, '$1 REDACTED')
}

/** `NOT_FOUND` is for what was asked for; an upload that finds no repository has failed. */
function codeFor({ status, method }: Answer): ErrorCode {
  if (status === 401 || status === 403) return 'UNAUTHORIZED'
  return status === 404 && (method === 'GET' || method === 'HEAD') ? 'NOT_FOUND' : 'REGISTRY'
}

/** A tag is what it is for good: by status each registry says another thing (ECR 400, Harbor 412, others 403 or 409), in words the same. */
const fixedTag = /\bimmutable\b|cannot be overwritten/i

function hintFor(status: number, own: string, login: string | undefined, retryAfter: number | undefined): string | undefined {
  if (status >= 400 && fixedTag.test(own)) return 'a tag of this repository that stands for something cannot be set again: publish under another one'
  if (status === 401 || status === 403) return login
  if (own.startsWith('NAME_UNKNOWN')) return 'some registries want a repository to be created before the first push'
  if (status === 413) return 'the registry, or a proxy before it, takes no requests of this size'
  if (status === 429) {
    const wait = retryAfter === undefined ? '' : `, and asks to wait ${count(Math.ceil(retryAfter / 60_000), 'minute')}`
    return `the registry limits requests${wait}; try later, log in, or lower --concurrency`
  }
  if (status < 400) return 'no registry answers this so: something else is at this address, or in front of it'
  if (status === 400 && /http request (was sent|to an https)/i.test(own)) return 'the registry speaks https here: leave --plain-http out'
  return undefined
}
