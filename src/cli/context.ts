import type { Writable } from 'node:stream'

/** A stream text goes to. The fields after `write` are there only on a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }

/** Every fact of the process that the command line needs, read once, so that all below takes plain values. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** In Go's words (`amd64`, not `x64`), as targets are written. */
  readonly hostArch: string
  readonly stdout: Output
  readonly stderr: Output
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Told of each temporary folder, which a process that is made to end at once removes. */
  readonly temporary?: (folder: string) => void
}

/** What of Node's `process` and `os` is read. A test gives plain objects. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly arch: string
  readonly cwd: () => string
  readonly homedir: () => string
  readonly endianness: () => 'BE' | 'LE'
  readonly stdout: Output
  readonly stderr: Output
}

/** Node's names of architectures that Go calls otherwise. */
const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle' }

/** `HOME` is filled in where the environment lacks it: Docker's and Podman's files and the cache are looked for below it. */
export function readContext(host: Host, now: () => number, signal: AbortSignal): Context {
  const home = host.env['HOME']
  return {
    env: home === undefined || home === '' ? { ...host.env, HOME: host.homedir() } : { ...host.env },
    cwd: host.cwd(),
    hostArch: goArchitecture(host.arch, host.endianness()),
    stdout: host.stdout,
    stderr: host.stderr,
    now,
    signal,
  }
}

/** Node says `ppc64` for both byte orders; Go has `ppc64le` for the one that Linux uses today. */
export function goArchitecture(nodeArch: string, endianness: 'BE' | 'LE'): string {
  if (nodeArch === 'ppc64') return endianness === 'LE' ? 'ppc64le' : 'ppc64'
  return GO_ARCHITECTURES[nodeArch] ?? nodeArch
}

/** Whether a live list can be drawn: a terminal that moves its cursor, and nobody's build log. */
export function isLiveTerminal(context: Context): boolean {
  return context.stderr.isTTY === true && context.env['TERM'] !== 'dumb' && !isCi(context.env)
}

/** Colour on stderr: only on a terminal, and never with `NO_COLOR` (https://no-color.org). */
export function hasColor(context: Context): boolean {
  const noColor = context.env['NO_COLOR']
  return context.stderr.isTTY === true && context.env['TERM'] !== 'dumb' && (noColor === undefined || noColor === '')
}

function isCi(env: Context['env']): boolean {
  const ci = env['CI']
  return ci !== undefined && ci !== '' && ci !== 'false' && ci !== '0'
}
