/** How much an archive may hold. Memory stays small whatever it says; these guard the disk, and the time of whoever waits. */
export interface UnpackLimits {
  /** Bytes of the tar, uncompressed. */
  readonly bytes: number
  /** Entries, and folders that only stand in the names of others. */
  readonly entries: number
  /** How many times its own size a compressed archive may grow to... */
  readonly ratio: number
  /** ...once it is larger than this. */
  readonly ratioFromBytes: number
  /** Names may begin at the root of the file system, as those in a layer do: `/cnb/x` is `cnb/x`. */
  readonly rooted?: boolean
  /** Entries keep what their headers say of owner, mode, times and dialect. */
  readonly stamps?: boolean
}

const gibibyte = 1024 ** 3

/** As the default, but for how much there may be: whoever names a size means it, however well it compresses. */
export function limitsOf(bytes: number | undefined): UnpackLimits {
  return bytes === undefined ? defaultLimits : { ...defaultLimits, bytes, entries: Math.max(defaultLimits.entries, Math.ceil(bytes / 4096)), ratioFromBytes: bytes }
}

export const defaultLimits: UnpackLimits = { bytes: 8 * gibibyte, entries: 200_000, ratio: 200, ratioFromBytes: 2 * gibibyte }
