import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import type { Stats } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { PackagerError, cancelled, reason, systemCode } from '../errors.ts'
import { isGzip } from '../tar/format.ts'

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
  if (!isGzip(await readHead(path))) return path
  const spool = join(spoolFolder, `archive-${randomBytes(6).toString('hex')}.tar`)
  await decompress(path, spool, options)
  return spool
}

/** The magic number of a file. What is no file is refused before a pipe could keep us waiting. */
async function readHead(path: string): Promise<Buffer> {
  try {
    checkKind(path, await stat(path))
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
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
