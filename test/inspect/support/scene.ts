import type { Comparison } from '../../../src/inspect/comparison.ts'
import type { InspectedFile, InspectedPlatform, Inspection } from '../../../src/inspect/inspection.ts'
import type { CliResult } from '../../support/cli.ts'
import { runCli } from '../../support/cli.ts'
import type { TestRegistry } from '../../support/registry/registry.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import type { InlineFiles } from '../../support/tree/tree.ts'
import { inlineTree } from '../../support/tree/tree.ts'

/** What `--json` prints, as far as a test looks into it. */
export interface Shown extends Omit<Inspection, 'platforms'> {
  readonly platforms: readonly (Omit<InspectedPlatform, 'files' | 'problems' | 'digest'> & { readonly digest: string; readonly files: readonly InspectedFile[]; readonly problems: readonly string[] })[]
}

/** A registry, a folder with files to name, and `bp-package inspect` in it. */
export interface Scene extends AsyncDisposable {
  readonly registry: TestRegistry
  readonly path: string
  readonly run: (...words: string[]) => Promise<CliResult>
  readonly inspect: (...words: string[]) => Promise<CliResult>
  /** What `--json` prints; a run that fails is a failure of the test. */
  readonly json: (...words: string[]) => Promise<Shown>
  readonly compared: (...words: string[]) => Promise<Comparison>
}

export async function openScene(files: InlineFiles = {}, env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const [registry, tree] = await Promise.all([startRegistry(), inlineTree(files)])
  const run: Scene['run'] = (...words) => runCli(words, { cwd: tree.path, home: `${tree.path}/.home`, env: { TMPDIR: tree.path, ...env } })
  return {
    registry,
    path: tree.path,
    run,
    inspect: (...words) => run('inspect', ...words),
    json: async (...words) => (await parsed(run('inspect', ...words, '--json'))) as Shown,
    compared: async (...words) => (await parsed(run('inspect', ...words, '--json'))) as Comparison,
    [Symbol.asyncDispose]: async () => {
      await registry.close()
      await tree.remove()
    },
  }
}

async function parsed(running: Promise<CliResult>): Promise<unknown> {
  const { code, stdout, stderr } = await running
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
