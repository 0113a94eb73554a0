import type { RawHeader } from './block.ts'
import { decodeBlock, isZero } from './block.ts'
import type { TarBytes } from './bytes.ts'
import { broken, quoted, refused, tooMuch } from './fault.ts'
import { formatOf } from './format.ts'
import { paddingOf } from './header.ts'
import type { Records } from './records.ts'
import { numberOf, parseRecords } from './records.ts'
import { readStamp } from './read-stamp.ts'
import type { Stamp } from './stamp.ts'

/** One entry of a tar: names as they are written there, long ones and PAX records in force. */
export interface Member {
  readonly name: Buffer
  readonly type: 'file' | 'folder' | 'symlink' | 'hardlink'
  readonly mode: number
  /** Bytes of content that follow; 0 for all but files. */
  readonly size: number
  readonly link: Buffer
  /** Owner, times and dialect as its headers have them; asked for while it is the current entry. */
  stamp(): Stamp
}

/** What stands before an entry and overrides its header. */
interface Overrides {
  records?: Records
  longName?: Buffer
  longLink?: Buffer
  readonly headers: RawHeader[]
}

const blockSize = 512
/** Go's limit for one extended header; no names are as long. */
const longestHeader = 1024 ** 2
/** Of all extended headers together: names are kept in memory. */
const mostHeaders = 64 * 1024 ** 2

const types: Readonly<Record<string, Member['type']>> = { '0': 'file', '7': 'file', '1': 'hardlink', '2': 'symlink', '5': 'folder' }

const unwanted: Readonly<Record<string, string>> = {
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a named pipe',
  S: 'a sparse file',
  D: 'a folder of an incremental dump',
  M: 'a file that goes on from another volume',
  V: 'a volume label',
}

const sparseHint = 'make the archive without --sparse'

/**
 * The entries of a tar, one by one (POSIX ustar and pax, GNU long names). Every reader of archives must see the same
 * entries in it, so all that readers are at odds over is refused: two names for one entry, records for all entries,
 * sparse files, bytes after the end.
 */
export class MemberReader {
  readonly #bytes: TarBytes
  /** Of content and padding up to the next header. */
  #left = 0
  #isFirst = true
  #headers = 0

  constructor(bytes: TarBytes) {
    this.#bytes = bytes
  }

  /** The next entry, or `undefined` after the last. What was not read of the one before is passed over. */
  async next(): Promise<Member | undefined> {
    await this.#skip()
    const overrides: Overrides = { headers: [] }
    for (;;) {
      const raw = await this.#header(overrides)
      if (raw === undefined) return undefined
      if ('xLK'.includes(raw.flag)) overrides.headers.push(raw)
      if (raw.flag === 'x') overrides.records = parseRecords(await this.#extended(raw, overrides.records))
      else if (raw.flag === 'g') checkGlobal(raw, parseRecords(await this.#extended(raw, undefined)))
      else if (raw.flag === 'L') overrides.longName = withoutZeros(await this.#extended(raw, overrides.longName))
      else if (raw.flag === 'K') overrides.longLink = withoutZeros(await this.#extended(raw, overrides.longLink))
      else {
        const member = toMember(raw, overrides)
        this.#left = member.size + paddingOf(member.size)
        return member
      }
    }
  }

  /** The content of the entry that `next` gave. */
  async *content({ name, size }: Member): AsyncGenerator<Buffer> {
    let read = 0
    for await (const piece of this.#bytes.pass(size)) {
      read += piece.length
      this.#left -= piece.length
      yield piece
    }
    if (read < size) throw broken(`an end in the middle of ${quoted(name)}`, 'it was cut off')
  }

  async #header(overrides: Overrides): Promise<RawHeader | undefined> {
    const block = await this.#bytes.take(blockSize)
    const isFirst = this.#isFirst
    this.#isFirst = false
    const format = isFirst ? formatOf(block) : undefined
    if (block.length === blockSize && isZero(block)) {
      if (overrides.headers.length > 0) throw broken('an extended header without an entry')
      await this.#end()
      return undefined
    }
    if (block.length < blockSize && !isFirst) throw broken('an end without the zero blocks that end a tar', 'it was cut off')
    if (block.length < blockSize) throw broken(format ?? `a file of ${block.length} bytes that is no archive`)
    try {
      return decodeBlock(block)
    } catch (cause) {
      throw format === undefined ? cause : broken(format)
    }
  }

  /** The data of an extended header. `before` is one of the same kind for the same entry: then readers differ on which counts. */
  async #extended({ flag, name, size }: RawHeader, before: unknown): Promise<Buffer> {
    if (before !== undefined) throw refused(name, `two extended headers of type ${flag} for one entry`)
    this.#headers += size
    if (size > longestHeader || this.#headers > mostHeaders) throw tooMuch(`extended headers of ${size} bytes`, `${longestHeader} bytes in one and ${mostHeaders} in all`)
    this.#left = size + paddingOf(size)
    const data = await this.#bytes.take(size)
    if (data.length < size) throw broken('an end in the middle of an extended header', 'it was cut off')
    this.#left -= size
    await this.#skip()
    return data
  }

  async #skip(): Promise<void> {
    if (this.#left === 0) return
    this.#left -= await this.#bytes.skip(this.#left)
    if (this.#left > 0) throw broken('an end in the middle of an entry', 'it was cut off')
  }

  /** Zeros up to any size of a record, and nothing else. */
  async #end(): Promise<void> {
    for await (const piece of this.#bytes.pass(Infinity)) {
      if (!isZero(piece)) throw broken('more bytes after its end', 'only one archive may be in a file')
    }
  }
}

function toMember(raw: RawHeader, { records, longName, longLink, headers }: Overrides): Member {
  const path = nonEmpty(records?.get('path'))
  const linkpath = nonEmpty(records?.get('linkpath'))
  const name = path ?? longName ?? raw.name
  if (path !== undefined && longName !== undefined) throw refused(name, 'an entry with two long names')
  if (linkpath !== undefined && longLink !== undefined) throw refused(name, 'a link with two long targets')
  for (const key of records?.keys() ?? []) {
    if (isSparse(key)) throw refused(records?.get('GNU.sparse.name') ?? name, `a sparse file, by its record ${quoted(Buffer.from(key))}`, sparseHint)
  }
  const type = types[raw.flag]
  if (type === undefined) throw refused(name, unwanted[raw.flag] ?? `an entry of type ${quoted(Buffer.from(raw.flag))}`, raw.flag === 'S' ? sparseHint : undefined)
  const common = { name, mode: raw.mode, link: linkpath ?? longLink ?? raw.link, stamp: () => readStamp(raw, headers, records) }
  // Sizes of folders and links say nothing: no content follows them, whatever they are.
  if (type !== 'file') return { ...common, type, size: 0 }
  const size = numberOf(records ?? new Map(), 'size') ?? raw.size
  if (name.at(-1) !== 0x2f) return { ...common, type, size }
  if (size === 0) return { ...common, type: 'folder', size }
  throw refused(name, 'a file whose name ends in a slash')
}

/** A global header may carry a comment, as git writes one, but nothing that changes the entries after it. */
function checkGlobal({ name }: RawHeader, records: Records): void {
  const key = [...records.keys()].find((candidate) => ['path', 'linkpath', 'size'].includes(candidate) || isSparse(candidate))
  if (key !== undefined) throw refused(name, `a global header that sets ${quoted(Buffer.from(key))} for all entries`)
}

/** Records of GNU tar and of star that give a file another size or another content than it seems to have. */
function isSparse(key: string): boolean {
  return key.startsWith('GNU.sparse.') || key === 'SCHILY.realsize' || key === 'SUN.holesdata'
}

/** An empty value takes a record back. */
function nonEmpty(value: Buffer | undefined): Buffer | undefined {
  return value === undefined || value.length === 0 ? undefined : value
}

/** GNU's long names end in a zero byte, some writers' in several. */
function withoutZeros(data: Buffer): Buffer {
  let end = data.length
  while (end > 0 && data[end - 1] === 0) end -= 1
  return data.subarray(0, end)
}
