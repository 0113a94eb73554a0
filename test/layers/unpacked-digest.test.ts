import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkingDiffID } from '../../src/layers/unpacked-digest.ts'
import type { Digest } from '../../src/oci/digest.ts'

const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const place = 'registry.example/base:1'

/** The bytes in pieces of these sizes, again and again. */
function pieces(bytes: Buffer, sizes: readonly number[]): Readable {
  const cut: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length
    cut.push(bytes.subarray(at, at + size))
    at += size
  }
  return Readable.from(cut, { objectMode: false })
}

test('a layer passes whole, compressed or not, in whatever pieces it comes', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 20_000 }), fc.boolean(), sizes, async (content, isPacked, cuts) => {
      // A tar begins with a name, never with the first bytes of gzip or zstd.
      const tar = Buffer.concat([Buffer.from('name'), content])
      const sent = isPacked ? gzipSync(tar) : tar
      const got = await buffer(checkingDiffID(pieces(sent, cuts), { diffID: digestOf(tar), place }))
      expect(got.equals(sent)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('what unpacks to other bytes fails, and its last piece is not handed out', async () => {
  const sent = gzipSync(Buffer.alloc(3_000_000, 'tar'))
  let got = 0
  const read = async (): Promise<void> => {
    for await (const piece of checkingDiffID(pieces(sent, [1000]), { diffID: digestOf(Buffer.from('x')), place })) got += (piece as Buffer).length
  }
  await expect(read()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', message: expect.stringContaining(`read layer "${place}": got a layer that unpacks to ${digestOf(Buffer.alloc(3_000_000, 'tar'))}`) as string })
  expect(got).toBeLessThan(sent.length)
})

test('a failure of the source is its own', async () => {
  const broken = new PassThrough()
  broken.write(gzipSync('x').subarray(0, 5))
  const checked = checkingDiffID(broken, { diffID: digestOf(Buffer.from('x')), place })
  setImmediate(() => broken.destroy(new Error('the line is dead')))
  await expect(buffer(checked)).rejects.toThrow('the line is dead')
})

test('whoever gives up ends the source, even one that sends nothing', async () => {
  const silent = new PassThrough()
  const ended = once(silent, 'close').catch((cause: unknown) => cause)
  const checked = checkingDiffID(silent, { diffID: digestOf(Buffer.from('x')), place })
  checked.read()
  checked.destroy()
  await ended
  expect(silent.destroyed).toBe(true)
})
