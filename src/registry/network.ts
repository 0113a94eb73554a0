import { PackagerError, systemCode } from '../errors.ts'
import type { Call } from './call.ts'
import { printable, redactUrl } from './redact.ts'
import { Setback } from './setback.ts'

/** Failures of a connection that another one may not have. */
const passing = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
  'ERR_STREAM_PREMATURE_CLOSE',
])

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

const timeouts: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half-way',
}

/** A call that got no answer, with the system's own words: undici keeps them in `cause`, or in a list of one per address. */
export function networkSetback({ method, url }: Pick<Call, 'method' | 'url'>, cause: unknown): Error {
  if (cause instanceof PackagerError || cause instanceof Setback) return cause
  const codes = causes(cause).flatMap((error) => ('code' in error && typeof error.code === 'string' ? [error.code] : []))
  return new Setback({
    code: 'NETWORK',
    found: `${method} ${redactUrl(url)}: ${describeCause(cause)}`,
    hint: deadProxy(cause, url) ?? hintFor(codes, url),
    transient: codes.some((code) => passing.has(code)),
    cause,
  })
}

/** Whether a TLS handshake failed because the other side does not speak TLS, or not on this connection. */
export function isNotTls(error: unknown): boolean {
  return causes(error).some((cause) => {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    return code.startsWith('ERR_SSL_') || ['EPROTO', 'ECONNRESET', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'].includes(code)
  })
}

/** Whether nobody listens there at all, so that trying again at once is in vain. */
export function isNobodyThere(error: unknown): boolean {
  return causes(error).some((cause) => 'code' in cause && cause.code === 'ECONNREFUSED')
}

function describeCause(cause: unknown): string {
  const texts = causes(cause).map((error) => {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
    const message = printable(timeouts[code] ?? error.message)
    return message.includes(code) ? message : `${message} (${code})`
  })
  return [...new Set(texts.filter((text) => text !== ''))].join(': ') || 'no connection'
}

/** The error, what caused it, and what caused that; of an AggregateError its parts. Five levels are enough for anything real. */
function causes(error: unknown, depth = 0): readonly Error[] {
  if (!(error instanceof Error) || depth > 5) return []
  const parts = error instanceof AggregateError ? error.errors.slice(0, 4).flatMap((part: unknown) => causes(part, depth + 1)) : []
  const own = error instanceof AggregateError && parts.length > 0 ? [] : [error]
  return [...own, ...parts, ...causes(error.cause, depth + 1)]
}

/** Whoever refuses at another port than the URL's is no registry. */
function deadProxy(cause: unknown, url: URL): string | undefined {
  const port = Number(url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol] : url.port)
  const other = causes(cause).find((error) => systemCode(error) === 'ECONNREFUSED' && 'port' in error && error.port !== port)
  if (other === undefined || !('address' in other) || !('port' in other)) return undefined
  return `nothing listens at ${String(other.address)}:${String(other.port)}, the proxy to ${url.host}; check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY`
}

function hintFor(codes: readonly string[], url: URL): string | undefined {
  const has = (test: (code: string) => boolean): boolean => codes.some(test)
  if (has((code) => untrusted.has(code))) {
    return `give its certificate authority with --ca-file FILE, or accept any with --skip-tls-verify ${url.host}`
  }
  if (codes.includes('CERT_HAS_EXPIRED')) return `the certificate has expired; --skip-tls-verify ${url.host} accepts it`
  if (codes.includes('ERR_TLS_CERT_ALTNAME_INVALID')) return `the certificate is for another name; --skip-tls-verify ${url.host} accepts it`
  if (has((code) => /^(EPROTO$|ERR_SSL_)/.test(code))) return `where ${url.host} speaks plain http, say --plain-http ${url.host}`
  // A server that waits for TLS ends the first connection, which asks for /v2/, or answers with an alert that is no HTTP.
  if (url.protocol === 'http:' && url.pathname === '/v2/' && has((code) => /^(ECONNRESET$|EPIPE$|UND_ERR_SOCKET$|HPE_)/.test(code))) {
    return `where ${url.host} speaks TLS, leave --plain-http out; --insecure ${url.host} tries both`
  }
  if (codes.includes('ECONNREFUSED')) return `nothing listens at ${url.host}; check the host and the port`
  if (codes.includes('ENOTFOUND')) return `no such host: ${url.hostname}; check the name, and HTTPS_PROXY where there is a proxy`
  return undefined
}
