import { cp, readFile, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDockerRegistry } from './support/docker-registry.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { attemptPackage, digestIn, fixture, packaged } from './support/cli.ts'
import { exec } from './support/exec.ts'
import { installNode, nodeVersions } from './support/nodes.ts'
import { noise, prose } from './support/noise.ts'

/** A buildpack of several compression blocks, some of which shrink and some do not. */
let source: Tree
let wanted: string

beforeAll(async () => {
  source = await emptyTree()
  await cp(fixture('hello-world'), source.path, { recursive: true })
  await writeFile(join(source.path, 'linux/amd64/bin/helper'), prose(3_500_000), { mode: 0o755 })
  await writeFile(join(source.path, 'linux/amd64/data.bin'), Buffer.concat([noise(1_500_000), prose(700_000)]))
  wanted = await packageWith({})
})

afterAll(async () => {
  await source.remove()
})

interface Surroundings {
  readonly node?: string
  readonly umask?: string
  readonly env?: Readonly<Record<string, string>>
  readonly time?: Date
  readonly args?: readonly string[]
}

/** Packages a copy of the source in a new folder, with nothing cached, and gives the digest of the index. */
async function packageWith({ node, umask = '022', env = {}, time, args = [] }: Surroundings): Promise<string> {
  await using home = await emptyTree()
  const copy = join(home.path, `copy ${umask}`)
  await exec('sh', ['-c', `umask ${umask}; cp -R "$1" "$2"`, 'sh', source.path, copy])
  if (time !== undefined) await touchAll(copy, time)
  const metadata = join(home.path, 'result.json')
  const words = ['-p', copy, '-o', join(home.path, 'out.oci'), '--metadata-file', metadata, ...args]
  await exec('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', node ?? process.execPath, script, ...words], { cwd: home.path, env: { HOME: home.path, ...env } })
  return digestIn(await readFile(metadata, 'utf8'))
}

const script = join(import.meta.dirname, '../../bin/bp-package.js')

async function touchAll(folder: string, time: Date): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) await utimes(join(folder, name), time, time)
}

test.each(nodeVersions)('Node %s makes the same index', async (version) => {
  expect(await packageWith({ node: await installNode(version) })).toBe(wanted)
})

test.each<[string, Surroundings]>([
  ['another folder', {}],
  ['a closed umask', { umask: '077' }],
  ['an open umask', { umask: '000' }],
  ['another time zone', { env: { TZ: 'Pacific/Kiritimati' } }],
  ['another locale', { env: { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' } }],
  ['other file times', { time: new Date('2001-02-03T04:05:06Z') }],
  ['one worker', { args: ['--concurrency', '1'] }],
  ['no cache', { args: ['--no-cache'] }],
])('%s changes nothing', async (_what, surroundings) => {
  expect(await packageWith(surroundings)).toBe(wanted)
})

test('SOURCE_DATE_EPOCH changes the index, and one time gives one index', async () => {
  const env = { SOURCE_DATE_EPOCH: '1700000000' }
  const dated = await packageWith({ env })
  expect(dated).not.toBe(wanted)
  expect(await packageWith({ env, umask: '077' })).toBe(dated)
})

test('a registry is given the index that a layout holds', async () => {
  await using home = await emptyTree()
  const registry = await startDockerRegistry()
  try {
    expect(digestIn(await packaged([`${registry.host}/a/b:1`, '--publish', '-p', source.path], { home: home.path }))).toBe(wanted)
  } finally {
    await registry.close()
  }
})

test('the oldest Node that is promised starts the command and says its version', async () => {
  await using home = await emptyTree()
  const node = await installNode(nodeVersions[0])
  const { code, stdout } = await attemptPackage(['--version'], { home: home.path, node })
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})
