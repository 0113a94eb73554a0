import { endianness, homedir } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Writable } from 'node:stream'
import { readContext } from './context.ts'
import { EXIT } from './fault.ts'
import { createInterrupts } from './interrupt.ts'
import { PackagerError } from '../errors.ts'
import { report, run } from './run.ts'

/** Binds the command line to this process: its words, streams and signals, and its end. */
export async function runProcess(argv: readonly string[], version: string): Promise<void> {
  const { env, arch, stdout, stderr } = process
  const folder = currentFolder()
  for (const stream of [stdout, stderr]) stream.on('error', outputFailed)
  spareMemory()
  const host = { env, arch, stdout, stderr, cwd: () => folder ?? '/', homedir, endianness }
  // Node waits at its end for a call that the system does not give back (a drive that is away): the next signal ends that as well.
  const leave = (code: number): never => {
    for (const name of signals) process.off(name, interrupt)
    process.exit(code)
  }
  const { signal, temporary, interrupt } = createInterrupts(leave)
  for (const name of signals) process.on(name, interrupt)
  const context = { ...readContext(host, () => performance.now(), signal), temporary }
  const code = folder === undefined ? report(noFolder(), argv, context) : await run(argv, version, context)
  await Promise.all([drained(stdout), drained(stderr)])
  // Idle connections and workers would hold the process for seconds after all is done.
  leave(code)
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Milliseconds; a run that is over by then loads nothing for it. */
const longRun = 50

/**
 * A run that goes on may list a hundred thousand files, and V8 by itself lets its heap grow to several times what is in use
 * before it looks for what is not. This makes it look sooner, which for such a run saves a quarter of the memory and costs
 * no time that can be measured.
 */
function spareMemory(): void {
  setTimeout(() => {
    void import('node:v8').then((v8) => v8.setFlagsFromString('--optimize-for-size'))
  }, longRun).unref()
}

/** None where it was removed after the shell had gone there. */
function currentFolder(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}

function noFolder(): PackagerError {
  return new PackagerError({ code: 'NOT_FOUND', step: 'find the current folder', found: 'it is not there any more', hint: 'change to a folder that is there' })
}

/**
 * `bp-package ... | head -1`: whoever read has had enough, which is no failure of ours. A closed terminal says `EIO`.
 * A result that could not be written (a full disk) is one.
 */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'EIO') return
  process.stderr.write(`error: write the result: ${error.message}\n`)
  process.exit(EXIT.failed)
}

/** Waits until what was written has left the process; a stream that is closed has nothing left. */
async function drained(stream: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve())
  })
}
