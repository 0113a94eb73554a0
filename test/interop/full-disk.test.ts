import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTags } from '../support/read-back/registry.ts'
import { emptyTree, inlineTree, snapshot } from '../support/tree/tree.ts'
import { noCompileCache } from './support/cli.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { attempt } from './support/exec.ts'
import { noise } from './support/noise.ts'

const script = join(import.meta.dirname, '../../bin/bp-package.js')
const toml = 'api = "0.10"\n[buildpack]\nid = "a/big"\nversion = "1"\n[[targets]]\nos = "linux"\narch = "amd64"\n'

// A file that may not grow past a megabyte fails as a full disk does: in the middle of a write, with an error of the system.
test.each([
  ['with a cache', []],
  ['without one', ['--no-cache']],
])('a disk that takes no more while a layer is spooled, %s: an error that says where, no tag, nothing left', async (_what, args) => {
  await using home = await emptyTree()
  await using source = await inlineTree({ 'buildpack.toml': toml, 'bin/build': { content: '#!/bin/sh\n', mode: 0o755 }, 'bin/detect': { content: '#!/bin/sh\n', mode: 0o755 } })
  await writeFile(join(source.path, 'data.bin'), noise(6_000_000))
  const before = await snapshot(source.path)
  const temporary = join(home.path, 'tmp')
  await mkdir(temporary)
  const registry = await startDockerRegistry()
  try {
    const words = [`${registry.host}/a/big:1`, '--publish', '-p', source.path, ...args]
    const env = { HOME: home.path, TMPDIR: temporary, ...noCompileCache }
    const { code, stdout, stderr } = await attempt('sh', ['-c', 'ulimit -f 2048; exec "$@"', 'sh', process.execPath, script, ...words], { env })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/EFBIG/)
    expect(stderr).toContain(args.length === 0 ? home.path : temporary)
    expect(await readTags(registry.host, 'a/big')).toEqual([])
    expect(await snapshot(source.path)).toEqual(before)
    expect(await filesBelow(home.path)).toEqual([])
  } finally {
    await registry.close()
  }
})

test('a disk that takes no more while a layout is written: nothing at its place, nothing beside it', async () => {
  await using home = await emptyTree()
  await using source = await inlineTree({ 'buildpack.toml': toml, 'bin/build': { content: '#!/bin/sh\n', mode: 0o755 }, 'bin/detect': { content: '#!/bin/sh\n', mode: 0o755 } })
  await writeFile(join(source.path, 'data.bin'), noise(6_000_000))
  const words = ['-p', source.path, '-o', join(home.path, 'out/big.oci')]
  const { code } = await attempt('sh', ['-c', 'ulimit -f 2048; exec "$@"', 'sh', process.execPath, script, ...words], { env: { HOME: home.path, TMPDIR: home.path, ...noCompileCache } })
  expect(code).toBe(1)
  expect(await readdir(home.path)).not.toContain('out')
  expect(await filesBelow(home.path)).toEqual([])
})

/** Every file; the folders of an empty cache may stay. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
