/** What is wrong with an archive, told without the archive's own name: {@link unpack} adds that. */
export interface Fault {
  /** `UNREADABLE`: it is broken, or no archive. `UNSUPPORTED`: it holds what it must not hold. */
  readonly code: 'UNREADABLE' | 'UNSUPPORTED'
  readonly found: string
  readonly wanted?: string | undefined
  readonly hint?: string | undefined
}

/** Thrown while an archive is read, and caught in the same room. */
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

/** `entry` is shown as JSON shows a text, so that no name can write to a terminal. */
export function refused(entry: Uint8Array, found: string, hint?: string): ArchiveFault {
  return new ArchiveFault({ code: 'UNSUPPORTED', found: `${found}: ${quoted(entry)}`, wanted: 'files, folders and links below its root, each once', hint })
}

/** More than anybody needs on purpose; `most` is what is allowed. */
export function tooMuch(found: string, most: string): ArchiveFault {
  return new ArchiveFault({ code: 'UNSUPPORTED', found, wanted: `at most ${most}`, hint: 'where so much is meant, unpack the archive and name the folder' })
}

const longestShown = 200

export function quoted(name: Uint8Array): string {
  const text = Buffer.from(name).toString('utf8')
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}...` : text)
}
