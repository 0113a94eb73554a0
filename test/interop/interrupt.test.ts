import { mkdir, readdir, writeFile } from 'node:fs/promises'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTags } from '../support/read-back/registry.ts'
import { emptyTree, inlineTree, snapshot } from '../support/tree/tree.ts'
import { attemptPackage, noCompileCache } from './support/cli.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { noise } from './support/noise.ts'
import { startStallingProxy } from './support/stalling-proxy.ts'

const toml = 'api = "0.10"\n[buildpack]\nid = "a/big"\nversion = "1"\n[[targets]]\nos = "linux"\narch = "amd64"\n[[targets]]\nos = "linux"\narch = "arm64"\n'

test.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle of an upload: no tag, no temporary file, the folder untouched', async (signal) => {
  await using home = await emptyTree()
  await using source = await inlineTree({ 'buildpack.toml': toml, 'bin/build': { content: '#!/bin/sh\n', mode: 0o755 }, 'bin/detect': { content: '#!/bin/sh\n', mode: 0o755 } })
  await writeFile(join(source.path, 'data.bin'), noise(6_000_000))
  const before = await snapshot(source.path)
  const temporary = join(home.path, 'tmp')
  await mkdir(temporary)
  const registry = await startDockerRegistry()
  const proxy = await startStallingProxy(registry.host, 1_000_000)
  let child: ChildProcess | undefined
  try {
    const run = attemptPackage([`${proxy.host}/a/big:1`, '--publish', '--no-cache', '-p', source.path], {
      home: home.path,
      env: { TMPDIR: temporary, ...noCompileCache },
      started: (process) => {
        child = process
      },
    })
    await Promise.race([proxy.stalled, run.then(({ stderr }) => expect.fail(`ended before it could be interrupted: ${stderr}`))])
    expect((await readdir(temporary)).length).toBeGreaterThan(0)
    child?.kill(signal)
    const { code, stdout } = await run
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(await readdir(temporary)).toEqual([])
    expect(await readTags(registry.host, 'a/big')).toEqual([])
    expect(await snapshot(source.path)).toEqual(before)
  } finally {
    await proxy.close()
    await registry.close()
  }
})
