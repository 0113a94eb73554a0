import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { readArchive } from '../read-back/archive.ts'
import type { ReadOutput } from '../read-back/output.ts'
import { readOutput, readTags } from '../read-back/registry.ts'
import type { CliResult } from '../cli.ts'
import { hostArch, runCli } from '../cli.ts'
import { emptyTree, snapshot, writeEntries } from '../tree/tree.ts'
import type { Outcome, PackageCase } from './case.ts'

/** What one case really did, and what the registry holds afterwards. */
export interface CaseRun extends CliResult {
  readonly repository: string
  readonly host: string
  readonly outputs: readonly ReadOutput[]
  readonly tags: readonly string[]
  /** The folder that the judged command ran in. */
  readonly cwd: string
  /** The author's folder before the judged command and after it, without the files that were asked for. */
  readonly before: Readonly<Record<string, string>>
  readonly after: Readonly<Record<string, string>>
}

/** Fills a text's `{registry}`, `{repo}` and `{host}`. */
export function filler(host: string, repository: string): (text: string) => string {
  return (text) => text.replaceAll('{registry}', host).replaceAll('{repo}', repository).replaceAll('{host}', hostArch)
}

/** Runs a case's commands against the registry at `host` (plain HTTP on loopback) and reads back what is there. */
export async function runCase(input: PackageCase, host: string, outcome: Outcome): Promise<CaseRun> {
  const repository = `vector-${randomBytes(4).toString('hex')}`
  const fill = filler(host, repository)
  const work = await emptyTree()
  const home = await emptyTree()
  try {
    await writeEntries(work.path, input.entries, fill)
    let before = await snapshot(work.path)
    let result: CliResult = { code: 0, stdout: '', stderr: '' }
    let cwd = work.path
    for (const [at, command] of input.commands.entries()) {
      const last = at === input.commands.length - 1
      cwd = join(work.path, command.cwd)
      await mkdir(cwd, { recursive: true })
      before = await snapshot(work.path)
      result = await runCli([...command.args, ...(last ? (outcome.args ?? []) : [])].map(fill), { cwd, home: home.path })
      if (!last && result.code !== 0) throw new Error(`a preparing command failed: ${result.stderr}`)
    }
    const tags = await readTags(host, repository)
    const outputs: ReadOutput[] = []
    // After a failure there is nothing to read, and why it failed is the better message.
    const wanted = result.code === 0 ? outcome.outputs : []
    for (const { kind, name } of wanted) outputs.push(kind === 'file' ? await readArchive(join(cwd, name), name) : await readNamed(host, fill(name)))
    const files = new Set(wanted.flatMap(({ kind, name }) => (kind === 'file' ? [relative(work.path, join(cwd, name))] : [])))
    const after = Object.entries(await snapshot(work.path)).filter(([path]) => !files.has(path))
    return { ...result, repository, host, cwd, outputs, tags, before, after: Object.fromEntries(after) }
  } finally {
    await work.remove()
    await home.remove()
  }
}

/** Reads `host/repository:tag`. */
export function readNamed(host: string, name: string): Promise<ReadOutput> {
  const [repository = '', tag = 'latest'] = name.slice(host.length + 1).split(':')
  return readOutput(host, repository, tag, name)
}
