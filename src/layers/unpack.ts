import { PackagerError, throwIfCancelled } from '../errors.ts'
import { ByteReader } from '../tar/bytes.ts'
import { ArchiveFault, quoted, tooMuch } from '../tar/fault.ts'
import { MemberReader } from '../tar/members.ts'
import type { LayerEntry } from './entries.ts'
import type { EntryTable } from './entry-table.ts'
import type { UnpackLimits } from './unpack-limits.ts'
import { defaultLimits } from './unpack-limits.ts'
import { openArchive } from './unpack-source.ts'
import { SpoolFile } from './unpack-spool.ts'
import { UnpackTree } from './unpack-tree.ts'
import { fileError } from './walk.ts'

/** What one archive holds, in its own order; contents lie one after another in the spool file. */
export interface Unpacked {
  readonly entries: EntryTable
  /** All folders, also those that only stand in the names of others. */
  readonly folders: ReadonlySet<string>
  /** Files that have further names, which are hard links to this one. */
  readonly linked: ReadonlySet<string>
  /** The entry of a name, which is bytes (names.ts). */
  find(name: string): LayerEntry | undefined
}

const step = 'read archive'

/**
 * Reads a tar, plain or gzip (SPEC-package.md section 1, "Sources"): entries in the archive's order, names cleaned, the root
 * entry left out. Nothing is extracted: all contents go into the one file `spool`, so no name in the archive ever becomes a
 * path on this machine. Names are bytes and stay what they are. What a folder could not hold, and what readers of archives
 * are at odds over, is refused with the entry's name; then there is no spool file.
 *
 * @param shown what messages call it: an image or an address, where the archive is a temporary file
 * @throws PackagerError `UNREADABLE` for a broken archive, `UNSUPPORTED` for what it must not hold, `SPOOL`, `CANCELLED`
 */
export async function unpack(archive: string, spool: string, signal?: AbortSignal, limits: UnpackLimits = defaultLimits, shown = archive): Promise<Unpacked> {
  const file = await openArchive(archive)
  try {
    const out = await SpoolFile.create(spool)
    try {
      const unpacked = await readEntries(file.tar(limits), out, spool, limits, signal)
      await out.close()
      return unpacked
    } catch (cause) {
      await out.close()
      await out.remove()
      throw cause
    }
  } catch (cause) {
    throw toError(archive, shown, cause)
  } finally {
    await file.close()
  }
}

async function readEntries(tar: AsyncIterable<Buffer>, out: SpoolFile, path: string, limits: UnpackLimits, signal: AbortSignal | undefined): Promise<Unpacked> {
  const bytes = new ByteReader(tar)
  const members = new MemberReader(bytes)
  const tree = new UnpackTree(path, limits)
  try {
    for (let member = await members.next(); member !== undefined; member = await members.next()) {
      throwIfCancelled(signal, step)
      if (member.size > limits.bytes) throw tooMuch(`a file of ${member.size} bytes: ${quoted(member.name)}`, String(limits.bytes))
      tree.add(member, out.size)
      for await (const piece of members.content(member)) {
        throwIfCancelled(signal, step)
        await out.write(piece)
      }
    }
    await out.flush()
    return tree
  } finally {
    await bytes.close()
  }
}

function toError(archive: string, shown: string, cause: unknown): PackagerError {
  if (cause instanceof PackagerError) return cause
  return cause instanceof ArchiveFault ? new PackagerError({ ...cause.fault, step, value: shown }) : fileError(archive, step, cause)
}
