import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lifecycleBinaries } from '../../src/builder/lifecycle-files.ts'
import type { RunResult } from '../../src/publish/options.ts'
import type { CaseBase } from '../support/builder-vectors/case.ts'
import { pushBase } from '../support/builder-vectors/images.ts'
import { runCli } from '../support/cli.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import type { InlineFiles, Tree } from '../support/tree/tree.ts'
import { emptyTree, inlineTree } from '../support/tree/tree.ts'
import { descriptor } from './support/lifecycles.ts'

const program = { content: '#!/bin/sh\n', mode: 0o755 }
const numbers = Array.from({ length: 30 }, (_, at) => String(at).padStart(2, '0'))
const targets = ['amd64', 'arm64'].map((arch) => `[[targets]]\nos = "linux"\narch = "${arch}"\n`).join('')

const base: CaseBase = {
  ref: '',
  index: true,
  images: ['amd64', 'arm64'].map((architecture) => ({
    platform: { os: 'linux', architecture },
    config: { Env: ['CNB_USER_ID=1', 'CNB_GROUP_ID=2'] },
    layers: [{ entries: [{ path: 'base', type: 'file', content: architecture }] }],
  })),
}

let registry: TestRegistry
let work: Tree

beforeAll(async () => {
  registry = await startRegistry()
  await pushBase(`${registry.host}/base:1`, base, (text) => text)
  const buildpacks = numbers.map((number): InlineFiles => ({
    [`bp-${number}/buildpack.toml`]: `api = "0.10"\n[buildpack]\nid = "many/bp-${number}"\nversion = "1.0.0"\n${targets}`,
    [`bp-${number}/bin/build`]: program,
    [`bp-${number}/bin/detect`]: program,
  }))
  const toml = [
    ...numbers.map((number) => `[[buildpacks]]\nuri = "bp-${number}"\n`),
    `[[order]]\n[[order.group]]\nid = "many/bp-00"\n[build]\nimage = "${registry.host}/base:1"\n[[run.images]]\nimage = "${registry.host}/base:1"\n[lifecycle]\nuri = "lc"\n`,
    targets,
  ]
  const lifecycle = Object.fromEntries(lifecycleBinaries.map((name) => [`lc/lifecycle/${name}`, program]))
  work = await inlineTree({ ...Object.assign({}, ...buildpacks), ...lifecycle, 'lc/lifecycle.toml': descriptor, 'builder.toml': toml.join('') })
})

afterAll(async () => {
  await work.remove()
  await registry.close()
})

/** One run, and the requests that wrote. */
async function create(home: string): Promise<{ readonly result: RunResult; readonly writes: readonly string[] }> {
  const before = registry.requests.length
  const { code, stdout, stderr } = await runCli(['builder', 'create', `${registry.host}/many:1`, '--config', 'builder.toml', '--publish', '--json'], { cwd: work.path, home })
  expect(code, stderr).toBe(0)
  const writes = registry.requests.slice(before).filter(({ method }) => method !== 'GET' && method !== 'HEAD').map(({ method, path }) => `${method} ${path}`)
  return { result: JSON.parse(stdout) as RunResult, writes }
}

test.each([
  ['with what the last run left in the cache', 'home'],
  ['on another machine', 'elsewhere'],
])('a builder of thirty buildpacks for two targets sends no blob when nothing has changed, %s', async (_, home) => {
  await using homes = await emptyTree()
  const first = await create(join(homes.path, 'home'))
  const again = await create(join(homes.path, home))
  expect(first.result.images.map(({ layers }) => layers.length)).toEqual([37, 37])
  expect(again.result.digest).toBe(first.result.digest)
  expect(again.writes.filter((request) => /\/blobs\//.test(request))).toEqual([])
})
