import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import type { Stats } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { PackagerError, cancelled, reason, systemCode } from '../errors.ts'
import { decodeHeader } from './archive-header.ts'

export interface ArchiveOptions {
  /** How many bytes a gzip archive may come to without it. */
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const step = 'read archive'
const wanted = 'a tar, plain or gzip'
const defaultLimit = 8 * 1024 ** 3

/** A tar that can be read from any byte: `path` itself, or for a gzip one what it decompresses to, a new file in `spoolFolder`. */
export async function plainTar(path: string, spoolFolder: string, options: ArchiveOptions): Promise<string> {
  const head = await readHead(path)
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    checkHead(path, head)
    return path
  }
  const spool = join(spoolFolder, `archive-${randomBytes(6).toString('hex')}.tar`)
  await decompress(path, spool, options)
  checkHead(path, await readHead(spool))
  return spool
}

/** The first block of a file, or all of it where it is shorter. What is no file is refused before a pipe could keep us waiting. */
async function readHead(path: string): Promise<Buffer> {
  try {
    checkKind(path, await stat(path))
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof PackagerError) throw cause
    throw new PackagerError({ code: systemCode(cause) === 'ENOENT' ? 'NOT_FOUND' : 'UNREADABLE', step, value: path, found: reason(cause), cause })
  }
}

function checkKind(path: string, info: Stats): void {
  if (info.isFile()) return
  throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: info.isDirectory() ? 'a folder' : 'something that is no file', wanted })
}

interface Disguise {
  readonly found: string
  readonly hint?: string
}

const compressed = 'decompress it first'

/** What people have under the name of an archive, by its first bytes in hex. */
const magics: readonly (Disguise & { readonly magic: string })[] = [
  { magic: '504b0304', found: 'a zip archive' },
  { magic: '504b0506', found: 'a zip archive' },
  { magic: '28b52ffd', found: 'a zstd-compressed file', hint: compressed },
  { magic: 'fd377a585a00', found: 'an xz-compressed file', hint: compressed },
  { magic: '425a68', found: 'a bzip2-compressed file', hint: compressed },
  { magic: '1f8b', found: 'a gzip file within a gzip file', hint: compressed },
]

/** And by its first words. */
const texts: readonly (Disguise & { readonly begins: RegExp })[] = [
  { begins: /^version https:\/\/git-lfs/, found: 'a Git LFS pointer', hint: 'fetch the file itself with git lfs pull' },
  { begins: /^\uFEFF?\s*<(!doctype|html|head|body)/i, found: 'an HTML page', hint: 'a server gave a page in place of the file: open its address in a browser' },
  { begins: /^\uFEFF?\s*[{[]/, found: 'JSON text', hint: 'a server may have given an error in place of the file' },
]

/** A first block of zeros is the end of an empty tar; whoever looks for entries says so. */
function checkHead(path: string, head: Buffer): void {
  if (head.length === 512 && (decodeHeader(head) !== undefined || head.every((byte) => byte === 0))) return
  const { found, hint } = disguiseOf(head) ?? { found: 'a file that is no tar' }
  throw new PackagerError({ code: 'UNREADABLE', step, value: path, found, wanted, hint })
}

function disguiseOf(head: Buffer): Disguise | undefined {
  if (head.length === 0) return { found: 'an empty file' }
  const [hex, text] = [head.toString('hex'), head.toString('utf8')]
  return magics.find(({ magic }) => hex.startsWith(magic)) ?? texts.find(({ begins }) => begins.test(text))
}

async function decompress(path: string, spool: string, { limit = defaultLimit, signal }: ArchiveOptions): Promise<void> {
  try {
    await pipeline(createReadStream(path), createGunzip({ chunkSize: 256 * 1024 }), limited(path, limit), createWriteStream(spool, { flags: 'wx' }), { signal })
  } catch (cause) {
    await rm(spool, { force: true })
    if (cause instanceof PackagerError) throw cause
    if (signal?.aborted === true) throw cancelled(step, cause)
    throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: `broken gzip: ${reason(cause)}`, wanted, cause })
  }
}

/** A few bytes of gzip can stand for a full disk. */
function limited(path: string, limit: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength
      if (bytes <= limit) return done(null, chunk)
      done(new PackagerError({ code: 'UNSUPPORTED', step, value: path, found: `more than ${limit} bytes once decompressed`, wanted: `at most ${limit}` }))
    },
  })
}
