import { ascii, blockSize, encodeRecords, fitsOctal, isAscii, padded, putBinary, putOctal, putText, splitName, withChecksum } from './fields.ts'
import type { Header } from './header.ts'
import { extendedHeader } from './header.ts'
import type { Moment, Stamp } from './stamp.ts'

/** An entry that keeps what its header said, under a name of ours. */
export interface CarriedHeader extends Pick<Header, 'name' | 'type' | 'size' | 'linkname'> {
  readonly stamp: Stamp
}

type WrittenDialect = 'ustar' | 'pax' | 'gnu'

const typeflags = { file: 0x30, hardlink: 0x31, symlink: 0x32, folder: 0x35 } as const
const none = Buffer.alloc(0)
const second = 1_000_000_000
/** Seven octal digits: what every dialect has room for. */
const modeBits = 0o7777777

/** Records of PAX that stand for a field: taken from the field, not from the records that came with it. */
const fieldKeys = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'uname', 'gname', 'mtime', 'atime', 'ctime'])

/**
 * The header blocks of an entry that is carried over from another tar (SPEC-builder.md section 4): in its own dialect where
 * that has room for its new name, with its own owner, times and foreign records. An entry without a dialect is USTAR where
 * that can say everything, else PAX with only the records that are needed. Choice and bytes are Go's `archive/tar`.
 *
 * @example
 * encodeCarried({ name: Buffer.from('/cnb/lifecycle/creator'), type: 'file', size: 23, linkname: Buffer.alloc(0), stamp })
 * // stamp.dialect 'gnu': 512 bytes with 'ustar  \0'; 'pax' and a time of 1700000000.5: an 'x' header with '22 mtime=1700000000.5\n' before it
 */
export function encodeCarried(header: CarriedHeader): Buffer {
  const { dialect, records } = choose(header)
  const entry = { ...header, stamp: { ...header.stamp, mode: header.stamp.mode & modeBits } }
  if (dialect === 'gnu') return encodeGnu(entry)
  if (dialect === 'ustar') return encodeUstar(entry)
  const data = encodeRecords(records)
  const own = posixBlock(entry, ascii(header.name), none)
  return data.length === 0 ? own : Buffer.concat([extendedHeader(header.name, data.length), padded(data), own])
}

/** What each dialect can say, gathered field by field as Go's `Header.allowedFormats` does. */
class Choice {
  readonly records = new Map<string, Buffer>()
  readonly #own: Stamp['records']
  ustar = true
  gnu = true
  /** A fraction of a second, or a time beyond the field: USTAR would drop it. */
  prefersPax = false

  constructor(own: Stamp['records']) {
    this.#own = own
  }

  text(key: string, value: Buffer, room: number): void {
    const isLong = value.length > room
    const isName = key === 'path' || key === 'linkpath'
    if (isLong && !isName) this.gnu = false
    if (isLong || !isAscii(value)) {
      if (key !== 'path' || splitName(value) === undefined) this.ustar = false
      this.records.set(key, value)
    }
    this.#again(key, value)
  }

  number(key: string, value: number, room: number): void {
    const text = Buffer.from(String(value))
    if (!fitsOctal(value, room)) {
      this.ustar = false
      this.records.set(key, text)
    }
    this.#again(key, text)
  }

  time(key: string, value: Moment | undefined): void {
    if (value === undefined) return
    const text = Buffer.from(formatMoment(value))
    const fits = fitsOctal(value.seconds, 12)
    if (key !== 'mtime' || !fits) this.ustar = false
    if (key !== 'mtime' || !fits || value.nanos !== 0) {
      this.prefersPax = true
      this.records.set(key, text)
    }
    this.#again(key, text)
  }

  /** A record that only repeats its field is written again where one stood. */
  #again(key: string, value: Buffer): void {
    if (this.#own.get(key)?.equals(value) === true) this.records.set(key, value)
  }
}

function choose({ name, linkname, size, stamp }: CarriedHeader): { dialect: WrittenDialect; records: ReadonlyMap<string, Buffer> } {
  const choice = new Choice(stamp.records)
  const hasDialect = stamp.dialect !== undefined
  choice.text('path', name, 100)
  choice.text('linkpath', linkname, 100)
  choice.text('uname', stamp.uname, 32)
  choice.text('gname', stamp.gname, 32)
  choice.number('uid', stamp.uid, 8)
  choice.number('gid', stamp.gid, 8)
  choice.number('size', size, 12)
  choice.time('mtime', hasDialect ? stamp.mtime : rounded(stamp.mtime))
  choice.time('atime', hasDialect ? stamp.atime : undefined)
  choice.time('ctime', hasDialect ? stamp.ctime : undefined)
  for (const [key, value] of stamp.records) if (!fieldKeys.has(key)) choice.records.set(key, value)
  const mayBeUstar = choice.ustar && stamp.records.size === 0
  const mayBeGnu = choice.gnu && stamp.records.size === 0
  if (stamp.dialect === 'gnu' && mayBeGnu) return { dialect: 'gnu', records: choice.records }
  if (mayBeUstar && !(stamp.dialect === 'pax' && choice.prefersPax)) return { dialect: 'ustar', records: choice.records }
  return { dialect: 'pax', records: choice.records }
}

function encodeUstar(header: CarriedHeader): Buffer {
  const split = splitName(header.name)
  return posixBlock(header, split?.name ?? header.name, split?.prefix ?? none)
}

/** USTAR's block, which is PAX's too: numbers without room are zero there, since a record says them. */
function posixBlock(header: CarriedHeader, name: Buffer, prefix: Buffer): Buffer {
  const { dialect, mtime } = header.stamp
  const seconds = (dialect === undefined ? rounded(mtime) : mtime).seconds
  const bytes = commonBlock({ ...header, linkname: ascii(header.linkname) }, name, seconds, putPosixNumber, ascii)
  bytes.write('ustar\u000000', 257, 'latin1')
  prefix.copy(bytes, 345, 0, 155)
  return withChecksum(bytes)
}

/** Long names stand in entries of their own before it, with a zero byte at their end. */
function encodeGnu(header: CarriedHeader): Buffer {
  const { atime, ctime, mtime } = header.stamp
  const bytes = commonBlock(header, header.name, mtime.seconds, putGnuNumber, (text) => text)
  if (atime !== undefined) putGnuNumber(bytes, 345, 12, atime.seconds)
  if (ctime !== undefined) putGnuNumber(bytes, 357, 12, ctime.seconds)
  bytes.write('ustar  \0', 257, 'latin1')
  const longName = header.name.length > 100 ? longText('L', header.name) : none
  const longLink = header.linkname.length > 100 ? longText('K', header.linkname) : none
  return Buffer.concat([longName, longLink, withChecksum(bytes)])
}

function putPosixNumber(bytes: Buffer, offset: number, length: number, value: number): void {
  putOctal(bytes, offset, length, fitsOctal(value, length) ? value : 0)
}

function putGnuNumber(bytes: Buffer, offset: number, length: number, value: number): void {
  if (fitsOctal(value, length)) putOctal(bytes, offset, length, value)
  else putBinary(bytes, offset, length, value)
}

function commonBlock(header: CarriedHeader, name: Buffer, seconds: number, put: typeof putOctal, spell: (text: Buffer) => Buffer): Buffer {
  const { stamp } = header
  const bytes = Buffer.alloc(blockSize)
  putText(bytes, 0, 100, name)
  put(bytes, 100, 8, stamp.mode)
  put(bytes, 108, 8, stamp.uid)
  put(bytes, 116, 8, stamp.gid)
  put(bytes, 124, 12, header.size)
  put(bytes, 136, 12, seconds)
  bytes[156] = typeflags[header.type]
  putText(bytes, 157, 100, header.linkname)
  putText(bytes, 265, 32, spell(stamp.uname))
  putText(bytes, 297, 32, spell(stamp.gname))
  put(bytes, 329, 8, 0)
  put(bytes, 337, 8, 0)
  return bytes
}

function longText(flag: 'K' | 'L', text: Buffer): Buffer {
  const bytes = Buffer.alloc(blockSize)
  bytes.write('././@LongLink', 0, 'latin1')
  for (const [offset, length] of [[100, 8], [108, 8], [116, 8], [136, 12]] as const) putOctal(bytes, offset, length, 0)
  putOctal(bytes, 124, 12, text.length + 1)
  bytes.write(flag, 156, 'latin1')
  bytes.write('ustar  \0', 257, 'latin1')
  return Buffer.concat([withChecksum(bytes), padded(Buffer.concat([text, Buffer.alloc(1)]))])
}

/** Half a second and more is the next one. */
function rounded({ seconds, nanos }: Moment): Moment {
  return { seconds: seconds + (nanos * 2 >= second ? 1 : 0), nanos: 0 }
}

/** `1700000000.5`; before 1970 `-0.25`. */
function formatMoment({ seconds, nanos }: Moment): string {
  if (nanos === 0) return String(seconds)
  const [sign, whole, part] = seconds < 0 ? ['-', -(seconds + 1), second - nanos] : ['', seconds, nanos]
  return `${sign}${whole}.${String(part).padStart(9, '0')}`.replace(/0+$/, '')
}
