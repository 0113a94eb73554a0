import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuilderOptions } from '../../../src/builder/options.ts'
import { createBuilder } from '../../../src/builder/run.ts'
import { PackagerError, formatProblem } from '../../../src/errors.ts'
import type { Event } from '../../../src/events.ts'
import type { RunResult } from '../../../src/publish/options.ts'
import type { CaseImage } from '../../support/builder-vectors/case.ts'
import { pushBase } from '../../support/builder-vectors/images.ts'
import type { TestRegistry } from '../../support/registry/registry.ts'
import { startRegistry } from '../../support/registry/registry.ts'
import type { InlineFiles, Tree } from '../../support/tree/tree.ts'
import { inlineTree } from '../../support/tree/tree.ts'

const program = { content: '#!/bin/sh\n', mode: 0o755 }
const phases = ['detector', 'restorer', 'analyzer', 'builder', 'exporter', 'launcher', 'creator']

/** A lifecycle's folder of scripts. */
export const lifecycle: InlineFiles = {
  'lifecycle/lifecycle.toml': '[lifecycle]\nversion = "0.20.0"\n[apis.buildpack]\nsupported = ["0.9", "0.10"]\n[apis.platform]\nsupported = ["0.12", "0.13"]\n',
  ...Object.fromEntries(phases.map((name) => [`lifecycle/bin/${name}`, program])),
}

/** A buildpack in the folder of its id's last part, for these targets. */
export function buildpack(id: string, version: string, { targets = ['linux/amd64', 'linux/arm64'], api = '0.10', more = '' } = {}): InlineFiles {
  const tables = targets.map((target) => {
    const [os, arch] = target.split('/')
    return `[[targets]]\nos = "${os}"\narch = "${arch}"\n`
  })
  const folder = id.split('/').at(-1) ?? id
  return {
    [`${folder}/buildpack.toml`]: `api = "${api}"\n[buildpack]\nid = "${id}"\nversion = "${version}"\n${tables.join('')}${more}`,
    [`${folder}/bin/build`]: { content: `#!/bin/sh\necho ${id}\n`, mode: 0o755 },
    [`${folder}/bin/detect`]: program,
  }
}

/** A base image's config, as builds need it. */
export const baseConfig = { User: '1001:1000', Env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1000'] }

export function baseImage(architecture: string, config: CaseImage['config'] = baseConfig): CaseImage {
  return { platform: { os: 'linux', architecture }, config, layers: [{ entries: [{ path: `etc/${architecture}`, type: 'file', content: 'base\n' }] }] }
}

/** A registry with a build and a run image for two platforms, a folder with a lifecycle and more, and what was reported. */
export interface BuilderGround extends AsyncDisposable {
  readonly registry: TestRegistry
  readonly tree: Tree
  readonly cache: string
  readonly events: Event[]
  /** Puts an image, or with several an index, into the registry. */
  push(name: string, images: readonly CaseImage[], mediaTypes?: 'oci' | 'docker'): Promise<void>
  /** Creates `HOST/acme/builder:1`. */
  run(rest?: Partial<BuilderOptions>): Promise<RunResult>
  /** What a run that fails says: the message, then each problem in its file; the error code in front. */
  refusal(rest?: Partial<BuilderOptions>): Promise<string>
  warnings(): readonly string[]
}

/** @param toml builder.toml; `HOST` in it becomes the registry's address */
export async function openBuilderGround(toml: string, files: InlineFiles = {}): Promise<BuilderGround> {
  const registry = await startRegistry()
  const tree = await inlineTree({ ...lifecycle, ...files, 'builder.toml': toml.replaceAll('HOST', registry.host) })
  const [home, temporary] = [join(tree.path, 'home'), join(tree.path, 'temporary')]
  for (const folder of [home, temporary]) await mkdir(folder)
  const events: Event[] = []
  const push = (name: string, images: readonly CaseImage[], mediaTypes: 'oci' | 'docker' = 'oci'): Promise<void> =>
    pushBase(`${registry.host}/${name}`, { ref: name, index: images.length > 1, mediaTypes, images }, (text) => text)
  for (const name of ['acme/build:1', 'acme/run:1']) await push(name, [baseImage('amd64'), baseImage('arm64')])
  const run = (rest: Partial<BuilderOptions> = {}): Promise<RunResult> =>
    createBuilder({
      cwd: tree.path,
      config: 'builder.toml',
      name: `${registry.host}/acme/builder:1`,
      env: { HOME: home, TMPDIR: temporary },
      hostArch: 'amd64',
      destination: 'registry',
      cache: false,
      onEvent: (event) => events.push(event),
      ...rest,
    })
  return {
    registry,
    tree,
    cache: join(home, 'cache'),
    events,
    push,
    run,
    refusal: async (rest) => refusalOf(run(rest)),
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
    [Symbol.asyncDispose]: async () => {
      await registry.close()
      await tree.remove()
    },
  }
}

async function refusalOf(run: Promise<RunResult>): Promise<string> {
  try {
    await run
  } catch (error) {
    if (!(error instanceof PackagerError)) throw error
    return [`${error.code} ${error.message}`, ...error.problems.map(formatProblem)].join('\n')
  }
  throw new Error('it was made, where it should have been refused')
}

/** builder.toml with a build image, a run image and the lifecycle's folder, and this before them. */
export function tomlWith(head: string, { run = '[[run.images]]\nimage = "HOST/acme/run:1"\n', lifecycleUri = 'lifecycle', build = 'HOST/acme/build:1' } = {}): string {
  return `${head}\n[build]\nimage = "${build}"\n${run}[lifecycle]\nuri = "${lifecycleUri}"\n`
}

/** `[[buildpacks]]` and an order over them, by their folders and ids. */
export function modules(...ids: readonly string[]): string {
  const entries = ids.map((id) => `[[buildpacks]]\nuri = "${id.split('/').at(-1) ?? id}"\n`)
  return `${entries.join('')}[[order]]\n${ids.map((id) => `[[order.group]]\nid = "${id}"\n`).join('')}`
}

export const twoTargets = '[[targets]]\nos = "linux"\narch = "amd64"\n[[targets]]\nos = "linux"\narch = "arm64"\n'
