import type { ExpectedLayer, ListedEntry } from '../vectors/case.ts'

const blockSize = 512

/**
 * A tar read the plain way, header by header, apart from the code that writes it: entries as their own headers have them,
 * with the extended records that apply to each (SPEC-package.md section 4).
 */
export function listTar(tar: Buffer): ExpectedLayer {
  const entries: ListedEntry[] = []
  let pax: [string, string][] = []
  let offset = 0
  while (offset + blockSize <= tar.length && !isZero(tar.subarray(offset, offset + blockSize))) {
    const header = tar.subarray(offset, offset + blockSize)
    checkSum(header)
    const size = octal(header, 124, 12)
    const data = tar.subarray(offset + blockSize, offset + blockSize + size)
    if (text(header, 156, 1) === 'x') pax = parseRecords(data)
    else {
      entries.push(listEntry(header, pax))
      pax = []
    }
    offset += blockSize + Math.ceil(size / blockSize) * blockSize
  }
  return { bytes: tar.length, trailingZeroBlocks: (tar.length - offset) / blockSize, entries }
}

function listEntry(header: Buffer, pax: readonly [string, string][]): ListedEntry {
  const record = (key: string): string | undefined => pax.find(([name]) => name === key)?.[1]
  const prefix = text(header, 345, 155)
  const name = text(header, 0, 100)
  return {
    name: record('path') ?? (prefix === '' ? name : `${prefix}/${name}`),
    type: text(header, 156, 1),
    mode: octal(header, 100, 8).toString(8).padStart(4, '0'),
    uid: octal(header, 108, 8),
    gid: octal(header, 116, 8),
    uname: text(header, 265, 32),
    gname: text(header, 297, 32),
    size: octal(header, 124, 12),
    mtime: new Date(octal(header, 136, 12) * 1000).toISOString().replace('.000Z', 'Z'),
    linkname: record('linkpath') ?? text(header, 157, 100),
    format: formatOf(header, pax),
    pax,
  }
}

function formatOf(header: Buffer, pax: readonly unknown[]): string {
  const magic = header.toString('latin1', 257, 265)
  if (magic === 'ustar  \0') return 'gnu'
  if (magic !== 'ustar\u000000') throw new Error(`unknown tar magic ${JSON.stringify(magic)}`)
  return pax.length > 0 ? 'pax' : 'ustar'
}

/** `<length> <key>=<value>\n`, the length counting itself, in bytes. */
function parseRecords(data: Buffer): [string, string][] {
  const records: [string, string][] = []
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(' ', at)
    const length = Number.parseInt(data.toString('latin1', at, space), 10)
    const equals = data.indexOf('=', space)
    if (space < 0 || equals < 0 || data[at + length - 1] !== 0x0a) throw new Error(`broken extended record at ${at}`)
    records.push([data.toString('utf8', space + 1, equals), data.toString('utf8', equals + 1, at + length - 1)])
    at += length
  }
  return records
}

function checkSum(header: Buffer): void {
  const blank = Buffer.from(header)
  blank.fill(' ', 148, 156)
  const sum = blank.reduce((total, byte) => total + byte, 0)
  if (sum !== octal(header, 148, 8)) throw new Error(`tar header "${text(header, 0, 100)}" has a wrong checksum`)
}

function text(header: Buffer, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}

function octal(header: Buffer, offset: number, length: number): number {
  const digits = text(header, offset, length).trim()
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}
