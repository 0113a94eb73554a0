import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../src/oci/digest.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { attemptPackage, digestIn, fixture, packaged } from './support/cli.ts'
import { contentsOf, packageOf } from './support/compare.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { exec } from './support/exec.ts'
import { openPodman, writePolicy } from './support/podman.ts'

let home: Tree
let layout: string
let digest: string
let policy: string

beforeAll(async () => {
  home = await emptyTree()
  policy = await writePolicy(home.path)
  layout = join(home.path, 'hello-world-0.0.1.oci')
  const metadata = join(home.path, 'result.json')
  const { stdout, stderr } = await attemptPackage(['-p', fixture('hello-world'), '--metadata-file', metadata], { home: home.path, cwd: home.path })
  expect(stdout, stderr).toMatch(/^\S*hello-world-0\.0\.1\.oci\n$/)
  digest = digestIn(await readFile(metadata, 'utf8'))
  expect(stderr).toContain(digest)
})

afterAll(async () => {
  await home.remove()
})

test('skopeo sees the digest that the result names, with the tag and without', async () => {
  for (const reference of [`oci:${layout}`, `oci:${layout}:0.0.1`]) {
    expect(digestOf(Buffer.from(await exec('skopeo', ['inspect', '--raw', reference])))).toBe(digest)
  }
})

test('umoci lists the tag', async () => {
  expect((await exec('umoci', ['list', '--layout', layout])).trim()).toBe('0.0.1')
})

test('skopeo and umoci unpack the image for this platform to the files of its folder', async () => {
  await exec('skopeo', ['copy', '--policy', policy, '--override-os', 'linux', '--override-arch', 'arm64', `oci:${layout}:0.0.1`, `oci:${join(home.path, 'arm64.oci')}:one`])
  await exec('umoci', ['raw', 'unpack', '--image', `${join(home.path, 'arm64.oci')}:one`, join(home.path, 'unpacked')])
  expect(await contentsOf(join(home.path, 'unpacked/cnb/buildpacks/samples_hello-world/0.0.1'))).toEqual(await packageOf(fixture('hello-world'), 'linux/arm64'))
})

test('a layout of one target is one image that umoci unpacks as it stands', async () => {
  const single = join(home.path, 'single.oci')
  await packaged(['-p', fixture('hello-world'), '-t', 'linux/arm/v7', '-o', single], { home: home.path })
  await exec('umoci', ['raw', 'unpack', '--image', `${single}:0.0.1`, join(home.path, 'v7')])
  expect(await contentsOf(join(home.path, 'v7/cnb/buildpacks/samples_hello-world/0.0.1'))).toEqual(await packageOf(fixture('hello-world'), 'linux/arm/v7'))
})

test('podman pulls from the layout', async () => {
  await using podman = await openPodman()
  const id = (await podman.run('pull', '--quiet', '--signature-policy', policy, '--platform', 'linux/arm64', `oci:${layout}:0.0.1`)).trim()
  const [image] = JSON.parse(await podman.run('image', 'inspect', id))
  expect(image).toMatchObject({ Os: 'linux', Architecture: 'arm64' })
})

test('skopeo pushes the layout to a registry, and the index is the one that publishing makes', async () => {
  const registry = await startDockerRegistry()
  try {
    await exec('skopeo', ['copy', '--policy', policy, '--all', '--preserve-digests', '--dest-tls-verify=false', `oci:${layout}:0.0.1`, `docker://${registry.host}/a/hello:1`])
    expect(digestIn(await packaged([`${registry.host}/b/hello:1`, '--publish', '-p', fixture('hello-world')], { home: home.path }))).toBe(digest)
    const raw = await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/a/hello:1`])
    expect(digestOf(Buffer.from(raw))).toBe(digest)
  } finally {
    await registry.close()
  }
})
