import { execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { largestConfig, readConfigFile } from '../../src/buildpacks/config-file.ts'
import { emptyTree } from '../support/tree/tree.ts'

async function folder(): Promise<string> {
  const tree = await emptyTree()
  onTestFinished(() => tree.remove())
  return tree.path
}

test('a config file that is a pipe is refused and not waited for', async () => {
  const path = join(await folder(), 'buildpack.toml')
  execFileSync('mkfifo', [path])
  await expect(readConfigFile(path, 'buildpack.toml')).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: `read "buildpack.toml": got no regular file, want a file of at most ${largestConfig} bytes`,
  })
})

test.each([
  ['a device', '/dev/zero', 'no regular file'],
  ['a folder', '.', 'a folder'],
])('a config file that leads to %s is refused', async (_, target, found) => {
  const path = join(await folder(), 'package.toml')
  await symlink(target, path)
  await expect(readConfigFile(path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(`got ${found}, want`) })
})

test('a config file may be as large as the limit, and not a byte larger', async () => {
  const path = join(await folder(), 'buildpack.toml')
  await writeFile(path, '')
  await truncate(path, largestConfig)
  expect(await readConfigFile(path)).toHaveLength(largestConfig)
  await truncate(path, largestConfig + 1)
  await expect(readConfigFile(path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(`got ${largestConfig + 1} bytes, want`) })
})

test('no config file is none, also where a file stands in the place of its folder', async () => {
  const path = await folder()
  await mkdir(join(path, 'sub'))
  await writeFile(join(path, 'file'), '')
  expect(await readConfigFile(join(path, 'sub/none.toml'))).toBeUndefined()
  expect(await readConfigFile(join(path, 'file/none.toml'))).toBeUndefined()
})
