import type { Buffer as NodeBuffer } from 'node:buffer'

/** What a header block of a tar says, whoever wrote it: old, USTAR, PAX or GNU. */
export interface TarHeader {
  readonly name: string
  /** The type as a character; an old tar's zero byte is `0`. */
  readonly type: string
  /** The size field. It counts only where the type has content, and a PAX record may say another. */
  readonly size: number
}

/** Links, devices, folders and pipes have none, whatever their size field says: readers of tar skip nothing for them. */
export function hasContent(type: string): boolean {
  return !'123456'.includes(type)
}

/** Reads a header block; `undefined` where these 512 bytes are none: their sum does not fit, or a size is no number. */
export function decodeHeader(block: NodeBuffer): TarHeader | undefined {
  const size = number(block.subarray(124, 136))
  if (size === undefined || number(block.subarray(148, 156)) !== sumOf(block)) return undefined
  const type = block[156] === 0 ? '0' : String.fromCodePoint(block[156] ?? 0)
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? text(block.subarray(345, 500)) : ''
  const name = text(block.subarray(0, 100))
  return { name: prefix === '' ? name : `${prefix}/${name}`, type, size }
}

/** Records of a PAX extended header by key, `<length> <key>=<value>\n` each; `undefined` where they are broken. */
export function decodeRecords(data: NodeBuffer): ReadonlyMap<string, string> | undefined {
  const records = new Map<string, string>()
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at)
    const digits = space < 0 ? '' : data.toString('latin1', at, Math.min(space, at + 10))
    const end = at + Number.parseInt(digits, 10)
    const equals = data.indexOf(0x3d, space)
    const whole = /^[1-9]\d*$/.test(digits) && equals > space && equals < end && end <= data.length && data[end - 1] === 0x0a
    if (!whole) return undefined
    records.set(data.toString('utf8', space + 1, equals), data.toString('utf8', equals + 1, end - 1))
    at = end
  }
  return records
}

/** The field up to its first zero byte. */
export function text(field: NodeBuffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

/** Octal digits, or GNU's binary form for sizes that eleven of them cannot say. */
function number(field: NodeBuffer): number | undefined {
  const first = field[0] ?? 0
  if (first >= 0x80) return binary(field)
  const digits = text(field).trim()
  if (digits === '') return 0
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined
}

function binary(field: NodeBuffer): number | undefined {
  let value = (field[0] ?? 0) & 0x7f
  for (const byte of field.subarray(1)) value = value * 256 + byte
  return Number.isSafeInteger(value) ? value : undefined
}

/** The sum of all bytes, with the sum's own eight counted as spaces. */
function sumOf(block: NodeBuffer): number {
  let sum = 8 * 0x20
  for (let index = 0; index < block.length; index += 1) sum += index >= 148 && index < 156 ? 0 : (block[index] ?? 0)
  return sum
}
