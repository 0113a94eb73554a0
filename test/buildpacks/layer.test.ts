import { expect, test } from 'vitest'
import { moduleLayer } from '../../src/buildpacks/layer.ts'
import { readBuildpackToml } from '../../src/config/module-reader.ts'
import { BlockPool, BlockWriter } from '../../src/layers/blocks.ts'
import { bytesEntry } from '../../src/layers/entries.ts'
import type { TarInput } from '../../src/layers/tar.ts'
import { tarSize, writeTar } from '../../src/layers/tar.ts'
import { listTar } from '../support/read-back/tar-listing.ts'
import type { ListedEntry } from '../support/vectors/case.ts'

const { value: module } = readBuildpackToml('[buildpack]\nid = "acme/tools/hello.world"\nversion = "1.0.0+build"\n', 'buildpack.toml')
if (module === undefined) throw new Error('unread')

const entries = [bytesEntry('bin/build', Buffer.from('#!/bin/sh\n')), { name: 'same', type: 'hardlink', executable: true, size: 0, link: 'bin/build', content: undefined } as const]

async function tarOf(input: TarInput): Promise<readonly ListedEntry[]> {
  const pool = new BlockPool(1)
  const parts: Buffer[] = []
  const writer = new BlockWriter(pool, (block, length) => {
    parts.push(Buffer.from(block.subarray(0, length)))
    pool.give(block)
  })
  await writeTar(input, writer)
  const tar = Buffer.concat(parts)
  expect(tar.length).toBe(tarSize(input))
  const listing = listTar(tar)
  expect(listing.trailingZeroBlocks).toBe(2)
  return listing.entries
}

test('a module lies below its id, slashes as underscores, and its version unchanged', async () => {
  const listed = await tarOf(moduleLayer(module, entries, false))
  expect(listed.map((entry) => entry.name)).toEqual([
    '/cnb/buildpacks/acme_tools_hello.world',
    '/cnb/buildpacks/acme_tools_hello.world/1.0.0+build',
    '/cnb/buildpacks/acme_tools_hello.world/1.0.0+build/bin/build',
    '/cnb/buildpacks/acme_tools_hello.world/1.0.0+build/same',
  ])
  expect(listed[3]?.linkname).toBe('/cnb/buildpacks/acme_tools_hello.world/1.0.0+build/bin/build')
})

test('an extension lies below extensions', async () => {
  const listed = await tarOf(moduleLayer({ ...module, kind: 'extension' }, [], false))
  expect(listed.map((entry) => entry.name)).toEqual(['/cnb/extensions/acme_tools_hello.world', '/cnb/extensions/acme_tools_hello.world/1.0.0+build'])
})

test('a layer for Windows begins with the folders of its root, and its own entries carry an owner', async () => {
  const listed = await tarOf(moduleLayer(module, entries, true))
  expect(listed.slice(0, 4).map(({ name, mode, mtime, format }) => [name, mode, mtime, format])).toEqual(
    ['Files', 'Hives', 'Files/cnb', 'Files/cnb/buildpacks'].map((name) => [name, '0000', '1970-01-01T00:00:00Z', 'ustar']),
  )
  for (const entry of listed.slice(4)) {
    expect(entry.name).toMatch(/^Files\/cnb\/buildpacks\/acme_tools_hello\.world/)
    expect(entry.pax).toContainEqual(['MSWINDOWS.rawsd', expect.any(String)])
  }
  expect(listed.at(-1)?.linkname).toBe('Files/cnb/buildpacks/acme_tools_hello.world/1.0.0+build/bin/build')
})
