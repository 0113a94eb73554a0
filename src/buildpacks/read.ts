import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PackagerError, systemCode } from '../errors.ts'
import type { Excludes, LayerEntry } from '../layers/entries.ts'
import { unpack } from '../layers/unpack.ts'
import type { UnpackLimits } from '../layers/unpack-limits.ts'
import { defaultLimits } from '../layers/unpack-limits.ts'
import type { Walked } from '../layers/walk.ts'
import { fileError, isLayoutFolder, walk } from '../layers/walk.ts'
import { ArchiveSource } from './archive.ts'
import { readConfigFile } from './config-file.ts'
import type { ModuleSource } from './source.ts'

/**
 * Opens what `--path` or a config's `uri` names: a folder, also behind a symlink, or a tar, plain or gzip.
 *
 * @param place as the author wrote it, for messages
 * @param spool gives a folder for an archive's contents, where it is one
 */
export async function openSource(path: string, place: string, spool: () => Promise<string>, signal?: AbortSignal, limits: UnpackLimits = defaultLimits): Promise<ModuleSource> {
  const stats = await stat(path).catch((cause: unknown) => {
    if (systemCode(cause) !== 'ENOENT') throw fileError(path, 'open buildpack', cause)
    throw new PackagerError({
      code: 'NOT_FOUND',
      step: 'open buildpack',
      value: place,
      found: 'no such file or folder',
      wanted: 'a folder with buildpack.toml or extension.toml, or a .tgz of one',
      cause,
    })
  })
  if (stats.isDirectory()) return new FolderSource(await realpath(path), place)
  const unpacked = await unpack(path, join(await spool(), `archive-${randomBytes(6).toString('hex')}`), signal, limits, place)
  return new ArchiveSource(unpacked, place)
}

class FolderSource implements ModuleSource {
  readonly place: string
  readonly folder: string

  constructor(folder: string, place: string) {
    this.folder = folder
    this.place = place
  }

  async read(name: string): Promise<Buffer | undefined> {
    return readConfigFile(join(this.folder, name))
  }

  isFolder(path: string): boolean {
    const full = join(this.folder, path)
    try {
      return statSync(full, { throwIfNoEntry: false })?.isDirectory() ?? false
    } catch (cause) {
      // A symlink that leads in a circle leads to no folder.
      if (systemCode(cause) === 'ELOOP') return false
      throw fileError(full, 'look for folder', cause)
    }
  }

  isLayoutFolder(path: string): boolean {
    return isLayoutFolder(join(this.folder, path))
  }

  list(root: string, excludes: Excludes, overlay: readonly LayerEntry[], signal?: AbortSignal): Promise<Walked> {
    return walk({ folder: join(this.folder, root), excludes, overlay, signal })
  }
}
