import type { Stamp } from '../tar/stamp.ts'
import { bytesOfText, textOfBytes } from './names.ts'

/**
 * Where a file's bytes come from. `start` is where they begin in the file at `path` (bytes, see names.ts): an archive's
 * member, or 0. `modified` and `changed` are the file's times when it was listed (mtime and ctime).
 */
export type Content =
  | { readonly kind: 'file'; readonly path: string; readonly start: number; readonly modified: number | undefined; readonly changed: number | undefined }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }

/** One entry of a platform root, in the order of the layer. */
export interface LayerEntry {
  /** Below the root, without a leading slash; bytes, see names.ts. */
  readonly name: string
  readonly type: 'file' | 'folder' | 'symlink' | 'hardlink'
  /** Any of the three exec bits. */
  readonly executable: boolean
  /** Bytes of content; 0 for all but files. */
  readonly size: number
  /** A symlink's text as it is; a hard link's first name, below the root. Bytes, empty for the others. */
  readonly link: string
  /** Set for files alone. */
  readonly content: Content | undefined
  /** Owner, mode, times and dialect that it had in the archive that it comes from, where they were asked for. */
  readonly stamp?: Stamp
}

/** Entries to go through, as often as needed. There may be a hundred thousand, so whoever goes through them keeps none. */
export type Entries = Iterable<LayerEntry>

/** Whether a path below the root, `/` between its parts, is left out. */
export type Excludes = (path: string, isFolder: boolean) => boolean

const programs = new Set(['bin/build', 'bin/detect', 'bin/generate'])

/**
 * The mode of an entry in a layer (SPEC-package.md section 4, "Fields"): folders, links and whatever can be executed 0755,
 * the three programs of a buildpack always, other files 0644.
 */
export function modeOf(entry: Pick<LayerEntry, 'name' | 'type' | 'executable'>): number {
  if (entry.type === 'folder' || entry.type === 'symlink') return 0o755
  return entry.executable || programs.has(entry.name) ? 0o755 : 0o644
}

/** For messages and patterns; bytes that are no UTF-8 show as replacement characters. */
export function displayName(entry: Pick<LayerEntry, 'name'>): string {
  return textOfBytes(entry.name)
}

/** A file with bytes of our own: what is laid over a root. */
export function bytesEntry(name: string, bytes: Uint8Array, executable = false): LayerEntry {
  return { name: bytesOfText(name), type: 'file', executable, size: bytes.byteLength, link: '', content: { kind: 'bytes', bytes } }
}
