import type { Buffer as NodeBuffer } from 'node:buffer'
import { ascii, encodeRecords, isAscii, padded, paddingOf, putOctal, putText, splitName, withChecksum, withoutTrailingSlashes } from './fields.ts'

export { paddingOf } from './fields.ts'

/** 1980-01-01T00:00:01Z in seconds, the time of every entry and, without `SOURCE_DATE_EPOCH`, of every image. */
export const fixedTime = 315_532_801

/** The security descriptor that makes administrators own a file of a Windows layer (SPEC-package.md section 4). */
const windowsDescriptor = 'AQAAgBQAAAAkAAAAAAAAAAAAAAABAgAAAAAABSAAAAAgAgAAAQIAAAAAAAUgAAAAIAIAAA=='

/** One entry of a tar as its header tells it. Names are bytes, not characters: a file system promises no encoding. */
export interface Header {
  readonly name: NodeBuffer
  readonly type: 'file' | 'folder' | 'symlink' | 'hardlink'
  /** Permission bits. */
  readonly mode: number
  /** Bytes of content that follow; 0 for all but files. */
  readonly size: number
  readonly linkname: NodeBuffer
  /** Seconds since 1970. */
  readonly mtime: number
  /** Windows layers: a `MSWINDOWS.rawsd` record. */
  readonly windows: boolean
}

/** `0`, `1`, `2`, `5`. */
const typeflags = { file: 0x30, hardlink: 0x31, symlink: 0x32, folder: 0x35 } as const
const none = Buffer.alloc(0)
const noRecords: ReadonlyMap<string, NodeBuffer> = new Map()
const eightGiB = 8 * 1024 ** 3

/** What all blocks have in common: uid and gid 0, USTAR's magic. */
const blank = Buffer.alloc(512)
putOctal(blank, 108, 8, 0)
putOctal(blank, 116, 8, 0)
blank.write('ustar\u000000', 257, 'latin1')

/**
 * The header blocks of an entry: one USTAR block where that can say everything, else a PAX extended header, its records
 * and the entry's own block (SPEC-package.md section 4, "Choice of header"). GNU headers never occur. The choice and each
 * byte are Go's `archive/tar` in one pass, which is what gives a layer the diffID that pack gives it.
 *
 * @example
 * encodeHeader({ name: Buffer.from('/cnb/buildpacks/a/1/bin'), type: 'folder', mode: 0o755, size: 0, linkname: Buffer.alloc(0),
 *   mtime: fixedTime, windows: false })
 * // 512 bytes: name, '0000755\0', '0000000\0' twice, '00000000000\0', '02263523001\0', checksum, '5', 'ustar\0' '00', zeros
 */
export function encodeHeader(header: Header): NodeBuffer {
  const records = paxRecords(header)
  const split = splitName(header.name)
  if (fitsUstar(records, split)) return block(header, split?.name ?? header.name, split?.prefix ?? none)
  const data = encodeRecords(records)
  const own = block({ ...header, size: header.size < eightGiB ? header.size : 0 }, ascii(header.name), none)
  return Buffer.concat([extendedHeader(header.name, data.length), padded(data), own])
}

/** How many bytes `encodeHeader` gives, without making them. */
export function headerSize(header: Header): number {
  const records = paxRecords(header)
  if (fitsUstar(records, splitName(header.name))) return 512
  const data = encodeRecords(records).length
  return 1024 + data + paddingOf(data)
}

function fitsUstar(records: ReadonlyMap<string, NodeBuffer>, split: object | undefined): boolean {
  return records.size === 0 || (records.size === 1 && records.has('path') && split !== undefined)
}

/** The two zero blocks that end an archive. */
export const endOfArchive: NodeBuffer = Buffer.alloc(1024)

function paxRecords(header: Header): ReadonlyMap<string, NodeBuffer> {
  const isPlain = !header.windows && header.size < eightGiB && isShort(header.name) && isShort(header.linkname)
  return isPlain ? noRecords : neededRecords(header)
}

/** Short enough for the field of a header block, and ASCII, which is all that may stand there. */
function isShort(text: NodeBuffer): boolean {
  return text.length <= 100 && isAscii(text)
}

function neededRecords(header: Header): ReadonlyMap<string, NodeBuffer> {
  const records = new Map<string, NodeBuffer>()
  if (header.windows) records.set('MSWINDOWS.rawsd', Buffer.from(windowsDescriptor))
  if (!isShort(header.linkname)) records.set('linkpath', header.linkname)
  if (!isShort(header.name)) records.set('path', header.name)
  if (header.size >= eightGiB) records.set('size', Buffer.from(String(header.size)))
  return records
}

function block(header: Header, name: NodeBuffer, prefix: NodeBuffer): NodeBuffer {
  const bytes = blankBlock()
  putOctal(bytes, 329, 8, 0)
  putOctal(bytes, 337, 8, 0)
  putText(bytes, 0, 100, name)
  putOctal(bytes, 100, 8, header.mode)
  putOctal(bytes, 124, 12, header.size)
  putOctal(bytes, 136, 12, header.mtime)
  bytes[156] = typeflags[header.type]
  putText(bytes, 157, 100, ascii(header.linkname))
  prefix.copy(bytes, 345, 0, 155)
  return withChecksum(bytes)
}

/** A block with owner, group and magic in it: from Node's pool, since a layer may have a hundred thousand of them. */
function blankBlock(): NodeBuffer {
  const bytes = Buffer.allocUnsafe(512)
  blank.copy(bytes)
  return bytes
}

/** The `x` entry that carries the records. Its device fields stay zero bytes, not digits. */
export function extendedHeader(name: NodeBuffer, size: number): NodeBuffer {
  const slash = name.lastIndexOf(0x2f)
  const full = Buffer.concat([name.subarray(0, slash + 1), Buffer.from('PaxHeaders.0/'), name.subarray(slash + 1)])
  const bytes = blankBlock()
  withoutTrailingSlashes(ascii(full).subarray(0, 100)).copy(bytes, 0)
  putOctal(bytes, 100, 8, 0)
  putOctal(bytes, 124, 12, size)
  putOctal(bytes, 136, 12, 0)
  bytes[156] = 'x'.charCodeAt(0)
  return withChecksum(bytes)
}
