import { existsSync } from 'node:fs'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolders } from '../src/folders.ts'
import { emptyTree } from './support/tree/tree.ts'

async function ground(): Promise<(name: string) => string> {
  const tree = await emptyTree()
  onTestFinished(() => tree.remove())
  return (name) => join(tree.path, name)
}

test('makes what is missing, and gives the topmost that it made', async () => {
  const at = await ground()
  expect(await makeFolders(at('a/b/c'))).toBe(at('a'))
  expect(await makeFolders(at('a/b/d/e'))).toBe(at('a/b/d'))
  expect(await makeFolders(at('a/b'))).toBeUndefined()
  expect((await readdir(at('a'), { recursive: true })).sort()).toEqual(['b', 'b/c', 'b/d', 'b/d/e'])
})

test('is done by many at once', async () => {
  const at = await ground()
  const made = await Promise.all(Array.from({ length: 20 }, () => makeFolders(at('a/b/c/d'))))
  expect(made.filter((folder) => folder === at('a'))).toHaveLength(1)
})

test('goes through symlinks to folders, and not through files and symlinks to nowhere', async () => {
  const at = await ground()
  await mkdir(at('real'))
  await symlink('real', at('link'))
  await symlink('none', at('dangling'))
  await writeFile(at('file'), '')
  expect(await makeFolders(at('link/x'))).toBe(at('link/x'))
  await expect(makeFolders(at('file/x'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  await expect(makeFolders(at('dangling/x'))).rejects.toMatchObject({ code: 'EEXIST' })
})

test.skipIf(!existsSync('/proc/self'))('ends where a file system takes no folders', async () => {
  await expect(makeFolders('/proc/bp-package/x')).rejects.toMatchObject({ code: 'ENOENT' })
})
