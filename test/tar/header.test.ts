import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Header } from '../../src/tar/header.ts'
import { encodeHeader, endOfArchive, fixedTime, headerSize, paddingOf } from '../../src/tar/header.ts'
import { listTar } from '../support/read-back/tar-listing.ts'
import type { ListedEntry } from '../support/vectors/case.ts'
import { packageCaseNames, readPackageCase } from '../support/vectors/case.ts'

const base = '/cnb/buildpacks/acme_hello/0.0.1/'

function header(name: string, rest: Partial<Header> = {}): Header {
  return { name: Buffer.from(name), type: 'file', mode: 0o644, size: 0, linkname: Buffer.alloc(0), mtime: fixedTime, windows: false, ...rest }
}

function symlink(name: string, text: string): Header {
  return header(name, { type: 'symlink', mode: 0o755, linkname: Buffer.from(text) })
}

/**
 * Size and SHA-256 of what Go's archive/tar (1.26) writes for these headers. Layers are equal to pack's only as long as
 * each byte of these stays.
 */
const golden: readonly (readonly [string, Header, number, string])[] = [
  ['a folder', header('/cnb/buildpacks/acme_hello', { type: 'folder', mode: 0o755 }), 512, 'f0c52bfb216a12065c7111bb5c5f97b22f0d7b22bcb545f5c8d17c300b614102'],
  ['a program', header(`${base}bin/build`, { mode: 0o755, size: 17 }), 512, '6a1be2c3ede793c3c6ff03735f4f9645f8307b145843f28d16bc868d7532a02f'],
  ['a name of exactly 100 bytes', header(base + 'n'.repeat(100 - base.length), { size: 1 }), 512, 'd593e323dfdf22ff6109e1a51b591bcc27b2b06f5d45368f31eefc9bec2db1a2'],
  ['a long name with a slash in the right place', header(`${base}${'d'.repeat(70)}/${'n'.repeat(100)}`, { size: 1 }), 512, '7796af036f604a53361bf6d5bddb74377b6d3b8050423707034b5b5721a0645f'],
  ['a long name with none', header(base + 'n'.repeat(101), { size: 1 }), 1536, '630523c34825cbf6b081492bc354708d84cb874648448a44a183dc2ff6949e62'],
  ['a name of more than 255 bytes', header(`${base}${'deep/'.repeat(50)}f`), 1536, '93863fb79c9ff6ca77302cb45b62d102c6aa94f24619cca93927bc09455d009a'],
  ['a name beyond ASCII', header(`${base}grüße/日本.txt`, { size: 3 }), 1536, 'a9e46b30309891ae951a7f0773da83d1b931a9e5486bf410d8f433481b12a157'],
  ['a long symlink', symlink(`${base}link`, `../${'t'.repeat(120)}`), 1536, '85f9b5e106328b906dfe6a083724a0ece6509d41a535808ac80745bc1f04ce14'],
  ['a symlink whose text is cut after slashes', symlink(`${base}link`, `${'t'.repeat(98)}//x`), 1536, 'c76048e5fb9cfca9c741b90076f226160c66b6b3bad00e71f1bf93de260d6b97'],
  ['a hard link', header(`${base}b`, { type: 'hardlink', linkname: Buffer.from(`${base}a`) }), 512, '9f40e2a04cb1c783c904a46e69dedfa5991ddbba3c9821425977337f377a3585'],
  ['8 GiB', header(`${base}big`, { size: 8 * 1024 ** 3 }), 1536, 'bc6092e85cf977d0da8dcce5703cf5c0e04b827a89caeee9567ec12b50f518b7'],
  ['a byte less than 8 GiB', header(`${base}big`, { size: 8 * 1024 ** 3 - 1 }), 512, 'd2b76f938a8c1cf4b924563674bb6b58f30ebf907cb2cb68c676a63cdeab7fbb'],
  ['a name that could be split, beside a link that asks for PAX', symlink(`${base}${'d'.repeat(70)}/${'n'.repeat(60)}`, 'ü'), 1536, 'caf617986382f1b72371f137fb23a478001c0112936b36c155446b781d4e30d6'],
  ['a program for Windows', header(`Files${base}bin/detect.bat`, { mode: 0o755, size: 9, windows: true }), 1536, '2cf02b71770126becd44bfb32e94d341e2335c64b202b60ac8bc5c844ef2f13e'],
  ['the Hives folder', header('Hives', { type: 'folder', mode: 0, mtime: 0 }), 512, '0df76f3a8e412b11f80791c62e63a11266fdeed05c553d95b2caff3e77dfb5f1'],
]

test.each(golden)('the header of %s is the one that Go writes', (_, input, size, sha256) => {
  const bytes = encodeHeader(input)
  expect({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }).toEqual({ size, sha256 })
})

test('the worked example of the doc comment is field for field what comes out', () => {
  const bytes = encodeHeader({ name: Buffer.from('/cnb/buildpacks/a/1/bin'), type: 'folder', mode: 0o755, size: 0, linkname: Buffer.alloc(0), mtime: fixedTime, windows: false })
  const fields = bytes.toString('latin1')
  expect(fields.slice(0, 24)).toBe('/cnb/buildpacks/a/1/bin\0')
  expect(fields.slice(100, 108)).toBe('0000755\0')
  expect(fields.slice(108, 124)).toBe('0000000\0'.repeat(2))
  expect(fields.slice(124, 136)).toBe('00000000000\0')
  expect(fields.slice(136, 148)).toBe('02263523001\0')
  expect(fields.slice(148, 156)).toMatch(/^[0-7]{6}\0 $/)
  expect(fields[156]).toBe('5')
  expect(fields.slice(257, 265)).toBe('ustar\x0000')
  expect(fields.slice(329, 345)).toBe('0000000\0'.repeat(2))
  expect(fields.slice(345)).toBe('\0'.repeat(167))
})

test('a header says its size before it is made', () => {
  for (const [, input, size] of golden) expect(headerSize(input)).toBe(size)
})

test('padding fills content up to the next block, and an archive ends with two empty ones', () => {
  expect([0, 1, 511, 512, 513].map(paddingOf)).toEqual([0, 511, 1, 0, 511])
  expect(endOfArchive).toEqual(Buffer.alloc(1024))
})

const types: Readonly<Record<string, Header['type']>> = { 0: 'file', 1: 'hardlink', 2: 'symlink', 5: 'folder' }

/** What a listing of pack's says, as the header that must give it. */
function headerOf(entry: ListedEntry): Header {
  const type = types[entry.type]
  if (type === undefined) throw new TypeError(`unknown type ${entry.type} of ${entry.name}`)
  const windows = entry.pax.some((record) => Array.isArray(record) && record[0] === 'MSWINDOWS.rawsd')
  const { size } = entry
  return { name: Buffer.from(entry.name), type, mode: Number.parseInt(entry.mode, 8), size, linkname: Buffer.from(entry.linkname), mtime: Date.parse(entry.mtime) / 1000, windows }
}

/** The one whose listing keeps the foreign headers of the archive it came from; ours writes its own for every source. */
const keepsForeignHeaders = new Set(['archive-tar-gnu'])

const layers = packageCaseNames()
  .filter((name) => !keepsForeignHeaders.has(name))
  .flatMap((name) => {
    const { peer, wanted } = readPackageCase(name).expected
    const listed = [...Object.entries(peer.layers ?? {}), ...Object.entries(wanted?.layers ?? {})]
    return listed.map(([diffID, layer]) => ({ name, diffID, entries: layer.entries }))
  })

describe('headers of layers that pack has made', () => {
  test.each(layers)('$name $diffID', ({ entries }) => {
    for (const entry of entries) expect(listTar(Buffer.concat([encodeHeader(headerOf(entry)), endOfArchive])).entries).toEqual([entry])
  })

  test('there are hundreds of them', () => {
    expect(layers.length).toBeGreaterThan(60)
    expect(layers.flatMap((layer) => layer.entries).length).toBeGreaterThan(600)
  })
})
