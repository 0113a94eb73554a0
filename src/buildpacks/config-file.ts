import { readFile, stat } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { PackagerError, systemCode } from '../errors.ts'
import { fileError } from '../layers/walk.ts'

/** A hundred times what config files have. The TOML parser takes many seconds for more, and no signal is heard meanwhile. */
export const largestConfig = 4 * 1024 ** 2

/**
 * Reads a file that an author wrote; undefined where there is none. A pipe or a device is not even opened, since that can
 * wait or go on for ever.
 *
 * @throws PackagerError `UNREADABLE`, `UNSUPPORTED`
 */
export async function readConfigFile(path: string, shown: string = path): Promise<Buffer | undefined> {
  try {
    const stats = await stat(path)
    if (!stats.isFile()) throw wrong(shown, stats.isDirectory() ? 'a folder' : 'no regular file')
    if (stats.size > largestConfig) throw wrong(shown, `${stats.size} bytes`)
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof PackagerError) throw cause
    const code = systemCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw fileError(shown, 'read', cause)
  }
}

function wrong(shown: string, found: string): PackagerError {
  return new PackagerError({ code: 'UNSUPPORTED', step: 'read', value: shown, found, wanted: `a file of at most ${largestConfig} bytes` })
}

/** How messages show a path: below the working folder relative to it, '' for that folder itself; whole elsewhere. */
export function shorter(cwd: string, path: string): string {
  const below = relative(cwd, path)
  return below === '..' || below.startsWith('../') || isAbsolute(below) ? path : below
}
