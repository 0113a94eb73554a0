import type { Records } from './records.ts'

/** Which of its dialects a tar's entry is written in; undefined where the header follows none of them strictly. */
export type Dialect = 'ustar' | 'pax' | 'gnu' | undefined

/** A moment: whole seconds since 1970, which may be negative, and nanoseconds after them, 0 to 999,999,999. */
export interface Moment {
  readonly seconds: number
  readonly nanos: number
}

/** What an entry's header says beside its name, type, size and link: kept where the entry is carried over into another tar. */
export interface Stamp {
  /** As it stands there, with more than permission bits where the writer put more. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly uname: Buffer
  readonly gname: Buffer
  readonly mtime: Moment
  readonly atime: Moment | undefined
  readonly ctime: Moment | undefined
  readonly dialect: Dialect
  /** Of the entry's own PAX header, all of them. */
  readonly records: Records
}

const none = Buffer.alloc(0)
const noRecords: Records = new Map()

/** A stamp as this package writes entries of its own: nobody's name, whole seconds, no dialect asked for. */
export function plainStamp(mode: number, seconds: number, uid = 0, gid = 0): Stamp {
  return { mode, uid, gid, uname: none, gname: none, mtime: { seconds, nanos: 0 }, atime: undefined, ctime: undefined, dialect: undefined, records: noRecords }
}
