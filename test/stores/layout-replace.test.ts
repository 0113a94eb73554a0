import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { replaceFolder } from '../../src/stores/layout-replace.ts'
import type { Tree } from '../support/tree/tree.ts'
import { inlineTree, snapshot } from '../support/tree/tree.ts'

const layout = { 'out/oci-layout': '{"imageLayoutVersion":"1.0.0"}', 'out/index.json': 'old' }

async function place(files: Record<string, string>): Promise<Tree> {
  const tree = await inlineTree(files)
  onTestFinished(() => tree.remove())
  return tree
}

test('the former layout goes back where the new one cannot be moved in', async () => {
  const tree = await place(layout)
  const before = await snapshot(tree.path)
  const at = (name: string): string => join(tree.path, name)
  await expect(replaceFolder(at('never-staged'), at('out'), at('aside'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await snapshot(tree.path)).toEqual(before)
})

test('the former layout is gone once the new one is in', async () => {
  const tree = await place({ ...layout, 'staged/oci-layout': '{"imageLayoutVersion":"1.0.0"}', 'staged/index.json': 'new' })
  const at = (name: string): string => join(tree.path, name)
  await replaceFolder(at('staged'), at('out'), at('aside'))
  expect(await readdir(tree.path)).toEqual(['out'])
  expect(await readFile(at('out/index.json'), 'utf8')).toBe('new')
})
