import type { ErrorCode } from '../errors.ts'
import { PackagerError } from '../errors.ts'
import type { EnginePlace } from './places.ts'
import { formatPlace } from './places.ts'

/** A system's code, in words that say what an author can do about it. */
const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such socket',
  ENOTDIR: 'no such socket',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ECONNREFUSED: 'nothing listens there',
  ENOTSOCK: 'nothing listens there',
  ENOTFOUND: 'no such host',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half-way',
  UND_ERR_SOCKET: 'the engine closed the connection',
  ECONNRESET: 'the engine closed the connection',
  EPIPE: 'the engine closed the connection',
}

const startHint = 'start Docker or Podman (systemctl --user start podman.socket), or name a socket with DOCKER_HOST=unix:///PATH'
const permissionHint = 'the user needs access to that socket: the docker group for Docker; Podman without root has a socket below XDG_RUNTIME_DIR'
const tlsHint = 'DOCKER_TLS_VERIFY=1 asks for TLS, DOCKER_CERT_PATH is the folder with ca.pem, cert.pem and key.pem'

/** A request that got no answer. */
export function connectionFault(step: string, place: EnginePlace, cause: unknown): PackagerError {
  const code = codeOf(cause)
  const found = words[code] ?? messageOf(cause)
  return new PackagerError({ code: kindOf(code), step, value: formatPlace(place), found, hint: hintFor(code, place), cause })
}

/** No place has an engine: each with its own reason. */
export function noEngineFault(failures: readonly PackagerError[]): PackagerError {
  const [first] = failures
  if (failures.length === 1 && first !== undefined) return first
  const denied = failures.find(({ code }) => code === 'UNAUTHORIZED')
  return new PackagerError({
    code: denied === undefined ? 'NOT_FOUND' : 'UNAUTHORIZED',
    step: 'find an engine',
    found: failures.map((failure) => failure.message.replace(`${failure.step} `, '')).join('; '),
    wanted: 'the socket of a running Docker or Podman',
    hint: denied?.hint ?? startHint,
    cause: denied ?? first,
  })
}

/** An answer that says no, in the engine's own words: `{"message":"..."}`, from both engines. */
export function refusal(step: string, value: string, status: number, text: string): PackagerError {
  const code: ErrorCode = status === 401 || status === 403 ? 'UNAUTHORIZED' : 'OUTPUT'
  const message = messageIn(text)
  const hint = message.includes('HTTP request to an HTTPS server') ? tlsHint : undefined
  return new PackagerError({ code, step, value, found: `status ${status}${message === '' ? '' : `: ${message}`}`, hint })
}

/** Text from an engine, fit for a message: one line, no control characters, not endless. */
export function printable(text: string, longest = 500): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  return line.length > longest ? `${line.slice(0, longest)}...` : line
}

function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string') return printable(value.message)
  } catch {
    // Not JSON: the text itself is the message.
  }
  return printable(text)
}

function kindOf(code: string): ErrorCode {
  if (code === 'EACCES' || code === 'EPERM') return 'UNAUTHORIZED'
  return words[code]?.startsWith('no such') === true ? 'NOT_FOUND' : 'NETWORK'
}

function hintFor(code: string, { address, tls }: EnginePlace): string | undefined {
  if (code === 'EACCES' || code === 'EPERM') return permissionHint
  if (['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ENOTSOCK'].includes(code)) return startHint
  if (address.kind === 'tcp' && (tls !== undefined || code === 'UND_ERR_SOCKET' || code === 'ECONNRESET')) return tlsHint
  return undefined
}

/** The first code in the error, what caused it, or the parts it is made of; '' where there is none. */
function codeOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 5) return ''
  const parts = error instanceof AggregateError ? (error.errors as readonly unknown[]) : []
  const own = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const inner = [error.cause, ...parts].map((part) => codeOf(part, depth + 1)).find((code) => code !== '')
  return own === '' || own === 'UND_ERR_SOCKET' ? (inner ?? own) : own
}

function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error))
}
