import { fileURLToPath } from 'node:url'
import type { ExecOptions, Finished } from './exec.ts'
import { attempt } from './exec.ts'

const script = fileURLToPath(new URL('../../../bin/bp-package.js', import.meta.url))

/** Node 22 and later keep compiled code in the folder for temporary files, for all programs: not what a test there looks for. */
export const noCompileCache = { NODE_DISABLE_COMPILE_CACHE: '1' }

/** A sample buildpack of this repository. */
export function fixture(name: 'hello-world' | 'hello-shared' | 'hello-windows'): string {
  return fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url))
}

export interface InstalledOptions extends ExecOptions {
  /** HOME, and with it the cache and the credentials. */
  readonly home: string
  readonly node?: string
}

/** The command as a user has it: the built one, in a process of its own. */
export function attemptPackage(args: readonly string[], { home, node = process.execPath, env = {}, ...rest }: InstalledOptions): Promise<Finished> {
  return attempt(node, [script, ...args], { ...rest, env: { HOME: home, TMPDIR: home, ...env } })
}

/** As above, and it has to succeed; gives the one line of stdout. */
export async function packaged(args: readonly string[], options: InstalledOptions): Promise<string> {
  const { code, stdout, stderr } = await attemptPackage(args, options)
  if (code !== 0) throw new Error(`bp-package ${args.join(' ')}: exit ${code}\n${stderr}`)
  if (!/^[^\n]+\n$/.test(stdout)) throw new Error(`want one line on stdout, got ${JSON.stringify(stdout)}`)
  return stdout.trimEnd()
}

/** The `sha256:...` at the end of a line of results. */
export function digestIn(line: string): string {
  const digest = /sha256:[0-9a-f]{64}/.exec(line)?.[0]
  if (digest === undefined) throw new Error(`no digest in ${JSON.stringify(line)}`)
  return digest
}
