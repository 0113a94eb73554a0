/** Where a file's bytes come from. `start` is where they begin in the file at `path`: an archive's member, or 0. */
export type Content =
  | { readonly kind: 'file'; readonly path: Buffer | string; readonly start: number; readonly modified: number | undefined }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }

/**
 * One entry of a platform root, in the order of the layer. `name` is below the root, without a leading slash; names are
 * bytes, since file systems promise no encoding.
 */
export interface LayerEntry {
  readonly name: Buffer
  readonly type: 'file' | 'folder' | 'symlink' | 'hardlink'
  /** Any of the three exec bits. */
  readonly executable: boolean
  /** Bytes of content; 0 for all but files. */
  readonly size: number
  /** A symlink's text as it is; a hard link's first name, below the root. Empty for the others. */
  readonly link: Buffer
  /** Set for files alone. */
  readonly content: Content | undefined
}

/** Whether a path below the root, `/` between its parts, is left out. */
export type Excludes = (path: string, isFolder: boolean) => boolean

const programs = new Set(['bin/build', 'bin/detect', 'bin/generate'])

/**
 * The mode of an entry in a layer (SPEC-package.md section 4, "Fields"): folders, links and whatever can be executed 0755,
 * the three programs of a buildpack always, other files 0644.
 */
export function modeOf(entry: Pick<LayerEntry, 'name' | 'type' | 'executable'>): number {
  if (entry.type === 'folder' || entry.type === 'symlink') return 0o755
  return entry.executable || programs.has(entry.name.toString('latin1')) ? 0o755 : 0o644
}

/** For messages and patterns; bytes that are no UTF-8 show as replacement characters. */
export function displayName(entry: Pick<LayerEntry, 'name'>): string {
  return entry.name.toString('utf8')
}

/** A file with bytes of our own: what is laid over a root. */
export function bytesEntry(name: string, bytes: Uint8Array, executable = false): LayerEntry {
  return { name: Buffer.from(name), type: 'file', executable, size: bytes.byteLength, link: Buffer.alloc(0), content: { kind: 'bytes', bytes } }
}
