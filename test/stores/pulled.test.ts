import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { hexOf } from '../../src/oci/digest.ts'
import { ociLayerGzip, ociManifest } from '../../src/oci/media-types.ts'
import type { PullPolicy } from '../../src/stores/pulled.ts'
import { pulledSource } from '../../src/stores/pulled.ts'
import type { Source } from '../../src/stores/store.ts'
import { MemoryStore } from '../support/memory-store.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'

const layer = inlineBlob(ociLayerGzip, Buffer.from('a layer'))
const manifest = inlineBlob(ociManifest, Buffer.from('{"a":"manifest"}'))

let tree: Tree
let store: MemoryStore
/** How often the registry was asked for. */
let opened: number

beforeEach(async () => {
  tree = await emptyTree()
  for (const name of ['blobs', 'tmp']) await mkdir(join(tree.path, name))
  store = new MemoryStore()
  await store.put(layer)
  await store.put(manifest)
  await store.tag(manifest, '1')
  opened = 0
})

afterEach(() => tree.remove())

function remote(): Promise<Source> {
  opened += 1
  return Promise.resolve(store)
}

function source(policy: PullPolicy, folder: string | undefined = tree.path): Source {
  return pulledSource({ folder, name: 'registry.example/acme/hello', policy, remote })
}

async function pull(policy: PullPolicy): Promise<string> {
  const from = source(policy)
  const found = await from.resolve('1')
  await buffer(await from.open(found))
  return (await buffer(await from.open(layer.descriptor))).toString()
}

describe('content that was read once', () => {
  test('is read from disk the next time, whatever the policy says of names', async () => {
    expect(await pull('always')).toBe('a layer')
    opened = 0
    expect(await pull('always')).toBe('a layer')
    expect(opened).toBe(1)
  })

  test('is checked when it is read, and gone when it is damaged', async () => {
    await pull('always')
    await writeFile(join(tree.path, 'blobs', hexOf(layer.descriptor.digest)), 'A LAYER')
    await expect(pull('always')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    await expect.poll(() => readdir(join(tree.path, 'blobs'))).not.toContain(hexOf(layer.descriptor.digest))
    expect(await pull('always')).toBe('a layer')
  })

  test('leaves nothing where reading broke off', async () => {
    const stream = await source('always').open(layer.descriptor)
    stream.destroy()
    await expect.poll(() => readdir(join(tree.path, 'tmp'))).toEqual([])
    expect(await readdir(join(tree.path, 'blobs'))).toEqual([])
  })

  test('is not needed: without a folder everything comes from the registry', async () => {
    expect((await buffer(await pulledSource({ folder: undefined, name: 'x', policy: 'always', remote: () => Promise.resolve(store) }).open(layer.descriptor))).toString()).toBe('a layer')
  })
})

describe('a name', () => {
  test('is asked for each time with always, and not again with if-not-present', async () => {
    await pull('always')
    const moved = inlineBlob(ociManifest, Buffer.from('{"another":"manifest"}'))
    await store.put(moved)
    await store.tag(moved, '1')
    expect((await source('if-not-present').resolve('1')).digest).toBe(manifest.descriptor.digest)
    expect((await source('always').resolve('1')).digest).toBe(moved.descriptor.digest)
  })

  test('is asked for where its manifest is not at hand any more', async () => {
    await source('always').resolve('1')
    opened = 0
    await source('if-not-present').resolve('1')
    expect(opened).toBe(1)
  })

  test('that was never pulled is an error with never, and so is content', async () => {
    await expect(source('never').resolve('1')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.stringContaining('if-not-present') })
    await expect(source('never').open(layer.descriptor)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await source('never').has(layer.descriptor)).toBe(false)
    expect(opened).toBe(0)
  })

  test('that was pulled is enough for never', async () => {
    await pull('always')
    opened = 0
    expect(await pull('never')).toBe('a layer')
    expect(opened).toBe(0)
  })

  test('is remembered in a file of one line', async () => {
    await pull('always')
    const [record = ''] = await readdir(join(tree.path, 'pulled'))
    expect(await readFile(join(tree.path, 'pulled', record), 'utf8')).toBe(`${ociManifest} ${manifest.descriptor.digest} ${manifest.descriptor.size}\n`)
  })
})
