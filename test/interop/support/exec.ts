import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ExecOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called once the program runs; a test that interrupts it holds on to the child. */
  readonly started?: (child: ChildProcess) => void
}

/** Runs a program to its end, whatever the end is. Its environment is what is given, and PATH. */
export async function attempt(program: string, args: readonly string[], options: ExecOptions = {}): Promise<Finished> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  options.started?.(child)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number | null, stdout, stderr }
}

/** Runs a program that has to succeed, and gives what it printed. */
export async function exec(program: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(program, args, options)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`)
  return stdout
}

/** Of the programs that go by another name there, as .ci/run installs them. */
const debianPackages: Readonly<Record<string, string>> = { dockerd: 'docker.io', busybox: 'busybox-static', 'libdeflate-gzip': 'libdeflate-tools' }

/** Fails with all the programs that are not installed: a suite that skips is green for the wrong reason. */
export async function checkPrograms(names: readonly string[]): Promise<void> {
  const missing: string[] = []
  for (const name of names) if ((await attempt('sh', ['-c', `command -v ${name}`])).code !== 0) missing.push(name)
  const packages = [...new Set(missing.map((name) => debianPackages[name] ?? name))]
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}. On Debian: apt-get install ${packages.join(' ')}`)
}
