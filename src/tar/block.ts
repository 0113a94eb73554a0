import { broken } from './fault.ts'

/** One header block as it stands in the archive, before extended headers have their say. */
export interface RawHeader {
  /** The type flag as a character; old archives have a zero byte for a file, which is `0` here. */
  readonly flag: string
  readonly name: Buffer
  readonly link: Buffer
  readonly size: number
  readonly mode: number
  /** All of it, for whoever wants to know more. */
  readonly block: Buffer
}

const blockSize = 512
const noBytes = Buffer.alloc(0)

/**
 * Reads a header block of any tar there is: POSIX (`ustar\0` and `00`), GNU (`ustar  \0`), star (`tar\0` at 508, whose prefix
 * is shorter) and those from before 1988, which have no magic and no prefix. Only what is used is read: owners, times and
 * device numbers may be nonsense.
 *
 * @throws ArchiveFault where the checksum, size or mode is none
 */
export function decodeBlock(block: Buffer): RawHeader {
  if (!hasChecksum(block)) throw broken('a header whose checksum is wrong', 'the archive is damaged, or it is no tar')
  const size = numberAt(block, 124, 12)
  const mode = numberAt(block, 100, 8)
  if (size === undefined || mode === undefined) throw broken(`a header without a ${size === undefined ? 'size' : 'mode'}`)
  const prefix = textAt(block, 345, prefixLength(block))
  const name = textAt(block, 0, 100)
  return {
    flag: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    link: textAt(block, 157, 100),
    size,
    mode,
    block,
  }
}

const zeros = Buffer.alloc(64 * 1024)

export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const length = Math.min(zeros.length, bytes.length - at)
    if (zeros.compare(bytes, at, at + length, 0, length) !== 0) return false
  }
  return true
}

function prefixLength(block: Buffer): number {
  if (block.toString('latin1', 257, 265) !== 'ustar\u000000') return 0
  return block.toString('latin1', 508, 512) === 'tar\0' ? 131 : 155
}

/** A copy of the bytes before the first zero. */
export function textAt(block: Buffer, offset: number, length: number): Buffer {
  const field = block.subarray(offset, offset + length)
  const end = field.indexOf(0)
  if (length === 0 || end === 0) return noBytes
  return Buffer.from(end === -1 ? field : field.subarray(0, end))
}

/** Octal digits with spaces or zeros around them, or, with the first bit set, a positive number in bytes (GNU). */
function numberAt(block: Buffer, offset: number, length: number): number | undefined {
  const end = offset + length
  if ((block[offset] ?? 0) >= 0x80) return binary(block.subarray(offset, end))
  let at = offset
  while (at < end && isBlank(block[at])) at += 1
  let value = 0
  for (; at < end && !isBlank(block[at]); at += 1) {
    const digit = (block[at] ?? 0) - 0x30
    if (digit < 0 || digit > 7) return undefined
    value = value * 8 + digit
  }
  // What follows a zero byte is nothing; after a space there is no second number.
  if (block[at] === 0x20) for (; at < end; at += 1) if (!isBlank(block[at])) return undefined
  return value
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0 || byte === 0x20
}

/** The same, also below zero, which a time may be. */
export function integerAt(block: Buffer, offset: number, length: number): number | undefined {
  if (block[offset] !== 0xff) return numberAt(block, offset, length)
  const value = BigInt.asIntN(length * 8, BigInt(`0x${block.toString('hex', offset, offset + length)}`))
  return value >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(value) : undefined
}

function binary(field: Buffer): number | undefined {
  if (field[0] !== 0x80) return undefined
  const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
  return Number.isSafeInteger(value) ? value : undefined
}

/** The sum of all bytes with the sum's own eight as spaces; some old programs took bytes for signed numbers. */
function hasChecksum(block: Buffer): boolean {
  const told = numberAt(block, 148, 8)
  let unsigned = 8 * 0x20
  let negatives = 0
  for (let index = 0; index < blockSize; index += 1) {
    const byte = index >= 148 && index < 156 ? 0 : (block[index] ?? 0)
    unsigned += byte
    negatives += byte >> 7
  }
  return told === unsigned || told === unsigned - 256 * negatives
}
