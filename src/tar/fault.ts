/** What is wrong with an archive, told without the archive's own name: whoever opened it adds that. */
export interface Fault {
  /** `UNREADABLE`: it is broken, or no archive. `UNSUPPORTED`: it holds what it must not hold. */
  readonly code: 'UNREADABLE' | 'UNSUPPORTED'
  readonly found: string
  readonly wanted?: string | undefined
  readonly hint?: string | undefined
}

/** Thrown while an archive is read, and caught by whoever opened it. */
export class ArchiveFault extends Error {
  override readonly name = 'ArchiveFault'
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.found)
    this.fault = fault
  }
}

export function broken(found: string, hint?: string): ArchiveFault {
  return new ArchiveFault({ code: 'UNREADABLE', found, wanted: 'a tar, plain or gzip', hint })
}

export function refused(entry: Uint8Array, found: string, hint?: string): ArchiveFault {
  return new ArchiveFault({ code: 'UNSUPPORTED', found: `${found}: ${quoted(entry)}`, wanted: 'files, folders and links below its root, each once', hint })
}

/** More than anybody needs on purpose; `most` is what is allowed. */
export function tooMuch(found: string, most: string): ArchiveFault {
  return new ArchiveFault({ code: 'UNSUPPORTED', found, wanted: `at most ${most}`, hint: 'where so much is meant, say so with --archive-limit, or unpack the archive and name the folder' })
}

const longestShown = 200

/** A name as JSON shows a text, without anything that steers a terminal or turns the direction of writing. */
export function quoted(name: Uint8Array): string {
  const text = Buffer.from(name).toString('utf8')
  const json = JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}...` : text)
  return json.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}
