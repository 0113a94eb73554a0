import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tarBytes } from '../support/archives/tar-bytes.ts'
import type { CliResult } from '../support/cli.ts'
import { runCli } from '../support/cli.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree, writeEntries } from '../support/tree/tree.ts'

const toml = 'api = "0.10"\n[buildpack]\nid = "acme/large"\nversion = "1.0.0"\n[[targets]]\nos = "linux"\narch = "amd64"\n'
const composite = 'api = "0.10"\n[buildpack]\nid = "acme/all"\nversion = "1.0.0"\n[[order]]\n[[order.group]]\nid = "acme/large"\nversion = "1.0.0"\n'

let tree: Tree

beforeEach(async () => {
  tree = await emptyTree()
  const programs = ['bin/build', 'bin/detect'].map((name) => ({ name, content: '#!/bin/sh\n', mode: 0o755 }))
  await writeFile(join(tree.path, 'large.tgz'), gzipSync(tarBytes([{ name: 'buildpack.toml', content: toml }, ...programs, { name: 'data', content: randomBytes(100_000) }])))
  await writeEntries(tree.path, [
    { path: 'all/buildpack.toml', type: 'file', content: composite },
    { path: 'all/package.toml', type: 'file', content: '[buildpack]\nuri = "."\n[[dependencies]]\nuri = "../large.tgz"\n[[targets]]\nos = "linux"\narch = "amd64"\n' },
    { path: 'home', type: 'dir' },
  ])
})

afterEach(async () => {
  await tree.remove()
})

function packaged(...args: readonly string[]): Promise<CliResult> {
  return runCli(['-o', 'out.oci', ...args], { cwd: tree.path, home: join(tree.path, 'home') })
}

describe.each([
  ['the buildpack', ['-p', 'large.tgz']],
  ['a dependency', ['-p', 'all']],
])('an archive of %s', (_, args) => {
  test('that holds more than --archive-limit is refused with a hint that names the option, and leaves nothing', async () => {
    const { code, stdout, stderr } = await packaged(...args, '--archive-limit', '64KiB')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/large\.tgz".*: got (a file of 100000 bytes: "data"|more than 65536 bytes unpacked), want at most 65536/)
    expect(stderr).toContain('say so with --archive-limit')
    expect(await readdir(tree.path)).not.toContain('out.oci')
  })

  test('is taken where the limit is raised, and without one', async () => {
    for (const limit of [['--archive-limit', '128KiB'], []]) {
      const { code, stdout, stderr } = await packaged(...args, ...limit)
      expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: expect.stringContaining('out.oci') as string })
    }
  })
})

test.each(['64', '1.5GiB', '-1KiB', '0KiB', '64kb', ''])('--archive-limit %j is no size', async (size) => {
  const { code, stderr } = await packaged('-p', 'large.tgz', `--archive-limit=${size}`)
  expect(code).toBe(2)
  expect(stderr).toContain('--archive-limit')
})
