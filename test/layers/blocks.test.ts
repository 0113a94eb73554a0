import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BlockPool, BlockWriter } from '../../src/layers/blocks.ts'
import { blockSize } from '../../src/layers/member-size.ts'
import { hashLayer, spoolLayer } from '../../src/layers/spool.ts'
import type { TarInput } from '../../src/layers/tar.ts'
import { emptyTree, writeEntries } from '../support/tree/tree.ts'
import { CountingPool, layerOf, openTestWorkshop } from './support/workshop.ts'

const noReport = (): void => undefined

describe('a pool', () => {
  test('lets the next one wait until a block comes back, the first come first', async () => {
    const pool = new BlockPool(1)
    const only = await pool.take()
    const order: string[] = []
    const waiting = ['a', 'b'].map(async (name) => {
      const block = await pool.take()
      order.push(name)
      pool.give(block)
      return block
    })
    expect(order).toEqual([])
    pool.give(only)
    for (const block of await Promise.all(waiting)) expect(block).toBe(only)
    expect(order).toEqual(['a', 'b'])
  })

  test('makes no block before it is asked for, and takes up again what it made', async () => {
    const pool = new BlockPool(100)
    const first = await pool.take()
    pool.give(first)
    expect(await pool.take()).toBe(first)
  })

  test('that has rested gives as many blocks as before, none of them one that is still in use', async () => {
    const pool = new BlockPool(2)
    const used = await pool.take()
    pool.give(await pool.take())
    pool.rest()
    const next = await pool.take()
    expect(next).not.toBe(used)
    const third = Promise.resolve(pool.take())
    pool.give(used)
    expect(await third).toBe(used)
  })
})

describe('a writer', () => {
  test('cuts whatever it is given, in pieces of any size, into full blocks and a last one', async () => {
    const piece = fc.oneof(fc.nat({ max: 2000 }), fc.constantFrom(blockSize - 1, blockSize, blockSize + 1, 0))
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (sizes) => {
        const pool = new CountingPool(1)
        const lengths: number[] = []
        const parts: Buffer[] = []
        const writer = new BlockWriter(pool, (block, length) => {
          lengths.push(length)
          parts.push(Buffer.from(block.subarray(0, length)))
          pool.give(block)
        })
        const written = sizes.map((size, index) => Buffer.alloc(size, index + 1))
        for (const bytes of written) await writer.write(bytes)
        writer.end()
        expect(Buffer.concat(parts).equals(Buffer.concat(written))).toBe(true)
        expect(lengths.slice(0, -1).every((length) => length === blockSize)).toBe(true)
        expect(lengths).not.toContain(0)
        expect(pool.out).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('gives its block back when it is told to stop', async () => {
    const pool = new CountingPool(2)
    const writer = new BlockWriter(pool, noReport)
    await writer.write(Buffer.from('begun'))
    expect(pool.out).toBe(1)
    writer.release()
    writer.release()
    expect(pool.out).toBe(0)
  })
})

/** Layers of very different sizes, some smaller than a block, some of several. */
async function manyLayers(folder: string): Promise<TarInput[]> {
  const sizes = [0, 1, 1500, blockSize - 3000, blockSize, 2 * blockSize + 17, 700_000, 5, 3 * blockSize, 250_000, 300_000, 1]
  for (const [index, bytes] of sizes.entries()) await writeEntries(folder, [{ path: `${index}/file`, type: 'file', content: { repeat: `layer ${index} `, bytes } }])
  return Promise.all(sizes.map((_, index) => layerOf(join(folder, String(index)))))
}

/*
 * No deadlock, whatever the number of layers and blocks: a writer asks for a block only when it has none, so nobody who
 * waits keeps another waiting; whoever has one waits for files and for its own layer's compression, never for a block.
 */
describe('many layers at once over few blocks', () => {
  test.each([1, 2, 3])('are all made with %i, and the blocks come back', async (blocks) => {
    await using tree = await emptyTree()
    const inputs = await manyLayers(tree.path)
    await using alone = await openTestWorkshop(join(tree.path, 'alone'))
    const wanted: string[] = []
    for (const [index, input] of inputs.entries()) wanted.push((await spoolLayer(input, String(index), alone, noReport)).blob.descriptor.digest)
    await using shop = await openTestWorkshop(tree.path, blocks)
    const layers = await Promise.all(inputs.map((input, index) => spoolLayer(input, String(index), shop, noReport)))
    expect(layers.map((layer) => layer.blob.descriptor.digest)).toEqual(wanted)
    expect(shop.blocks.out).toBe(0)
    expect(shop.blocks.peak).toBe(blocks)
  })

  test('are made although some fail, and others are only hashed', async () => {
    await using tree = await emptyTree()
    const inputs = await manyLayers(tree.path)
    for (const broken of [3, 5, 8]) await writeFile(join(tree.path, String(broken), 'file'), 'another size')
    await using shop = await openTestWorkshop(tree.path, 1)
    const made = await Promise.allSettled([
      ...inputs.map((input, index) => spoolLayer(input, String(index), shop, noReport)),
      ...inputs.map((input) => hashLayer(input, shop, noReport)),
    ])
    const failed = made.flatMap((result, index) => (result.status === 'rejected' ? [index] : []))
    expect(failed).toEqual([3, 5, 8, 15, 17, 20])
    expect(shop.blocks.out).toBe(0)
  })

  test('all stop when they are told to', async () => {
    await using tree = await emptyTree()
    const inputs = await manyLayers(tree.path)
    const stop = new AbortController()
    await using shop = await openTestWorkshop(tree.path, 2, { signal: stop.signal })
    const made = await Promise.allSettled(inputs.map((input, index) => spoolLayer(input, String(index), shop, (bytes) => (bytes > blockSize ? stop.abort() : undefined))))
    expect(made.some((result) => result.status === 'rejected')).toBe(true)
    expect(shop.blocks.out).toBe(0)
  })
})
