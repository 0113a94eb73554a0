import { createHash } from 'node:crypto'
import { appendFile, chmod, mkdir, readFile, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LayerCache } from '../../src/layers/cache.ts'
import type { Compression } from '../../src/layers/compression.ts'
import type { SpooledLayer } from '../../src/layers/spool.ts'
import { fileBlob } from '../../src/layers/spool.ts'
import { digestOf, hexOf } from '../../src/oci/digest.ts'
import { ociLayerGzip } from '../../src/oci/media-types.ts'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'

const gzip: Compression = { kind: 'gzip', level: 1 }
const day = 24 * 60 * 60 * 1000

let tree: Tree
let folder: string
let cache: LayerCache

beforeEach(async () => {
  tree = await emptyTree()
  folder = join(tree.path, 'cache')
  cache = new LayerCache(folder)
  await cache.prepare()
})

afterEach(async () => {
  await tree.remove()
})

/** A finished layer in a file; what is in it does not matter here. */
async function layer(text: string, compressed = `compressed ${text}`): Promise<SpooledLayer> {
  const path = join(tree.path, `spool-${text.slice(0, 10)}`)
  await writeFile(path, compressed)
  const descriptor = { mediaType: ociLayerGzip, size: compressed.length, digest: digestOf(Buffer.from(compressed)) }
  return { diffID: digestOf(Buffer.from(text)), blob: fileBlob(path, descriptor) }
}

async function kept(text: string, compressed?: string): Promise<SpooledLayer> {
  const made = await layer(text, compressed)
  await cache.keep(text, made, gzip)
  return made
}

function blobPath(made: SpooledLayer): string {
  return join(folder, 'blobs', hexOf(made.blob.descriptor.digest))
}

describe('a layer that was kept', () => {
  test('is found by its diffID, also by the next run, and reads as it was', async () => {
    const made = await kept('one')
    const found = await new LayerCache(folder).find(made.diffID, gzip)
    expect(found).toMatchObject({ diffID: made.diffID, blob: { descriptor: made.blob.descriptor } })
    const blob = found?.blob ?? made.blob
    expect((await buffer(await blob.open())).toString()).toBe('compressed one')
    expect((await buffer(await blob.open(11))).toString()).toBe('one')
  })

  test('has no path that a store could link in, since others write there', async () => {
    const made = await kept('one')
    expect((await cache.find(made.diffID, gzip))?.blob.path).toBeUndefined()
  })

  test('is not found for another compression or other content', async () => {
    const made = await kept('one')
    expect(await cache.find(made.diffID, { kind: 'gzip', level: 6 })).toBeUndefined()
    expect(await cache.find(made.diffID, { kind: 'none' })).toBeUndefined()
    expect(await cache.find(digestOf(Buffer.from('two')), gzip)).toBeUndefined()
  })

  test('leaves the file it came from alone', async () => {
    const made = await kept('one')
    await rm(folder, { recursive: true })
    expect(await readFile(made.blob.path, 'utf8')).toBe('compressed one')
  })

  test('is told to have been seen under its name, and no other', async () => {
    await kept('one')
    expect(await cache.hasSeen('one')).toBe(true)
    expect(await cache.hasSeen('two')).toBe(false)
  })
})

describe('damage', () => {
  test('in bytes is an error that removes them, so that the next run makes the layer anew', async () => {
    const made = await kept('one')
    await writeFile(blobPath(made), 'compressed 0ne')
    const found = await cache.find(made.diffID, gzip)
    const wanted = { code: 'DIGEST_MISMATCH', message: expect.stringContaining(made.blob.descriptor.digest), hint: 'the damaged file was removed from the cache: run again' }
    await expect(found?.blob.open()).rejects.toMatchObject(wanted)
    await expect(found?.blob.open()).rejects.toMatchObject(wanted)
    expect(await cache.find(made.diffID, gzip)).toBeUndefined()
    await cache.keep('one', await layer('one'), gzip)
    expect((await cache.find(made.diffID, gzip))?.diffID).toBe(made.diffID)
  })

  test('in bytes is nothing to fail for where the layer can be made anew', async () => {
    const made = await kept('one')
    await rm(blobPath(made))
    await writeFile(blobPath(made), 'compressed 0ne')
    const causes: unknown[] = []
    const found = await cache.find(made.diffID, gzip, async (cause) => {
      causes.push(cause)
      await cache.keep('one', made, gzip)
      return made.blob
    })
    const blob = found?.blob ?? made.blob
    expect((await buffer(await blob.open())).toString()).toBe('compressed one')
    expect((await buffer(await blob.open(11))).toString()).toBe('one')
    expect(causes).toEqual([expect.objectContaining({ code: 'DIGEST_MISMATCH' })])
    expect(await readFile(blobPath(made), 'utf8')).toBe('compressed one')
  })

  test('that was never opened is not looked for', async () => {
    const made = await kept('one')
    await rm(blobPath(made))
    await writeFile(blobPath(made), 'compressed 0ne')
    const found = await cache.find(made.diffID, gzip, () => Promise.reject(new Error('made anew')))
    expect(found?.blob.descriptor).toEqual(made.blob.descriptor)
  })

  test('of a record, which then names another layer than the files make, is an error', async () => {
    const [made, other] = [await kept('one'), await kept('other')]
    const { digest, size } = other.blob.descriptor
    await writeFile(join(folder, 'layers', `${hexOf(made.diffID)}.gzip1`), JSON.stringify({ digest, size }))
    await rm(blobPath(other))
    await writeFile(blobPath(other), 'x'.repeat(size))
    const found = await cache.find(made.diffID, gzip, () => Promise.resolve(made.blob))
    await expect(found?.blob.open()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', hint: expect.stringContaining('run again') })
  })

  test('is mended by the layer that was made anew, even where its size gives nothing away', async () => {
    const made = await kept('one')
    await rm(blobPath(made))
    await writeFile(blobPath(made), 'compressed 0ne')
    await rm(join(folder, 'layers', `${hexOf(made.diffID)}.gzip1`))
    expect(await cache.find(made.diffID, gzip)).toBeUndefined()
    await cache.keep('one', made, gzip)
    const found = await cache.find(made.diffID, gzip)
    expect((await buffer(await (found?.blob ?? made.blob).open())).toString()).toBe('compressed one')
  })

  test('in size counts as not there', async () => {
    const made = await kept('one')
    await appendFile(blobPath(made), '!')
    expect(await cache.find(made.diffID, gzip)).toBeUndefined()
  })

  test.each([0, 1, 20, 80, 90])('of a record, cut after %i bytes, counts as not there', async (length) => {
    const made = await kept('one')
    await truncate(join(folder, 'layers', `${hexOf(made.diffID)}.gzip1`), length)
    expect(await cache.find(made.diffID, gzip)).toBeUndefined()
  })

  test.each(['null', '{}', '{"digest":"sha256:../../etc/passwd","size":1}', '[1]', 'x'.repeat(1000)])('of a record that says %s as well', async (text) => {
    const made = await kept('one')
    await writeFile(join(folder, 'layers', `${hexOf(made.diffID)}.gzip1`), text)
    expect(await cache.find(made.diffID, gzip)).toBeUndefined()
  })

  test('of the folder itself as well: a record that cannot be read is none', async () => {
    const made = await kept('one')
    const record = join(folder, 'layers', `${hexOf(made.diffID)}.gzip1`)
    await rm(record)
    await mkdir(record)
    expect(await cache.find(made.diffID, gzip)).toBeUndefined()
  })

  test('a layer that another run removed in the meantime is told as that', async () => {
    const made = await kept('one')
    const found = await cache.find(made.diffID, gzip)
    await rm(blobPath(made))
    await expect(found?.blob.open()).rejects.toMatchObject({ code: 'SPOOL', message: expect.stringContaining('read cached layer'), hint: expect.stringContaining('run again') })
  })
})

async function keptAt(text: string, ageInDays: number): Promise<SpooledLayer> {
  const made = await kept(text, text.padEnd(1000, '.'))
  const time = new Date(Date.now() - ageInDays * day)
  await utimes(blobPath(made), time, time)
  return made
}

describe('the limit', () => {
  test('removes what was unused longest, until the rest fits', async () => {
    const [old, middle, young] = [await keptAt('old', 3), await keptAt('middle', 2), await keptAt('young', 1)]
    const small = new LayerCache(folder, 2000)
    await small.trim(Date.now())
    expect(await small.find(old.diffID, gzip)).toBeUndefined()
    expect(await small.find(middle.diffID, gzip)).toBeDefined()
    expect(await small.find(young.diffID, gzip)).toBeDefined()
  })

  test('counts a layer that was found as used', async () => {
    const [old, middle] = [await keptAt('old', 3), await keptAt('middle', 2)]
    await cache.find(old.diffID, gzip)
    await new LayerCache(folder, 1000).trim(Date.now())
    expect(await cache.find(old.diffID, gzip)).toBeDefined()
    expect(await cache.find(middle.diffID, gzip)).toBeUndefined()
  })

  test('removes the records of what it removed, and no others', async () => {
    await keptAt('old', 3)
    const young = await keptAt('young', 1)
    await new LayerCache(folder, 1000).trim(Date.now())
    expect(await readdir(join(folder, 'layers'))).toEqual([`${hexOf(young.diffID)}.gzip1`])
  })

  test('that is not reached removes nothing', async () => {
    await keptAt('old', 400)
    await cache.trim(Date.now())
    expect((await readdir(join(folder, 'blobs'))).length).toBe(1)
  })

  test('leaves the temporary folders of other runs alone for a day', async () => {
    for (const [name, age] of [['of-now', 0], ['of-a-crash', 2]] as const) {
      await mkdir(join(cache.spoolParent, name))
      await writeFile(join(cache.spoolParent, name, 'layer-0'), 'x')
      const time = new Date(Date.now() - age * day)
      await utimes(join(cache.spoolParent, name), time, time)
    }
    await cache.trim(Date.now())
    expect(await readdir(cache.spoolParent)).toEqual(['of-now'])
  })
})

test('a layer that cannot be taken in leaves nothing behind', async () => {
  const made = await layer('one')
  await rm(join(folder, 'blobs'), { recursive: true })
  await expect(cache.keep('one', made, gzip)).rejects.toThrow('ENOENT')
  await mkdir(join(folder, 'blobs'))
  await rm(join(folder, 'layers'), { recursive: true })
  await expect(cache.keep('one', made, gzip)).rejects.toThrow('ENOENT')
  expect(await readdir(cache.spoolParent)).toEqual([])
})

test('of the names of layers that were seen a thousand are remembered, those used last', async () => {
  await kept('old')
  await kept('used')
  for (const name of await readdir(join(folder, 'seen'))) await utimes(join(folder, 'seen', name), new Date(0), new Date(0))
  expect(await cache.hasSeen('used')).toBe(true)
  await Promise.all(Array.from({ length: 998 }, (_, index) => writeFile(join(folder, 'seen', `other-${index}`), '')))
  await cache.trim(Date.now())
  expect(await cache.hasSeen('old')).toBe(true)
  await utimes(join(folder, 'seen', createHash('sha256').update('old').digest('hex')), new Date(0), new Date(0))
  await writeFile(join(folder, 'seen', 'one-more'), '')
  await cache.trim(Date.now())
  expect((await readdir(join(folder, 'seen'))).length).toBe(1000)
  expect(await cache.hasSeen('old')).toBe(false)
  expect(await cache.hasSeen('used')).toBe(true)
})

test('several runs keep and find the same layers at once', async () => {
  const caches = Array.from({ length: 6 }, () => new LayerCache(folder))
  const layers = await Promise.all(['a', 'b', 'c'].map((text) => layer(text)))
  await Promise.all(
    caches.map(async (one) => {
      await one.prepare()
      for (const made of layers) await one.keep('name', made, gzip)
      for (const made of layers) expect((await one.find(made.diffID, gzip))?.blob.descriptor).toEqual(made.blob.descriptor)
      await one.trim(Date.now())
    }),
  )
  expect((await readdir(join(folder, 'blobs'))).length).toBe(3)
  expect(await readdir(cache.spoolParent)).toEqual([])
  expect((await readdir(join(folder, 'layers'))).length).toBe(3)
})

describe('a place that cannot be written to is found out at once', () => {
  test('where a file stands in the way', async () => {
    await writeFile(join(tree.path, 'file'), '')
    await expect(new LayerCache(join(tree.path, 'file', 'cache')).prepare()).rejects.toThrow('ENOTDIR')
  })

  test('where the folders are there but not ours', async () => {
    for (const name of ['blobs', 'layers', 'seen', 'tmp']) await chmod(join(folder, name), 0o555)
    await asOrdinaryUser(tree.path, async () => {
      await expect(cache.prepare()).rejects.toThrow('EACCES')
    })
  })

  test('layers of a cache that can only be read are found all the same', async () => {
    const made = await kept('one')
    await chmod(blobPath(made), 0o444)
    const before = (await stat(blobPath(made))).mtimeMs
    await asOrdinaryUser(tree.path, async () => {
      expect((await cache.find(made.diffID, gzip))?.diffID).toBe(made.diffID)
    })
    expect((await stat(blobPath(made))).mtimeMs).toBe(before)
  })
})
