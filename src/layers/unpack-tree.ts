import { quoted, refused, tooMuch } from '../tar/fault.ts'
import type { Member } from '../tar/members.ts'
import type { Content, LayerEntry } from './entries.ts'
import type { UnpackLimits } from './unpack-limits.ts'

const none = Buffer.alloc(0)
/** Linux's own limits, `NAME_MAX` and `PATH_MAX`: what is longer can be in no file system. */
const longestPart = 255
const longestName = 4095

/**
 * What an archive's entries make when they are laid out one after another. Names and links are held to be what a folder
 * could hold: no name leaves the root, nothing stands twice, nothing lies below what is no folder, and a hard link leads
 * to a file before it. A symlink's text is nobody's business (SPEC-package.md section 4), for nothing is ever opened by it.
 */
export class UnpackTree {
  readonly entries: LayerEntry[] = []
  /** Names by their bytes as latin1. */
  readonly #known = new Map<string, LayerEntry>()
  /** Folders that stand in the names of entries, whether or not they have an entry of their own. */
  readonly #folders = new Set<string>()
  readonly #limits: UnpackLimits

  constructor(limits: UnpackLimits) {
    this.#limits = limits
  }

  /**
   * Takes an entry in. Nothing is kept of the root itself, nor of a folder that is there already.
   *
   * @param content where the bytes of a file will be
   */
  add(member: Member, content: Content): void {
    const key = this.#clean(member.name, member.name, 'a name')
    if (key === '' && member.type !== 'folder') throw refused(member.name, `a ${member.type} in place of the root`)
    if (key === '' || this.#isAgain(key, member)) return
    this.#enter(key, member)
    const entry = this.#toEntry(Buffer.from(key, 'latin1'), member, content)
    this.#known.set(key, entry)
    this.entries.push(entry)
    if (member.type === 'folder') this.#folders.add(key)
    const count = this.entries.length + this.#folders.size
    if (count > this.#limits.entries) throw tooMuch(`more than ${this.#limits.entries} files and folders`, String(this.#limits.entries))
  }

  /** Whether it is a folder once more; anything else that comes twice is refused. */
  #isAgain(key: string, { name, type }: Member): boolean {
    const before = this.#known.get(key)
    if (before === undefined) {
      if (type === 'folder' || !this.#folders.has(key)) return false
      throw refused(name, `a ${type} where entries before it need a folder`)
    }
    if (before.type === 'folder' && type === 'folder') return true
    throw refused(name, 'an entry that stands in the archive twice')
  }

  /** Walks down to the entry's own folder; each one on the way may be missing, but may not be something else. */
  #enter(key: string, { name }: Member): void {
    for (let slash = key.indexOf('/'); slash !== -1; slash = key.indexOf('/', slash + 1)) {
      const folder = key.slice(0, slash)
      const before = this.#known.get(folder)
      if (before !== undefined && before.type !== 'folder') throw refused(name, `an entry below the ${before.type} ${quoted(before.name)}`)
      this.#folders.add(folder)
    }
  }

  #toEntry(name: Buffer, member: Member, content: Content): LayerEntry {
    const common = { name, executable: (member.mode & 0o111) !== 0, size: 0, link: none, content: undefined }
    if (member.type === 'hardlink') return this.#hardLink(name, member)
    if (member.type === 'folder') return { ...common, type: 'folder' }
    if (member.type === 'file') return { ...common, type: 'file', size: member.size, content }
    if (member.link.length === 0 || member.link.length > longestName || member.link.includes(0)) throw refused(member.name, 'a symlink without a usable target')
    return { ...common, type: 'symlink', link: member.link }
  }

  /** To the first name of the file, as from a folder; a second name of a symlink is a symlink of its own, as from a folder. */
  #hardLink(name: Buffer, member: Member): LayerEntry {
    const target = this.#known.get(this.#clean(member.link, member.name, `a hard link to ${quoted(member.link)}, which`))
    if (target === undefined) throw refused(member.name, `a hard link to ${quoted(member.link)}, which is no entry before it`)
    if (target.type === 'folder') throw refused(member.name, `a hard link to the folder ${quoted(member.link)}`)
    if (target.type !== 'file') return { ...target, name }
    return { name, type: 'hardlink', executable: target.executable, size: 0, link: target.name, content: undefined }
  }

  #clean(bytes: Buffer, entry: Buffer, what: string): string {
    return clean(this.#limits.rooted === true && bytes[0] === slash ? bytes.subarray(1) : bytes, entry, what)
  }
}

const slash = 0x2f
/** Every part of every name is looked at; no buildpack has a tree so deep. */
const mostParts = 256

/** `./bin/build` is `bin/build`, as latin1; the root itself is ''. */
function clean(bytes: Buffer, entry: Buffer, what: string): string {
  const text = bytes.toString('latin1')
  if (text.includes('\0')) throw refused(entry, `${what} with a zero byte in it`)
  if (text.startsWith('/')) throw refused(entry, `${what} begins at the root of the file system`)
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refused(entry, `${what} leaves the archive by ".."`)
  const name = parts.join('/')
  if (name.length > longestName || parts.some((part) => part.length > longestPart)) throw refused(entry, `${what} is too long for a file system`)
  if (parts.length > mostParts) throw refused(entry, `${what} is ${parts.length} folders deep`)
  return name
}
