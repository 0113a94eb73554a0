import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, statSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, open, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PackagerError } from '../../src/errors.ts'
import { blockSize } from '../../src/layers/member-size.ts'
import { hashLayer, spoolLayer } from '../../src/layers/spool.ts'
import type { TarInput } from '../../src/layers/tar.ts'
import { tarSize } from '../../src/layers/tar.ts'
import { listTar } from '../support/read-back/tar-listing.ts'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree, writeEntries } from '../support/tree/tree.ts'
import type { TestWorkshop } from './support/workshop.ts'
import { layerOf, openTestWorkshop, withDiskFullAt } from './support/workshop.ts'

let tree: Tree
let source: string

beforeEach(async () => {
  tree = await emptyTree()
  source = join(tree.path, 'bp')
  await mkdir(source)
})

afterEach(async () => {
  await tree.remove()
})

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

const noReport = (): void => undefined

async function someFiles(): Promise<TarInput> {
  await writeEntries(source, [
    { path: 'bin/build', type: 'file', content: '#!/bin/sh\n', mode: '0755' },
    { path: 'empty', type: 'file', content: '' },
    { path: 'big', type: 'file', content: { repeat: 'a line of it\n', bytes: 3 * blockSize + 77 } },
    { path: 'middle', type: 'file', content: { repeat: 'm', bytes: 256 * 1024 } },
    { path: 'link', type: 'symlink', target: 'bin/build' },
    { path: 'hard', type: 'hardlink', target: 'big' },
  ])
  return layerOf(source)
}

/** Other bytes of the same number, and the times that the file had before. */
function overwriteUnseen(path: string): void {
  const before = `${path}.before`
  writeFileSync(before, '')
  // To the nanosecond, which Node's own functions are not.
  execFileSync('touch', ['-r', path, before])
  writeFileSync(path, 'y'.repeat(statSync(path).size))
  execFileSync('touch', ['-r', before, path])
}

/** Waits until the file system's clock is past the file's times: all that happens within a few milliseconds has one time there. */
function untilLaterThan(path: string): void {
  const probe = `${path}.probe`
  do writeFileSync(probe, '')
  while (statSync(probe).ctimeMs <= statSync(path).ctimeMs)
  unlinkSync(probe)
}

/** Fails as told, with no block and no file left. */
async function expectFailure(shop: TestWorkshop, making: Promise<unknown>, wanted: Partial<Record<'code' | 'message' | 'hint', unknown>>): Promise<void> {
  const failure: unknown = await making.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(failure).toBeInstanceOf(PackagerError)
  expect(failure).toMatchObject(wanted)
  expect(await readdir(shop.folder)).toEqual([])
  expect(shop.blocks.out).toBe(0)
}

describe('a finished layer', () => {
  test.each([
    ['gzip', { kind: 'gzip', level: 6 }, 'application/vnd.oci.image.layer.v1.tar+gzip'],
    ['no compression', { kind: 'none' }, 'application/vnd.oci.image.layer.v1.tar'],
  ] as const)('with %s is what its digests say', async (_, compression, mediaType) => {
    await using shop = await openTestWorkshop(tree.path, 4, { compression })
    const input = await someFiles()
    const layer = await spoolLayer(input, 'layer', shop, noReport)
    const bytes = await readFile(join(shop.folder, 'layer'))
    const tar = compression.kind === 'none' ? bytes : gunzipSync(bytes)
    expect(layer.blob.descriptor).toEqual({ mediaType, size: bytes.length, digest: sha256(bytes) })
    expect(layer.diffID).toBe(sha256(tar))
    expect(tar.length).toBe(tarSize(input))
    const listing = listTar(tar)
    expect(listing.trailingZeroBlocks).toBe(2)
    const names = listing.entries.map((entry) => entry.name.replace('/cnb/buildpacks/acme_hello', ''))
    expect(names).toEqual(['', '/0.0.1', '/0.0.1/big', '/0.0.1/bin', '/0.0.1/bin/build', '/0.0.1/empty', '/0.0.1/hard', '/0.0.1/link', '/0.0.1/middle'])
    expect(shop.blocks.out).toBe(0)
  })

  test('can be read as often as wanted, from any byte', async () => {
    await using shop = await openTestWorkshop(tree.path)
    const { blob } = await spoolLayer(await someFiles(), 'layer', shop, noReport)
    const whole = await buffer(await blob.open())
    expect(sha256(whole)).toBe(blob.descriptor.digest)
    expect((await buffer(await blob.open(100))).equals(whole.subarray(100))).toBe(true)
  })

  test('has the diffID that hashing alone finds', async () => {
    await using shop = await openTestWorkshop(tree.path)
    const input = await someFiles()
    const { diffID } = await spoolLayer(input, 'layer', shop, noReport)
    expect(await hashLayer(input, shop, noReport)).toBe(diffID)
    expect(shop.blocks.out).toBe(0)
  })

  test('is the same whatever the number of blocks', async () => {
    const input = await someFiles()
    const digests = new Set<string>()
    for (const blocks of [1, 2, 7]) {
      await using shop = await openTestWorkshop(tree.path, blocks)
      digests.add((await spoolLayer(input, `layer-${blocks}`, shop, noReport)).blob.descriptor.digest)
    }
    expect(digests.size).toBe(1)
  })

  test('was told of as it grew, up to its last byte', async () => {
    await using shop = await openTestWorkshop(tree.path)
    const input = await someFiles()
    const seen: number[] = []
    await spoolLayer(input, 'layer', shop, (bytes) => seen.push(bytes))
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.at(-1)).toBe(tarSize(input))
    expect(seen.length).toBe(Math.ceil(tarSize(input) / blockSize))
  })

  test('of 200 MB takes no more memory than the pool has', async () => {
    const file = await open(join(source, 'sparse'), 'w')
    await file.truncate(200 * 1000 * 1000)
    await file.close()
    await using shop = await openTestWorkshop(tree.path, 5)
    const { blob } = await spoolLayer(await layerOf(source), 'layer', shop, noReport)
    expect(blob.descriptor.size).toBeLessThan(1_000_000)
    expect(shop.blocks.peak).toBe(5)
    expect(shop.blocks.out).toBe(0)
  })
})

describe('a file that does not stay as it was listed is named, and nothing is left', () => {
  const three = { path: 'big', type: 'file', content: { repeat: 'x', bytes: 3 * blockSize } } as const

  test.each<[string, (path: string) => void, RegExp]>([
    ['grows', (path) => appendFileSync(path, 'more'), /3145732 bytes where it had 3145728/],
    ['shrinks to what was read', (path) => truncateSync(path, 1000), /only \d+ of 3145728 bytes/],
    ['is written again', (path) => utimesSync(path, new Date(), new Date(Date.now() + 10_000)), /a newer time than when it was listed/],
    ['is written again and gets its time back', (path) => overwriteUnseen(path), /its content or mode was touched after it was listed/],
  ])('when it %s while it is read', async (_, change, found) => {
    await writeEntries(source, [three])
    await using shop = await openTestWorkshop(tree.path, 1)
    const path = join(source, 'big')
    const input = await layerOf(source)
    // With one block the first megabyte is written, and told, before the second is read.
    const making = spoolLayer(input, 'layer', shop, (bytes) => {
      if (bytes === blockSize) change(path)
    })
    await expectFailure(shop, making, { code: 'SOURCE_CHANGED', message: expect.stringMatching(found) })
    await expect(making).rejects.toThrow(`read "${path}": it changed while the package was made: `)
  })

  test.each<[string, number, (path: string) => Promise<unknown> | void, RegExp]>([
    ['vanishes', 10, (path) => unlinkSync(path), /it vanished/],
    ['vanishes, and is large', 400_000, (path) => unlinkSync(path), /it vanished/],
    ['grows', 10, (path) => appendFileSync(path, 'x'), /11 bytes where it had 10/],
    ['shrinks', 10, (path) => truncateSync(path, 3), /only 3 of 10 bytes/],
    ['shrinks to nothing', 10, (path) => truncateSync(path, 0), /only 0 of 10 bytes/],
    ['gets a first byte', 0, (path) => appendFileSync(path, 'x'), /1 bytes where it had 0/],
    ['is written again and gets its time back', 10, (path) => overwriteUnseen(path), /touched after it was listed/],
    ['gets another mode', 10, (path) => chmod(path, 0o755), /touched after it was listed/],
    ['becomes a link', 10, (path) => rename(path, `${path}.old`).then(() => symlink(`${path}.old`, path)), /vanished|changed/],
  ])('when it %s after it was listed (%i bytes)', async (_, bytes, change, found) => {
    await writeEntries(source, [{ path: 'file', type: 'file', content: { repeat: 'x', bytes } }])
    await using shop = await openTestWorkshop(tree.path)
    const input = await layerOf(source)
    untilLaterThan(join(source, 'file'))
    await change(join(source, 'file'))
    const wanted = { code: 'SOURCE_CHANGED', message: expect.stringMatching(found), hint: expect.stringContaining('run again') }
    await expectFailure(shop, spoolLayer(input, 'layer', shop, noReport), wanted)
    await expect(hashLayer(input, shop, noReport)).rejects.toMatchObject(wanted)
    expect(shop.blocks.out).toBe(0)
  })

  test('when it may not be read, with a way out', async () => {
    await writeEntries(source, [{ path: 'secret', type: 'file', content: 'x' }])
    await chmod(join(source, 'secret'), 0)
    await asOrdinaryUser(tree.path, async () => {
      await using shop = await openTestWorkshop(tree.path, 4, { compression: { kind: 'none' } })
      const wanted = { code: 'UNREADABLE', message: expect.stringContaining(`read "${join(source, 'secret')}"`), hint: 'make it readable, or leave it out with .bpignore or --exclude' }
      await expectFailure(shop, spoolLayer(await layerOf(source), 'layer', shop, noReport), wanted)
    })
  })
})

describe('a spool that takes no more', () => {
  test.each(['gzip', 'none'] as const)('fails the layer and says what helps (%s)', async (kind) => {
    await writeFile(join(source, 'noise'), randomBytes(4 * blockSize))
    const input = await layerOf(source)
    await using shop = await openTestWorkshop(tree.path, 2, { compression: kind === 'none' ? { kind } : { kind, level: 1 } })
    await withDiskFullAt(64 * 1024, async () => {
      await expectFailure(shop, spoolLayer(input, 'layer', shop, noReport), {
        code: 'SPOOL',
        message: expect.stringMatching(/^write temporary file ".*\/layer": EFBIG/),
        hint: 'free some disk space, or name another folder with --cache-dir or TMPDIR',
      })
    })
    await expect(spoolLayer(input, 'layer', shop, noReport)).resolves.toHaveProperty('diffID')
  })

  test('does not exist at all', async () => {
    await using shop = await openTestWorkshop(tree.path)
    const input = await someFiles()
    await rm(shop.folder, { recursive: true })
    await expect(spoolLayer(input, 'layer', shop, noReport)).rejects.toMatchObject({ code: 'SPOOL', message: expect.stringContaining('ENOENT') })
    expect(shop.blocks.out).toBe(0)
  })
})

describe('an interrupt', () => {
  test.each([1, 4])('in the middle leaves nothing (%i blocks)', async (blocks) => {
    const stop = new AbortController()
    await using shop = await openTestWorkshop(tree.path, blocks, { signal: stop.signal })
    await expectFailure(shop, spoolLayer(await someFiles(), 'layer', shop, () => stop.abort()), { code: 'CANCELLED' })
  })

  test('before the beginning leaves nothing either', async () => {
    await using shop = await openTestWorkshop(tree.path, 2, { signal: AbortSignal.abort() })
    const input = await someFiles()
    await expectFailure(shop, spoolLayer(input, 'layer', shop, noReport), { code: 'CANCELLED' })
    await expectFailure(shop, hashLayer(input, shop, noReport), { code: 'CANCELLED' })
  })
})

test('threads that end in the middle fail the layer, and nothing is left', async () => {
  await using shop = await openTestWorkshop(tree.path, 3)
  const input = await someFiles()
  const making = spoolLayer(input, 'layer', shop, () => void shop.compressors.close())
  await expectFailure(shop, making, { code: expect.stringMatching(/INTERNAL|CANCELLED/) })
})
