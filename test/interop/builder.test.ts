import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunResult } from '../../src/publish/options.ts'
import { pushBase } from '../support/builder-vectors/images.ts'
import { hostArch } from '../support/cli.ts'
import { readOutput } from '../support/read-back/registry.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree, writeEntries } from '../support/tree/tree.ts'
import { busyboxBase } from './support/busybox.ts'
import { attemptPackage, packaged } from './support/cli.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { startDockerd } from './support/dockerd.ts'
import { checkPrograms, exec } from './support/exec.ts'
import type { Podman } from './support/podman.ts'
import { openPodman } from './support/podman.ts'

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url))
const architectures = ['amd64', 'arm64']

let registry: RunningRegistry
let podman: Podman
let work: Tree
let base: string

beforeAll(async () => {
  await checkPrograms(['busybox', 'podman', 'runc', 'docker-registry'])
  registry = await startDockerRegistry()
  podman = await openPodman(registry.host)
  work = await emptyTree()
  base = `${registry.host}/hello-base:1`
  await pushBase(base, await busyboxBase(architectures), (text) => text)
  for (const name of ['hello-world', 'hello-builder']) await cp(join(fixtures, name), join(work.path, name), { recursive: true })
  const toml = join(work.path, 'hello-builder', 'builder.toml')
  await writeFile(toml, (await readFile(toml, 'utf8')).replaceAll('localhost:5000', registry.host))
})

afterAll(async () => {
  await podman[Symbol.asyncDispose]()
  await work.remove()
  await registry.close()
})

/** A builder in the registry, and what the run tells of it. */
async function create(name: string, config: string, ...rest: readonly string[]): Promise<RunResult> {
  const { code, stdout, stderr } = await attemptPackage(['builder', 'create', `${registry.host}/${name}`, '--config', config, '--publish', '--json', ...rest], { home: work.path, cwd: work.path })
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as RunResult
}

/** An app of one file, whatever it is: the sample passes for every app. */
async function appFolder(): Promise<string> {
  const folder = join(work.path, 'app')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'index.txt'), 'an app\n')
  return folder
}

describe('a builder of the sample', () => {
  test('builds an app as a platform drives it, and the app runs', async () => {
    await create('hello-builder:1', 'hello-builder/builder.toml')
    const image = `${registry.host}/hello-builder:1`
    await podman.run('pull', '--quiet', image)
    const flags = ['-app=/workspace', '-layers', '/layers', '-platform', '/platform', '-run-image', base, '-cache-dir', '/tmp/cache', '-log-level', 'debug', '-skip-restore']
    await podman.create(image, { name: 'build' }, '/cnb/lifecycle/creator', ...flags, 'registry.example/app:1')
    await podman.run('cp', `${await appFolder()}/.`, 'build:/workspace')
    const said = await podman.run('start', '--attach', 'build')
    expect(said).toContain(`run image: ${base}\n`)
    expect(said).toContain('pass: samples/hello-world@0.0.1\n')
    expect(said).toContain('built by: hello-builder\n')
    expect(said).toContain(`---> Hello World: building for linux/${hostArch}\n`)
    expect(said).toContain('image: registry.example/app:1\n')

    await podman.run('commit', '--quiet', '--change', 'ENTRYPOINT ["/cnb/lifecycle/launcher"]', '--change', 'CMD []', 'build', 'localhost/app:1')
    await podman.create('localhost/app:1', { name: 'app' })
    expect(await podman.run('start', '--attach', 'app')).toBe(`Hello World from a package for linux/${hostArch}\n`)
  })

  test('has in each target\'s image that target\'s buildpack, on that target\'s base', async () => {
    await create('hello-targets:1', 'hello-builder/builder.toml')
    const output = await readOutput(registry.host, 'hello-targets', '1')
    expect(output.manifests?.map(({ platform }) => platform)).toEqual(architectures.map((architecture) => ({ architecture, os: 'linux' })))
    const layers = output.images.map(({ labels }) => JSON.stringify(labels['io.buildpacks.buildpack.layers']?.value))
    expect(new Set(layers).size).toBe(2)
    expect(new Set(output.images.map(({ diff_ids }) => diff_ids[2])).size).toBe(1)
  })
})

describe('a builder for two targets with thirty buildpacks', () => {
  test('sends no blob when nothing has changed', async () => {
    const numbers = Array.from({ length: 30 }, (_, at) => String(at).padStart(2, '0'))
    const program = { type: 'file', mode: '0755', content: '#!/bin/sh\nexit 0\n' } as const
    const targets = architectures.map((arch) => `[[targets]]\nos = "linux"\narch = "${arch}"\n`).join('')
    await writeEntries(join(work.path, 'many'), [
      ...numbers.flatMap((number) => [
        { ...program, path: `bp-${number}/bin/build` },
        { ...program, path: `bp-${number}/bin/detect` },
        { path: `bp-${number}/buildpack.toml`, type: 'file' as const, content: `api = "0.10"\n[buildpack]\nid = "many/bp-${number}"\nversion = "1.0.0"\n${targets}` },
      ]),
      {
        path: 'builder.toml',
        type: 'file',
        content: [
          ...numbers.map((number) => `[[buildpacks]]\nuri = "bp-${number}"\n`),
          '[[order]]\n', ...numbers.map((number) => `[[order.group]]\nid = "many/bp-${number}"\noptional = true\n`),
          `[build]\nimage = "${base}"\n[[run.images]]\nimage = "${base}"\n[lifecycle]\nuri = "../hello-builder/lifecycle"\n`, targets,
        ].join(''),
      },
    ])
    const first = await create('many:1', 'many/builder.toml')
    const second = await create('many:1', 'many/builder.toml')
    expect(first.images.map(({ layers }) => layers.length)).toEqual([37, 37])
    expect(second.digest).toBe(first.digest)
    expect(new Set(second.images.flatMap(({ layers }) => layers.map(({ status }) => status)))).toEqual(new Set(['present']))
  })
})

/** Where a machine has them. They are not looked for: what is run has to be what was meant. */
const { BP_PACK: pack, BP_LIFECYCLE: lifecycle } = process.env

/** builder.toml of the sample with a real lifecycle. */
async function withLifecycle(archive: string): Promise<string> {
  const text = await readFile(join(work.path, 'hello-builder', 'builder.toml'), 'utf8')
  await writeFile(join(work.path, 'hello-builder', 'real.toml'), text.replace('uri = "lifecycle"', `uri = ${JSON.stringify(archive)}`))
  return 'hello-builder/real.toml'
}

describe.each(lifecycle === undefined ? [] : [lifecycle])('with the lifecycle %s', (archive) => {
  test('its creator builds an app and exports an image that runs', async () => {
    await create('hello-real:1', await withLifecycle(archive), '--target', `linux/${hostArch}`)
    const image = `${registry.host}/hello-real:1`
    const app = `${registry.host}/hello-app:1`
    await podman.run('pull', '--quiet', image)
    const env = { CNB_PLATFORM_API: '0.13', CNB_INSECURE_REGISTRIES: registry.host, CNB_EXPERIMENTAL_MODE: 'warn' }
    await podman.create(image, { name: 'real', network: 'host', env }, '/cnb/lifecycle/creator', '-app=/workspace', '-run-image', base, '-log-level', 'debug', app)
    await podman.run('cp', `${await appFolder()}/.`, 'real:/workspace')
    expect(await podman.run('start', '--attach', 'real')).toContain(`---> Hello World: building for linux/${hostArch}\n`)
    await podman.run('pull', '--quiet', app)
    await podman.create(app, { name: 'real-app' })
    expect(await podman.run('start', '--attach', 'real-app')).toBe(`Hello World from a package for linux/${hostArch}\n`)
  })
})

describe.each(pack === undefined || lifecycle === undefined ? [] : [{ pack, lifecycle }])('with $pack and $lifecycle', (programs) => {
  test('pack builds an app with a builder made here', async () => {
    await using engine = await startDockerd()
    const env = { DOCKER_HOST: engine.host, HOME: work.path }
    await packaged(['builder', 'create', 'hello-pack:1', '--config', await withLifecycle(programs.lifecycle), '--format', 'image', '--target', `linux/${hostArch}`], { home: work.path, cwd: work.path, env })
    // To the registry: a lifecycle that speaks only newer versions of Docker's API than this engine does still builds here.
    const app = `${registry.host}/hello-pack-app:1`
    await exec(programs.pack, ['build', app, '--publish', '--builder', 'hello-pack:1', '--path', await appFolder(), '--trust-builder', '--pull-policy', 'if-not-present', '--network', 'host', '--docker-host', 'inherit'], { env })
    await podman.run('pull', '--quiet', app)
    await podman.create(app, { name: 'pack-app' })
    expect(await podman.run('start', '--attach', 'pack-app')).toBe(`Hello World from a package for linux/${hostArch}\n`)
  })
})
