import { spawn } from 'node:child_process'
import { cancelled, PackagerError, reason, systemCode } from '../errors.ts'
import type { CredentialOptions, Credentials } from './credential.ts'
import { printable } from './redact.ts'

const defaultPatienceMs = 60_000
const longestOutput = 1024 * 1024

interface Ended {
  readonly status: number | null
  readonly killed: boolean
  readonly stdout: string
  readonly stderr: string
}

/**
 * Asks `docker-credential-<name> get` for a host (docker/docker-credential-helpers, "Development").
 * `undefined` where the helper knows nothing of it; any other failure is an error with the helper, the host and its words.
 */
export async function askHelper(name: string, host: string, file: string, options: CredentialOptions): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`
  const fail = (found: string, hint?: string, cause?: unknown): PackagerError =>
    new PackagerError({ code: 'CREDENTIALS', step: `get credentials for ${host} from ${program}`, found, hint, cause })
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) throw fail(`"${printable(name, 60)}" is no name of a helper (in ${file})`)
  const { patienceMs = defaultPatienceMs } = options
  const { status, killed, stdout, stderr } = await run(program, host, { ...options, patienceMs }).catch((cause: unknown) => {
    if (options.signal?.aborted === true) throw cancelled('get credentials', cause)
    if (systemCode(cause) === 'ENOENT') throw fail('no such program on PATH', `${file} names it; install it, or take the entry out`, cause)
    throw fail(reason(cause), undefined, cause)
  })
  if (killed) throw fail(`no answer in ${patienceMs / 1000} seconds`, 'it may wait for somebody to unlock it')
  if (status !== 0) {
    if (/credentials not found/i.test(stdout) || /credentials not found/i.test(stderr)) return undefined
    const words = printable([stderr, stdout].filter((text) => text.trim() !== '').join(': '))
    throw fail(`it ended with ${status === null ? 'a signal' : `status ${status}`}${words === '' ? '' : `: ${words}`}`)
  }
  return readAnswer(stdout, `${program} (in ${file})`) ?? failed(fail('an answer without Username and Secret'))
}

function failed(error: PackagerError): never {
  throw error
}

/** The user name `<token>` says that the secret is an identity token. */
function readAnswer(stdout: string, source: string): Credentials | undefined {
  let value: unknown
  try {
    value = JSON.parse(stdout)
  } catch {
    return undefined
  }
  const { Username, Secret } = (value ?? {}) as Record<string, unknown>
  if (typeof Username !== 'string' || typeof Secret !== 'string' || Secret === '') return undefined
  return Username === '<token>' ? { identityToken: Secret, source } : { username: Username, password: Secret, source }
}

/** For what is still in the pipes when the helper has ended. */
const afterExitMs = 1000

function run(program: string, host: string, { env, signal, patienceMs }: CredentialOptions & { readonly patienceMs: number }): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { env: { ...env }, signal, timeout: patienceMs, killSignal: 'SIGKILL', stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] = (output[name] + text).slice(0, longestOutput)
      })
    }
    const end = (status: number | null): void => resolve({ status, killed: child.killed, ...output })
    child.on('error', reject)
    child.on('close', end)
    // A child of the helper's own may hold the pipes open for ever: what was said before the helper ended is all there is.
    child.on('exit', (status) => {
      const close = (): void => {
        for (const name of ['stdout', 'stderr'] as const) child[name].destroy()
        end(status)
      }
      setTimeout(close, afterExitMs).unref()
    })
    // A helper that ends without reading its input is judged by its status.
    child.stdin.on('error', () => undefined)
    child.stdin.end(host)
  })
}
