import { isAscii } from './fields.ts'
import type { RawHeader } from './block.ts'
import { integerAt, textAt } from './block.ts'
import type { Records } from './records.ts'
import type { Dialect, Moment, Stamp } from './stamp.ts'

/** Bits for the dialects that an entry may be in; each of its headers leaves fewer. */
const bits = { ustar: 1, pax: 2, gnu: 4 } as const
const anyDialect = bits.ustar | bits.pax | bits.gnu

const noRecords: Records = new Map()
const numericFields: readonly (readonly [offset: number, length: number])[] = [[100, 8], [108, 8], [116, 8], [124, 12], [136, 12], [329, 8], [337, 8]]

/**
 * What an entry's headers say of its owner, times and dialect, `before` being the extended headers in front of its own.
 * Told dialects are Go's guess, which is what decides how such an entry is written again: a block that breaks its own
 * dialect's rules has none. Whatever is no number counts as 0, since nothing here is ever acted upon.
 */
export function readStamp(raw: RawHeader, before: readonly RawHeader[], records: Records = noRecords): Stamp {
  const { block } = raw
  const isOld = !isPosix(block) && !isGnu(block)
  const time = (key: string, value: Moment | undefined): Moment | undefined => momentOf(records.get(key)) ?? value
  return {
    mode: raw.mode,
    uid: wholeOf(records.get('uid')) ?? integerAt(block, 108, 8) ?? 0,
    gid: wholeOf(records.get('gid')) ?? integerAt(block, 116, 8) ?? 0,
    uname: nameOf(records.get('uname')) ?? (isOld ? Buffer.alloc(0) : textAt(block, 265, 32)),
    gname: nameOf(records.get('gname')) ?? (isOld ? Buffer.alloc(0) : textAt(block, 297, 32)),
    mtime: time('mtime', undefined) ?? { seconds: integerAt(block, 136, 12) ?? 0, nanos: 0 },
    atime: time('atime', isGnu(block) ? gnuTime(block, 345) : undefined),
    ctime: time('ctime', isGnu(block) ? gnuTime(block, 357) : undefined),
    dialect: dialectOf(raw, before),
    records,
  }
}

function dialectOf(raw: RawHeader, before: readonly RawHeader[]): Dialect {
  let allowed = blockDialects(raw.block)
  for (const { flag, block } of before) allowed &= blockDialects(block) & (flag === 'x' ? bits.pax : bits.gnu)
  if ((allowed & bits.ustar) !== 0) return 'ustar'
  if ((allowed & bits.pax) !== 0) return 'pax'
  return (allowed & bits.gnu) === 0 ? undefined : 'gnu'
}

function blockDialects(block: Buffer): number {
  if (isGnu(block)) return bits.gnu & anyDialect
  const isStar = block.toString('latin1', 508, 512) === 'tar\0'
  if (!isPosix(block) || isStar || !isAscii(block)) return 0
  return numericFields.every(([offset, length]) => block[offset + length - 1] === 0) ? bits.ustar | bits.pax : 0
}

function isPosix(block: Buffer): boolean {
  return block.toString('latin1', 257, 263) === 'ustar\0'
}

function isGnu(block: Buffer): boolean {
  return block.toString('latin1', 257, 265) === 'ustar  \0'
}

function gnuTime(block: Buffer, offset: number): Moment | undefined {
  return block[offset] === 0 ? undefined : { seconds: integerAt(block, offset, 12) ?? 0, nanos: 0 }
}

function wholeOf(record: Buffer | undefined): number | undefined {
  const text = record?.toString('latin1') ?? ''
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}

function nameOf(record: Buffer | undefined): Buffer | undefined {
  return record === undefined || record.length === 0 || record.includes(0) ? undefined : record
}

/** `1700000000.5`, with as many digits as its writer liked; what is finer than a nanosecond is cut off. */
function momentOf(record: Buffer | undefined): Moment | undefined {
  const [, sign, whole = '', part = ''] = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(record?.toString('latin1') ?? '') ?? []
  if (sign === undefined) return undefined
  const nanos = Number(part.slice(0, 9).padEnd(9, '0'))
  if (sign === '') return { seconds: Number(whole), nanos }
  return nanos === 0 ? { seconds: 0 - Number(whole), nanos } : { seconds: -1 - Number(whole), nanos: 1_000_000_000 - nanos }
}
