import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { CompressionPool, defaultCompression, parseCompression } from '../../src/layers/compression.ts'
import { GzipCompressor } from '../../src/layers/gzip.ts'
import { blockSize, memberSize } from '../../src/layers/member-size.ts'

const pools: CompressionPool[] = []

function openPool(size: number): CompressionPool {
  const pool = new CompressionPool(size)
  pools.push(pool)
  return pool
}

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
})

function block(text: string): Buffer {
  const bytes = Buffer.from(new SharedArrayBuffer(memberSize))
  bytes.write(text)
  return bytes
}

describe('--compression', () => {
  test('gzip alone is the fastest level, gzip:N any of twelve, none none', () => {
    expect(parseCompression('gzip')).toEqual(defaultCompression)
    expect(parseCompression('gzip:1')).toEqual(defaultCompression)
    expect(parseCompression('gzip:12')).toEqual({ kind: 'gzip', level: 12 })
    expect(parseCompression('none')).toEqual({ kind: 'none' })
  })

  test.each(['', 'gzip:0', 'gzip:13', 'gzip:', 'gzip:1.5', 'gzip:-1', 'gzip: 6', 'GZIP', 'zstd', 'none:1'])('"%s" is refused with what there is', (text) => {
    expect(() => parseCompression(text)).toThrow(`read --compression: got "${text}", want gzip, gzip:1 to gzip:12, or none`)
  })
})

describe('a pool of threads', () => {
  test('that has rested goes on where there is work again', async () => {
    const pool = openPool(1)
    const first = block('before')
    const size = await pool.compress(first, 6, 1)
    expect(gunzipSync(first.subarray(0, size)).toString()).toBe('before')
    await pool.rest()
    const second = block('after')
    expect(gunzipSync(second.subarray(0, await pool.compress(second, 5, 1))).toString()).toBe('after')
  })

  test('does not rest from what it is at', async () => {
    const pool = openPool(1)
    const busy = block('busy')
    const size = pool.compress(busy, 4, 1)
    await pool.rest()
    expect(gunzipSync(busy.subarray(0, await size)).toString()).toBe('busy')
  })

  test('puts a member in the place of each block, the same as one thread alone would', async () => {
    const pool = openPool(2)
    const texts = Array.from({ length: 24 }, (_, index) => `block ${index} `.repeat(1 + index * 100))
    const alone = new GzipCompressor(6)
    await Promise.all(
      texts.map(async (text) => {
        const bytes = block(text)
        const size = await pool.compress(bytes, text.length, 6)
        expect(gunzipSync(bytes.subarray(0, size)).toString()).toBe(text)
        const out = Buffer.alloc(memberSize)
        expect(out.subarray(0, alone.member(Buffer.from(text), out)).equals(bytes.subarray(0, size))).toBe(true)
      }),
    )
  })

  test('serves several levels in one run', async () => {
    const pool = openPool(1)
    const text = Array.from({ length: 5000 }, (_, index) => `${index % 97}:${(index * 7919) % 1009};`).join('')
    const sizes = await Promise.all([1, 12].map((level) => pool.compress(block(text), text.length, level)))
    expect(sizes[1]).toBeLessThan(sizes[0] ?? 0)
  })

  test('fails what is under way when it is closed, and all that comes after', async () => {
    const pool = openPool(1)
    const jobs = Array.from({ length: 4 }, () => pool.compress(block('x'.repeat(blockSize)), blockSize, 12))
    const settled = Promise.allSettled(jobs)
    await pool.close()
    expect((await settled).map((result) => result.status)).toContain('rejected')
    await expect(pool.compress(block('x'), 1, 1)).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('starts no thread before there is work, and closing an idle one is no work', async () => {
    await expect(openPool(2).close()).resolves.toBeUndefined()
  })
})

describe('a pool without threads', () => {
  test('compresses on its own, to the same bytes', async () => {
    const [own, threaded] = [block('a'.repeat(5000)), block('a'.repeat(5000))]
    const sizes = [await openPool(0).compress(own, 5000, 1), await openPool(1).compress(threaded, 5000, 1)]
    expect(sizes[0]).toBe(sizes[1])
    expect(Buffer.compare(own.subarray(0, sizes[0]), threaded.subarray(0, sizes[1]))).toBe(0)
    expect(gunzipSync(own.subarray(0, sizes[0])).toString()).toBe('a'.repeat(5000))
  })

  test('that is closed takes nothing any more', async () => {
    const pool = openPool(0)
    await pool.close()
    await expect(pool.compress(block('x'), 1, 1)).rejects.toThrow('the run ended')
  })
})
