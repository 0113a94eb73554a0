import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as fc from 'fast-check'
import { extract } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import type { Header } from '../../src/tar/header.ts'
import { encodeHeader, endOfArchive, fixedTime, headerSize, paddingOf } from '../../src/tar/header.ts'
import { emptyTree } from '../support/tree/tree.ts'

const base = '/cnb/buildpacks/acme_hello/0.0.1/'

interface Read {
  readonly type: string
  /** As bytes in latin1, so that what is no UTF-8 compares as well. */
  readonly name: string
  readonly link: string
  readonly size: number
}

function tarOf(headers: readonly Header[]): Buffer {
  return Buffer.concat([...headers.flatMap((header) => [encodeHeader(header), Buffer.alloc(header.size, 'x'), Buffer.alloc(paddingOf(header.size))]), endOfArchive])
}

function asRead({ type, name, linkname, size }: Header): Read {
  return { type, name: name.toString('latin1'), link: linkname.toString('latin1'), size }
}

/** GNU tar's own listing, names quoted as C does, so that every byte is told. */
function gnuList(archive: string): Read[] {
  const args = ['--list', '--verbose', '--numeric-owner', '--utc', '--full-time', '--absolute-names', '--quoting-style=c', '--file', archive]
  const result = spawnSync('tar', args, { env: { LC_ALL: 'C', PATH: process.env['PATH'] }, encoding: 'latin1', maxBuffer: 64 * 1024 * 1024 })
  expect(result.stderr).toBe('')
  return result.stdout.split('\n').slice(0, -1).map(readLine)
}

const gnuTypes: Readonly<Record<string, string>> = { '-': 'file', d: 'folder', l: 'symlink', h: 'hardlink' }

/** `-rw-r--r-- 0/0  5 1980-01-01 00:00:01 "name"`, a link with ` -> "text"` or ` link to "name"` after it. */
function readLine(line: string): Read {
  const match = /^(.)[rwx-]{9} 0\/0\s+(\d+) 1980-01-01 00:00:01 "((?:[^"\\]|\\.)*)"(?:(?: -> | link to )"((?:[^"\\]|\\.)*)")?$/.exec(line)
  if (match === null) throw new Error(`not read: ${line}`)
  const [, type = '', size = '', name = '', link = ''] = match
  return { type: gnuTypes[type] ?? type, name: unquote(name), link: unquote(link), size: Number(size) }
}

const escapes: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unquote(text: string): string {
  return text.replace(/\\([0-7]{3}|.)/g, (_, code: string) => (code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (escapes[code] ?? code)))
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

async function tarStreamList(tar: Buffer): Promise<Read[]> {
  const found: Read[] = []
  const types: Readonly<Record<string, string>> = { directory: 'folder', link: 'hardlink' }
  const reader = extract()
  reader.on('entry', ({ type, name, linkname, size }, stream, next) => {
    found.push({ type: types[type] ?? type, name: latin1(name), link: latin1(linkname ?? ''), size: size ?? 0 })
    stream.on('end', next).resume()
  })
  await new Promise<void>((resolve, reject) => {
    reader.on('finish', resolve).on('error', reject)
    Readable.from([tar]).pipe(reader)
  })
  return found
}

/** What a file system may call a file: any bytes but NUL and the slash. */
const rawPart = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
const asciiPart = fc.oneof({ weight: 4, arbitrary: fc.stringMatching(/^[A-Za-z0-9._@ -]{1,40}$/) }, fc.stringMatching(/^[a-z]{80,130}$/)).map((text) => Buffer.from(text))
const textPart = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map((text) => Buffer.from(text.replace(/[/\0]/g, 'a')))
const dots = new Set(['.', '..'])

function pathOf(part: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const safe = part.map((bytes) => (dots.has(bytes.toString('latin1')) ? Buffer.from('dot') : bytes))
  return fc.array(safe, { minLength: 1, maxLength: 7 }).map((parts) => Buffer.from(parts.map((bytes) => bytes.toString('latin1')).join('/'), 'latin1'))
}

function headersOf(part: fc.Arbitrary<Buffer>): fc.Arbitrary<Header[]> {
  const link = fc.oneof(pathOf(part), pathOf(asciiPart))
  const name = pathOf(part).map((path) => Buffer.concat([Buffer.from(base), path]))
  const common = { name, mode: fc.constant(0o644), mtime: fc.constant(fixedTime), windows: fc.constant(false) }
  const none = { linkname: fc.constant(Buffer.alloc(0)), size: fc.constant(0) }
  const file = fc.record<Header>({ ...common, ...none, type: fc.constant('file' as const), size: fc.nat({ max: 1600 }) })
  const folder = fc.record<Header>({ ...common, ...none, type: fc.constant('folder' as const) })
  const symlink = fc.record<Header>({ ...common, ...none, type: fc.constant('symlink' as const), linkname: link })
  const hardlink = fc.record<Header>({ ...common, ...none, type: fc.constant('hardlink' as const), linkname: link })
  return fc.array(fc.oneof(file, folder, symlink, hardlink), { minLength: 1, maxLength: 20 })
}

describe('what was written is read back', () => {
  test.each([
    ['ASCII', asciiPart],
    ['text of any script', textPart],
    ['bytes that need be no text', rawPart],
  ])('by GNU tar, for names of %s', async (_, part) => {
    await using tree = await emptyTree()
    const path = join(tree.path, 'a.tar')
    fc.assert(
      fc.property(headersOf(part), (headers) => {
        writeFileSync(path, tarOf(headers))
        expect(gnuList(path)).toEqual(headers.map(asRead))
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['ASCII', asciiPart],
    ['text of any script', textPart],
  ])('by tar-stream, for names of %s', async (_, part) => {
    await fc.assert(
      fc.asyncProperty(headersOf(part), async (headers) => {
        expect(await tarStreamList(tarOf(headers))).toEqual(headers.map(asRead))
      }),
      { numRuns: 200 },
    )
  })

  test('by whoever adds up the bytes of a header and asks for its size beforehand', () => {
    fc.assert(
      fc.property(fc.oneof(headersOf(rawPart), headersOf(asciiPart)), (headers) => {
        for (const header of headers) {
          const bytes = encodeHeader(header)
          expect(bytes.length).toBe(headerSize(header))
          for (const block of bytes.length === 512 ? [bytes] : [bytes.subarray(0, 512), bytes.subarray(-512)]) {
            const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
            expect(block.toString('latin1', 148, 156)).toBe(`${sum.toString(8).padStart(6, '0')}\0 `)
          }
        }
      }),
    )
  })
})

test('a file of 8 GiB and the one behind it are found by GNU tar', async () => {
  await using tree = await emptyTree()
  const path = join(tree.path, 'big.tar')
  const size = 8 * 1024 ** 3 + 513
  const big: Header = { name: Buffer.from(`${base}big`), type: 'file', mode: 0o644, size, linkname: Buffer.alloc(0), mtime: fixedTime, windows: false }
  const after: Header = { ...big, name: Buffer.from(`${base}small`), size: 0 }
  const head = encodeHeader(big)
  const file = openSync(path, 'w')
  writeSync(file, head)
  ftruncateSync(file, head.length + size + paddingOf(size))
  writeSync(file, Buffer.concat([encodeHeader(after), endOfArchive]), 0, 1536, head.length + size + paddingOf(size))
  closeSync(file)
  expect(gnuList(path)).toEqual([asRead(big), asRead(after)])
})

test('GNU tar extracts long, deep and foreign names to where they belong', async () => {
  await using tree = await emptyTree()
  const names = [`${'d'.repeat(80)}/${'n'.repeat(90)}`, 'n'.repeat(180), `${'deep/'.repeat(60)}leaf`, 'grüße/日本語.txt', 'plain']
  const files = names.map((name): Header => ({ name: Buffer.from(base + name), type: 'file', mode: 0o644, size: 3, linkname: Buffer.alloc(0), mtime: fixedTime, windows: false }))
  const link: Header = { name: Buffer.from(`${base}hard`), type: 'hardlink', mode: 0o644, size: 0, linkname: Buffer.from(base + 'n'.repeat(180)), mtime: fixedTime, windows: false }
  writeFileSync(join(tree.path, 'a.tar'), tarOf([...files, link]))
  execFileSync('tar', ['--extract', '--file', 'a.tar', '--strip-components=4'], { cwd: tree.path, env: { LC_ALL: 'C', PATH: process.env['PATH'] }, stdio: 'pipe' })
  for (const name of names) expect(await readFile(join(tree.path, name), 'utf8')).toBe('xxx')
  expect(await readdir(tree.path)).toContain('hard')
  expect(await readFile(join(tree.path, 'hard'), 'utf8')).toBe('xxx')
})
