import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../src/oci/digest.ts'
import { readTags } from '../support/read-back/registry.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { attemptPackage, digestIn, fixture, packaged } from './support/cli.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { exec } from './support/exec.ts'

let origin: RunningRegistry
/** A pull-through cache of the one above, as people run them. */
let mirror: RunningRegistry
let registry: RunningRegistry
let home: Tree
let digest: string

const target = (arch: string): string => `[[targets]]\nos = "linux"\narch = "${arch}"\n`

beforeAll(async () => {
  origin = await startDockerRegistry()
  ;[mirror, registry] = await Promise.all([startDockerRegistry({ proxy: `http://${origin.host}` }), startDockerRegistry()])
  home = await emptyTree()
  digest = digestIn(await packaged([`${origin.host}/samples/hello-shared:1`, '--publish', '-p', fixture('hello-shared'), '-t', 'linux/amd64', '-t', 'linux/arm64'], { home: home.path }))
  await mkdir(join(home.path, 'meta'))
  await writeFile(join(home.path, 'meta/buildpack.toml'), 'api = "0.10"\n[buildpack]\nid = "samples/meta"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "samples/hello-shared"\nversion = "0.0.1"\n')
  await writeFile(join(home.path, 'package.toml'), `[buildpack]\nuri = "meta"\n[[dependencies]]\nuri = "docker://registry.invalid/samples/hello-shared:1"\n${target('amd64')}${target('arm64')}`)
})

afterAll(async () => {
  await Promise.all([origin.close(), mirror.close(), registry.close()])
  await home.remove()
})

test('a pull-through cache stands in for a registry that is out of reach', async () => {
  const words = ['--publish', '-c', join(home.path, 'package.toml'), '--no-cache']
  const without = await attemptPackage([`${registry.host}/samples/meta:0`, ...words], { home: home.path })
  expect(without).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('registry.invalid') })
  const byFlag = await packaged([`${registry.host}/samples/meta:1`, ...words, '--registry-mirror', `registry.invalid=${mirror.host}`], { home: home.path })
  expect(await readTags(registry.host, 'samples/meta')).toEqual(['1'])
  expect(await readTags(origin.host, 'samples/meta')).toEqual([])
  // One registries.conf, two readers of it.
  const conf = join(home.path, 'registries.conf')
  await writeFile(conf, `[[registry]]\nprefix = "registry.invalid"\nlocation = "127.0.0.1:1"\ninsecure = true\n[[registry.mirror]]\nlocation = "${mirror.host}"\ninsecure = true\n`)
  const byFile = await packaged([`${registry.host}/samples/meta:2`, ...words], { home: home.path, env: { CONTAINERS_REGISTRIES_CONF: conf } })
  expect(digestIn(byFile)).toBe(digestIn(byFlag))
  const raw = await exec('skopeo', ['--registries-conf', conf, 'inspect', '--raw', 'docker://registry.invalid/samples/hello-shared:1'], { env: { HOME: home.path } })
  expect(digestOf(Buffer.from(raw))).toBe(digest)
})
