import { putChecksum } from './tar-bytes.ts'

/** An entry of an archive whose every field is fixed, as vectors describe them. */
export interface FixedEntry {
  /** As written: a folder's name may end in a slash. */
  readonly name: string
  readonly type: 'file' | 'dir' | 'symlink' | 'hardlink'
  readonly mode: number
  readonly content: Buffer
  readonly link: string
}

export interface FixedFields {
  readonly format?: 'ustar' | 'gnu' | 'pax'
  /** Seconds, as text with a fraction where PAX says it. */
  readonly mtime?: number | string
  readonly uid?: number
  readonly gid?: number
  readonly uname?: string
  readonly gname?: string
  /** The archive's size is a multiple of this. */
  readonly padTo?: number
}

const flags = { file: '0', hardlink: '1', symlink: '2', dir: '5' } as const

/** Header by header with none of this package's own code; two zero blocks at the end, and zeros up to `padTo`. */
export function fixedTar(entries: readonly FixedEntry[], fields: FixedFields = {}): Buffer {
  const tar = Buffer.concat([...entries.map((entry) => entryBytes(entry, fields)), Buffer.alloc(1024)])
  const { padTo = 1 } = fields
  return Buffer.concat([tar, Buffer.alloc((padTo - (tar.length % padTo)) % padTo)])
}

function entryBytes(entry: FixedEntry, fields: FixedFields): Buffer {
  const { mtime = 315_532_801 } = fields
  const [seconds = '0', fraction] = String(mtime).split('.')
  const own = block(entry, fields, Number(seconds))
  const content = padded(entry.content)
  if (fraction === undefined) return Buffer.concat([own, content])
  const record = recordBytes('mtime', String(mtime))
  const extended = block({ ...entry, name: `PaxHeaders.0/${entry.name}`.slice(0, 100), content: record, link: '' }, fields, 0, 'x')
  return Buffer.concat([extended, padded(record), own, content])
}

function block(entry: FixedEntry, fields: FixedFields, seconds: number, flag: string = flags[entry.type]): Buffer {
  const bytes = Buffer.alloc(512)
  if (Buffer.byteLength(entry.name) > 100 || Buffer.byteLength(entry.link) > 100) throw new Error(`a name too long for a test's tar: ${entry.name}`)
  bytes.write(entry.name, 0, 'utf8')
  const numbers = [[100, 8, entry.mode], [108, 8, fields.uid ?? 0], [116, 8, fields.gid ?? 0], [124, 12, entry.content.length], [136, 12, seconds], [329, 8, 0], [337, 8, 0]] as const
  for (const [offset, length, value] of numbers) bytes.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1')
  bytes.write(flag, 156, 'latin1')
  bytes.write(entry.link, 157, 'utf8')
  bytes.write(fields.format === 'gnu' ? 'ustar  \0' : 'ustar\u000000', 257, 'latin1')
  bytes.write(fields.uname ?? '', 265, 'utf8')
  bytes.write(fields.gname ?? '', 297, 'utf8')
  putChecksum(bytes)
  return bytes
}

function recordBytes(key: string, value: string): Buffer {
  let length = 0
  for (let next = key.length + value.length + 3; next !== length; ) {
    length = next
    next = key.length + value.length + 3 + String(length).length
  }
  return Buffer.from(`${length} ${key}=${value}\n`)
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}
