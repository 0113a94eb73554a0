import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openMetadataFile } from '../../src/cli/metadata-file.ts'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bp-package-metadata-'))
})
afterEach(async () => rm(folder, { recursive: true }))

test('the file is written relative to the current folder, and nothing else is left', async () => {
  const file = await openMetadataFile('result.json', folder)
  expect(await readdir(folder)).toEqual([])
  await file.write('{}\n', 'pushed')
  expect(await readdir(folder)).toEqual(['result.json'])
  expect(await readFile(join(folder, 'result.json'), 'utf8')).toBe('{}\n')
})

test('an older file is replaced whole', async () => {
  await writeFile(join(folder, 'result.json'), 'something much longer than the new text')
  await (await openMetadataFile('result.json', folder)).write('{}', 'pushed')
  expect(await readFile(join(folder, 'result.json'), 'utf8')).toBe('{}')
})

test('a link stays a link, what it points to is written', async () => {
  await writeFile(join(folder, 'real.json'), 'old')
  await symlink('real.json', join(folder, 'link.json'))
  await (await openMetadataFile('link.json', folder)).write('new', 'pushed')
  expect(await readFile(join(folder, 'real.json'), 'utf8')).toBe('new')
  expect(await readdir(folder)).toEqual(['link.json', 'real.json'])
})

test('what is no plain file is written to and not replaced', async () => {
  await (await openMetadataFile('/dev/null', folder)).write('{}', 'pushed')
  await expect(readFile('/dev/null', 'utf8')).resolves.toBe('')
})

test('a parent folder that is missing is told before any work', async () => {
  await expect(openMetadataFile('none/result.json', folder)).rejects.toMatchObject({
    code: 'USAGE',
    message: 'write --metadata-file "none/result.json": got a parent folder that does not exist, want a file in an existing folder',
  })
})

test('a folder is refused', async () => {
  await mkdir(join(folder, 'result.json'))
  await expect(openMetadataFile('result.json', folder)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('got a folder, want a file') })
})

test('a failed write says so, and what is done, and leaves no temporary file', async () => {
  const target = join(folder, 'full')
  await mkdir(target)
  const file = await openMetadataFile('full/result.json', folder)
  await rm(target, { recursive: true })
  await expect(file.write('{}', 'pushed')).rejects.toMatchObject({
    code: 'OUTPUT',
    message: expect.stringMatching(/^write --metadata-file "full\/result\.json": ENOENT: /u),
    hint: 'all else is done: pushed',
  })
  expect(await readdir(folder)).toEqual([])
})

test('a folder that may not be written to is told before any work', async () => {
  await mkdir(join(folder, 'locked'))
  await chmod(join(folder, 'locked'), 0o555)
  await asOrdinaryUser(folder, async () => {
    await expect(openMetadataFile('locked/result.json', folder)).rejects.toMatchObject({
      code: 'USAGE',
      message: 'write --metadata-file "locked/result.json": got a place that you may not write to, want a file in a folder that can be written to',
    })
  })
})
