import type { FileHandle } from 'node:fs/promises'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PackagerError, systemCode } from '../errors.ts'
import { broken, tooMuch } from '../tar/fault.ts'
import { isGzip } from '../tar/format.ts'
import type { UnpackLimits } from './unpack-limits.ts'
import { fileError } from './walk.ts'

const pieceSize = 256 * 1024

/** An archive's file, and the tar in it. */
export interface ArchiveFile {
  tar(limits: UnpackLimits): AsyncIterable<Buffer>
  close(): Promise<void>
}

/** The magic number decides whether it is compressed, not the name's ending. */
export async function openArchive(archive: string): Promise<ArchiveFile> {
  const unreadable = (cause: unknown): never => {
    throw fileError(archive, 'read archive', cause)
  }
  // A named pipe must not even be opened: that waits for somebody to write.
  const stats = await stat(archive).catch(unreadable)
  if (!stats.isFile()) throw new PackagerError({ code: 'UNSUPPORTED', step: 'read archive', value: archive, found: 'no regular file', wanted: 'a file with a tar in it' })
  const file = await open(archive, 'r').catch(unreadable)
  return { tar: (limits) => readTar(file, stats.size, limits), close: () => file.close() }
}

async function* readTar(file: FileHandle, packed: number, limits: UnpackLimits): AsyncGenerator<Buffer> {
  const head = Buffer.alloc(2)
  await file.read(head, 0, 2, 0)
  const isPacked = isGzip(head)
  const most = Math.min(limits.bytes, isPacked ? Math.max(limits.ratioFromBytes, packed * limits.ratio) : Infinity)
  let bytes = 0
  for await (const piece of isPacked ? gunzipped(pieces(file)) : pieces(file)) {
    bytes += piece.length
    if (bytes > most && most === limits.bytes) throw tooMuch(`more than ${most} bytes unpacked`, String(most))
    if (bytes > most) throw tooMuch(`${packed} bytes that unpack to more than ${most}`, `${limits.ratio} times as many`)
    yield piece
  }
}

async function* pieces(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const piece = Buffer.allocUnsafe(pieceSize)
    const { bytesRead } = await file.read(piece, 0, pieceSize, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield piece.subarray(0, bytesRead)
  }
}

async function* gunzipped(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // The reader of `plain` sees every failure of the pipeline as its own error.
  const plain = pipeline(packed, createGunzip({ chunkSize: pieceSize }), () => undefined)
  try {
    yield* plain as AsyncIterable<Buffer>
  } catch (cause) {
    const code = systemCode(cause)
    if (code === 'Z_BUF_ERROR') throw broken('a gzip stream that ends too early', 'it was cut off')
    if (code?.startsWith('Z_') === true && cause instanceof Error) throw broken(`a gzip stream with an error in it: ${cause.message}`, 'the archive is damaged')
    throw cause
  }
}
