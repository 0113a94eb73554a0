import { createHash } from 'node:crypto'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PackagerError } from '../../src/errors.ts'
import type { Descriptor } from '../../src/oci/descriptor.ts'
import { isDigest } from '../../src/oci/digest.ts'
import type { ArchiveSource } from '../../src/stores/archive.ts'
import { archiveSource, archiveStore } from '../../src/stores/archive.ts'
import { paxMember, putChecksum, tarBytes } from '../support/archives/tar-bytes.ts'
import { push } from '../support/images/push.ts'
import { sampleIndex } from '../support/images/sample.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { sampleArchive } from './support/sample-archive.ts'

/** What has to hold for 100,000 archives holds here for a share of them; `BP_FUZZ_RUNS` says how many. */
const runs = Number(process.env['BP_FUZZ_RUNS'] ?? 1500)

let tree: Tree
let originals: readonly Buffer[]

beforeAll(async () => {
  tree = await emptyTree()
  const store = archiveStore(join(tree.path, 'ours.cnb'))
  await push(store, sampleIndex(['1']))
  await store.seal()
  const { members } = sampleArchive()
  const records = members.flatMap((member) => [paxMember({ path: String(member.name), size: String(member.content?.length ?? 0) }), { ...member, name: 'cut' }])
  originals = [await readFile(join(tree.path, 'ours.cnb')), tarBytes(members), tarBytes(records)]
})

afterAll(async () => {
  await tree.remove()
})

type Mutation = (bytes: Buffer) => Buffer

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const at = (bytes: Buffer, share: number): number => Math.floor(share * bytes.length)

const flip = fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(([share, bit]): Mutation => (bytes) => {
  const copy = Buffer.from(bytes)
  const index = at(copy, share)
  if (copy.length > 0) copy[index] = (copy[index] ?? 0) ^ (1 << bit)
  return copy
})

const cut = place.map((share): Mutation => (bytes) => bytes.subarray(0, at(bytes, share)))

const splice = fc.tuple(place, place, place).map(([from, to, into]): Mutation => (bytes) => {
  const [start, end, here] = [at(bytes, Math.min(from, to)), at(bytes, Math.max(from, to)), at(bytes, into)]
  return Buffer.concat([bytes.subarray(0, here), bytes.subarray(start, end), bytes.subarray(here)])
})

/** Whole blocks change places, so that what comes of it is a tar again. */
const shuffle = fc.tuple(place, place, fc.integer({ min: 1, max: 6 })).map(([from, to, count]): Mutation => (bytes) => {
  const block = (share: number): number => Math.floor(at(bytes, share) / 512) * 512
  const moved = bytes.subarray(block(from), block(from) + count * 512)
  return Buffer.concat([bytes.subarray(0, block(to)), moved, bytes.subarray(block(to))])
})

/** Where the name, size, type, link, magic and prefix of a header are. */
const field = fc.constantFrom([0, 100], [124, 12], [124, 4], [156, 1], [157, 100], [257, 8], [345, 155])
const telling = fc.constantFrom('../x', '/', 'index.json', '77777777777', '-1', '\u0080', '2', 'x', 'L', 'g', 'S')

/** A field of a header says something else, and the checksum is right: what a damaged disk never does, but an attacker would. */
const forge = fc
  .tuple(place, field, fc.oneof(telling, fc.string({ maxLength: 20 })))
  .map(([share, [offset = 0, length = 0], text]): Mutation => (bytes) => {
    const copy = Buffer.from(bytes)
    const block = Math.floor(at(copy, share) / 512) * 512
    if (block + 512 > copy.length) return copy
    copy.fill(0, block + offset, block + offset + length)
    copy.write(text, block + offset, length)
    putChecksum(copy, undefined, block)
    return copy
  })

const mutated = fc.record({
  original: fc.integer({ min: 0, max: 2 }),
  inside: fc.array(fc.oneof(forge, forge, forge, flip, flip, shuffle, shuffle, cut, splice), { minLength: 1, maxLength: 4 }),
  outside: fc.option(fc.array(fc.oneof(flip, cut, splice), { maxLength: 2 })),
})

/** Reads all that an archive names. Whatever comes out has the digest it was asked for by. */
async function readAll(source: ArchiveSource): Promise<void> {
  const open: Descriptor[] = [...source.roots()]
  const seen = new Set<string>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next.digest)) continue
    seen.add(next.digest)
    const bytes = await buffer(await source.open(next))
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(next.digest)
    if (next.mediaType.endsWith('json')) open.push(...namedIn(bytes))
  }
}

function namedIn(bytes: Buffer): Descriptor[] {
  const { manifests = [], layers = [], config } = JSON.parse(bytes.toString()) as Record<string, Descriptor[] | undefined> & { config?: Descriptor }
  return [...manifests, ...layers, ...(config === undefined ? [] : [config])].filter(({ digest }) => isDigest(digest))
}

async function outcome(bytes: Buffer): Promise<'read' | 'refused'> {
  const path = join(tree.path, 'in.cnb')
  await writeFile(path, bytes)
  try {
    const source = await archiveSource(path, tree.path, { limit: 16 * 1024 * 1024 })
    await readAll(source)
    return 'read'
  } catch (error) {
    if (error instanceof PackagerError && ['UNREADABLE', 'UNSUPPORTED', 'NOT_FOUND', 'DIGEST_MISMATCH'].includes(error.code)) return 'refused'
    throw error
  }
}

test('whatever is done to an archive, it is read correctly or refused by an error of ours, and nothing else is written', async () => {
  const seen = { read: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(mutated, async ({ original, inside, outside }) => {
      const plain = inside.reduce<Buffer>((bytes, mutate) => mutate(bytes), originals[original] ?? Buffer.alloc(0))
      const bytes = outside === null ? plain : outside.reduce<Buffer>((packed, mutate) => mutate(packed), gzipSync(plain, { level: 1 }))
      seen[await outcome(bytes)] += 1
      const spooled = (await readdir(tree.path)).filter((name) => name !== 'in.cnb' && name !== 'ours.cnb')
      expect(spooled.filter((name) => !/^archive-[0-9a-f]{12}\.tar$/.test(name))).toEqual([])
      for (const name of spooled) await rm(join(tree.path, name))
    }),
    { numRuns: runs, endOnFailure: true },
  )
  // Either alone would say that the mutations are too mild or too rough to try anything.
  expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(runs / 20)
}, 600_000)
