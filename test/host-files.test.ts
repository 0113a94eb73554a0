import { execFile } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readHostFile } from '../src/host-files.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bp-package-host-'))
})
afterEach(async () => rm(folder, { recursive: true }))

describe('a file of the setup of a machine', () => {
  test('is read whole', async () => {
    await writeFile(join(folder, 'auth.json'), '{}')
    expect(String(await readHostFile(join(folder, 'auth.json')))).toBe('{}')
  })

  test('that is a pipe nobody may ever write to is refused and not opened', async () => {
    await promisify(execFile)('mkfifo', [join(folder, 'auth.json')])
    await expect(readHostFile(join(folder, 'auth.json'))).rejects.toThrow(/^no regular file$/)
  })

  test('that never ends is refused', async () => {
    await expect(readHostFile('/dev/zero')).rejects.toThrow(/^no regular file$/)
  })

  test('that is larger than any such file is not read', async () => {
    const path = join(folder, 'auth.json')
    await writeFile(path, '')
    await truncate(path, 2 ** 24 + 1)
    await expect(readHostFile(path)).rejects.toThrow(/^a file of 16777217 bytes, and at most 16777216 are read$/)
  })

  test('that is a folder, or is not there, is told in the words of the system', async () => {
    await expect(readHostFile(folder)).rejects.toMatchObject({ code: 'EISDIR' })
    await expect(readHostFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
