import { Writable } from 'node:stream'
import { goArchitecture } from '../../src/cli/context.ts'
import { run } from '../../src/cli/run.ts'

/** What one command line did. */
export interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd: string
  /** A folder for HOME and the cache, so that no run sees another's. */
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** The architecture of this machine in Go's words. */
export const hostArch = goArchitecture(process.arch, 'LE')

/** Runs the command line in this process, as `bp-package` in a pipe. */
export async function runCli(args: readonly string[], { cwd, home, env = {}, signal }: CliOptions): Promise<CliResult> {
  const stdout = new TextSink()
  const stderr = new TextSink()
  const context = { env: { HOME: home, ...env }, cwd, hostArch, stdout, stderr, now: () => performance.now(), signal: signal ?? new AbortController().signal }
  const code = await run(args, '0.0.0', context)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

class TextSink extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}
