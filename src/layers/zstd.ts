import { pipeline } from 'node:stream'
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { reason } from '../errors.ts'
import { ByteReader } from '../tar/bytes.ts'
import { broken } from '../tar/fault.ts'

/** Node.js has it from 22.15 on; what is not there is undefined. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: (options: { readonly chunkSize: number }) => Transform }

/** Whether this Node.js reads zstd at all. */
export const readsZstd = createZstdDecompress !== undefined

const magic = 0xfd2fb528
/** Frames that say nothing: their last four bits are free (RFC 8878, section 3.1.2). */
const skippableMagic = 0x184d2a50

export function isZstd(head: Buffer): boolean {
  return head.length >= 4 && (head.readUInt32LE(0) === magic || isSkippable(head.readUInt32LE(0)))
}

function isSkippable(number: number): boolean {
  return (number & 0xfffffff0) === skippableMagic
}

/**
 * Decompresses a zstd stream. Such a stream is a row of frames, many where it was made to be read in parts, and Node.js reads
 * one of them only up to version 24, saying nothing of the others nor of one that is cut off: so frames are taken apart here,
 * by the sizes that their blocks say (RFC 8878, section 3.1.1), and decompressed one by one.
 *
 * @throws ArchiveFault where the stream is none, is cut off or cannot be read by this Node.js ({@link readsZstd})
 */
export async function* unzstd(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (createZstdDecompress === undefined) throw broken('a zstd stream', 'Node.js 22.15 and later read those')
  const reader = new ByteReader(packed)
  try {
    for (let head = await reader.take(4); head.length > 0; head = await reader.take(4)) {
      if (head.length === 4 && isSkippable(head.readUInt32LE(0))) await passOver(reader)
      // The reader of the frame sees every failure of the pipeline as its own error.
      else yield* pipeline(frame(head, reader), createZstdDecompress({ chunkSize: 256 * 1024 }), () => undefined) as AsyncIterable<Buffer>
    }
  } catch (cause) {
    const isItsOwn = cause instanceof Error && 'code' in cause && /^Z(STD)?_/.test(String(cause.code))
    throw isItsOwn ? broken(`a zstd stream with an error in it: ${reason(cause)}`) : cause
  } finally {
    await reader.close()
  }
}

async function passOver(reader: ByteReader): Promise<void> {
  const size = (await whole(reader, 4)).readUInt32LE(0)
  if ((await reader.skip(size)) < size) throw cutOff()
}

/** The bytes of one frame, as they are: header, blocks up to the last one, checksum. */
async function* frame(head: Buffer, reader: ByteReader): AsyncGenerator<Buffer> {
  if (head.length < 4) throw cutOff()
  if (head.readUInt32LE(0) !== magic) throw broken('a zstd stream with something else after it')
  yield head
  const descriptor = await whole(reader, 1)
  yield descriptor
  const flags = descriptor[0] ?? 0
  yield whole(reader, headerRest(flags))
  for (let isLast = false; !isLast; ) {
    const header = await whole(reader, 3)
    yield header
    const bits = header.readUIntLE(0, 3)
    isLast = (bits & 1) === 1
    // A block of one byte that is repeated says how often.
    const size = ((bits >> 1) & 3) === 1 ? 1 : bits >> 3
    let read = 0
    for await (const piece of reader.pass(size)) {
      read += piece.length
      yield piece
    }
    if (read < size) throw cutOff()
  }
  if ((flags & 4) !== 0) yield whole(reader, 4)
}

/** Window, dictionary and size of the content, as the flags say that they are there. */
function headerRest(flags: number): number {
  const isSingle = (flags & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][flags & 3] ?? 0
  const size = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0
  return (isSingle ? 0 : 1) + dictionary + size
}

async function whole(reader: ByteReader, length: number): Promise<Buffer> {
  const bytes = await reader.take(length)
  if (bytes.length < length) throw cutOff()
  return bytes
}

function cutOff(): Error {
  return broken('a zstd stream that ends too early', 'it was cut off')
}
