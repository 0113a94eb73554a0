import { quoted, refused, tooMuch } from '../tar/fault.ts'
import type { Member } from '../tar/members.ts'
import type { LayerEntry } from './entries.ts'
import type { Row } from './entry-table.ts'
import { EntryTable } from './entry-table.ts'
import { bytesOfText } from './names.ts'
import type { UnpackLimits } from './unpack-limits.ts'

/** Linux's own limits, `NAME_MAX` and `PATH_MAX`: what is longer can be in no file system. */
const longestPart = 255
const longestName = 4095

/**
 * What an archive's entries make when they are laid out one after another. Names and links are held to be what a folder
 * could hold: no name leaves the root, nothing stands twice, nothing lies below what is no folder, and a hard link leads
 * to a file before it. A symlink's text is nobody's business (SPEC-package.md section 4), for nothing is ever opened by it.
 */
export class UnpackTree {
  readonly entries: EntryTable
  /** All folders, also those that only stand in the names of others. */
  readonly folders = new Set<string>()
  /** Files that have further names. */
  readonly linked = new Set<string>()
  /** Where in `entries` a name is. */
  readonly #known = new Map<string, number>()
  readonly #limits: UnpackLimits

  /** @param spool where the contents will be */
  constructor(spool: string, limits: UnpackLimits) {
    this.entries = new EntryTable({ kind: 'spool', path: bytesOfText(spool) })
    this.#limits = limits
  }

  find(name: string): LayerEntry | undefined {
    const index = this.#known.get(name)
    return index === undefined ? undefined : this.entries.at(index)
  }

  /**
   * Takes an entry in. Nothing is kept of the root itself, nor of a folder that is there already.
   *
   * @param start where in the spool the bytes of a file will be
   */
  add(member: Member, start: number): void {
    const key = this.#clean(member.name, member.name, 'a name')
    if (key === '' && member.type !== 'folder') throw refused(member.name, `a ${member.type} in place of the root`)
    if (key === '' || this.#isAgain(key, member)) return
    this.#enter(key, member)
    this.#known.set(key, this.entries.add(this.#toRow(key, member, start)))
    if (member.type === 'folder') this.folders.add(key)
    const count = this.entries.length + this.folders.size
    if (count > this.#limits.entries) throw tooMuch(`more than ${this.#limits.entries} files and folders`, String(this.#limits.entries))
  }

  /** Whether it is a folder once more; anything else that comes twice is refused. */
  #isAgain(key: string, { name, type }: Member): boolean {
    const before = this.find(key)
    if (before === undefined) {
      if (type === 'folder' || !this.folders.has(key)) return false
      throw refused(name, `a ${type} where entries before it need a folder`)
    }
    if (before.type === 'folder' && type === 'folder') return true
    throw refused(name, 'an entry that stands in the archive twice')
  }

  /** Walks down to the entry's own folder; each one on the way may be missing, but may not be something else. */
  #enter(key: string, { name }: Member): void {
    for (let slash = key.indexOf('/'); slash !== -1; slash = key.indexOf('/', slash + 1)) {
      const folder = key.slice(0, slash)
      const before = this.folders.has(folder) ? undefined : this.find(folder)
      if (before !== undefined && before.type !== 'folder') throw refused(name, `an entry below the ${before.type} ${quoted(Buffer.from(before.name, 'latin1'))}`)
      this.folders.add(folder)
    }
  }

  #toRow(name: string, member: Member, start: number): Row {
    const stamp = this.#limits.stamps === true ? { stamp: member.stamp() } : {}
    const common = { name, executable: (member.mode & 0o111) !== 0, size: 0, link: '', ...stamp }
    if (member.type === 'hardlink') return { ...this.#hardLink(name, member), ...stamp }
    if (member.type === 'folder') return { ...common, type: 'folder' }
    if (member.type === 'file') return { ...common, type: 'file', size: member.size, start }
    if (member.link.length === 0 || member.link.length > longestName || member.link.includes(0)) throw refused(member.name, 'a symlink without a usable target')
    return { ...common, type: 'symlink', link: member.link.toString('latin1') }
  }

  /** To the first name of the file, as from a folder; a second name of a symlink is a symlink of its own, as from a folder. */
  #hardLink(name: string, member: Member): Row {
    const target = this.find(this.#clean(member.link, member.name, `a hard link to ${quoted(member.link)}, which`))
    if (target === undefined) throw refused(member.name, `a hard link to ${quoted(member.link)}, which is no entry before it`)
    const { type, executable, link } = target
    if (type === 'folder') throw refused(member.name, `a hard link to the folder ${quoted(member.link)}`)
    if (type === 'symlink') return { name, type, executable, size: 0, link }
    const first = type === 'hardlink' ? link : target.name
    this.linked.add(first)
    return { name, type: 'hardlink', executable, size: 0, link: first }
  }

  #clean(bytes: Buffer, entry: Buffer, what: string): string {
    return clean(this.#limits.rooted === true && bytes[0] === slash ? bytes.subarray(1) : bytes, entry, what)
  }
}

const slash = 0x2f
const dot = 0x2e
/** A zero byte, or a part that is empty, `.` or `..`. */
const odd = /\0|(?:^|\/)\.{0,2}(?:\/|$)/
/** Every part of every name is looked at; no buildpack has a tree so deep. */
const mostParts = 256

/** `./bin/build` is `bin/build`, as latin1; the root itself is ''. */
function clean(bytes: Buffer, entry: Buffer, what: string): string {
  const text = bytes.toString('latin1', bytes[0] === dot && bytes[1] === slash ? 2 : 0)
  // Most names are clean but for the "./" that tar puts in front.
  if (text.length <= longestPart && !odd.test(text)) return text
  return cleanOdd(bytes.toString('latin1'), entry, what)
}

function cleanOdd(text: string, entry: Buffer, what: string): string {
  if (text.includes('\0')) throw refused(entry, `${what} with a zero byte in it`)
  if (text.startsWith('/')) throw refused(entry, `${what} begins at the root of the file system`)
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refused(entry, `${what} leaves the archive by ".."`)
  const name = parts.join('/')
  if (name.length > longestName || parts.some((part) => part.length > longestPart)) throw refused(entry, `${what} is too long for a file system`)
  if (parts.length > mostParts) throw refused(entry, `${what} is ${parts.length} folders deep`)
  return name
}
