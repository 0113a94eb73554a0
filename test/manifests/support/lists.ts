import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CliResult } from '../../support/cli.ts'
import type { CaseImage } from '../../support/vectors/manifest-case.ts'
import type { ManifestGround } from '../../support/vectors/manifest-ground.ts'

/** Platforms of images that a list can hold side by side. */
export const platforms = ['amd64', 'arm64', 's390x', 'ppc64le', 'riscv64', 'mips64le', '386', 'loong64'] as const

/** An image of the repository `app` for each architecture, tagged with it. */
export function imagesFor(architectures: readonly string[]): Record<string, CaseImage> {
  return Object.fromEntries(architectures.map((architecture) => [architecture, imageFor(architecture)]))
}

function imageFor(architecture: string): CaseImage {
  return { config: { os: 'linux', architecture }, layers: [{ payload: architecture }], tag: architecture }
}

/** Where the local lists of a ground are. */
export function listsFolder(ground: ManifestGround): string {
  return join(ground.home, '.local/share/bp-package/manifests')
}

export function listNames(ground: ManifestGround): Promise<string[]> {
  return readdir(listsFolder(ground))
}

/** Runs a command that has to succeed. */
export async function succeed(ground: ManifestGround, ...args: readonly string[]): Promise<CliResult> {
  const result = await ground.run(args)
  if (result.code !== 0) throw new Error(`bp-package ${args.join(' ')}: exit ${result.code}\n${result.stderr}`)
  return result
}

/** The architectures of a local list, in its order; undefined where there is no such list. */
export async function architecturesIn(ground: ManifestGround, list: string): Promise<string[] | undefined> {
  const { code, stderr } = await ground.run(['manifest', 'exists', list])
  if (code === 1) return undefined
  if (code !== 0) throw new Error(`manifest exists ${list}: exit ${code}\n${stderr}`)
  const { stdout } = await succeed(ground, 'manifest', 'inspect', '--local', list)
  const { manifests = [] } = JSON.parse(stdout) as { readonly manifests?: readonly { readonly platform: { readonly architecture: string } }[] }
  return manifests.map(({ platform }) => platform.architecture)
}

/** More changes of files than any command makes. */
export const plenty = 200

/** The environment of a process that dies at its n-th change of a file among the local lists. */
export function killedAt(ground: ManifestGround, change: number): Record<string, string> {
  const preload = fileURLToPath(new URL('kill-at.js', import.meta.url))
  return { NODE_OPTIONS: `--import=${preload}`, BP_TEST_KILL_AT: String(change), BP_TEST_KILL_BELOW: listsFolder(ground) }
}
