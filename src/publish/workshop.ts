import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { PackagerError, reason } from '../errors.ts'
import type { Report } from '../events.ts'
import { BlockPool } from '../layers/blocks.ts'
import { LayerCache } from '../layers/cache.ts'
import type { Compression } from '../layers/compression.ts'
import { CompressionPool } from '../layers/compression.ts'
import { blockSize } from '../layers/member-size.ts'
import type { Workshop } from '../layers/spool.ts'
import type { RunOptions } from './options.ts'

/** A run's temporary folder: made when first asked for, removed with all that is in it. */
export class Spool {
  readonly #parent: string
  readonly #report: Report
  #folder: Promise<string> | undefined

  constructor(parent: string, report: Report) {
    this.#parent = parent
    this.#report = report
  }

  readonly folder = (): Promise<string> => {
    this.#folder ??= this.#make()
    return this.#folder
  }

  async #make(): Promise<string> {
    const folder = await mkdtemp(join(this.#parent, 'bp-package-')).catch((cause: unknown) => {
      throw new PackagerError({ code: 'SPOOL', step: 'make temporary folder', value: this.#parent, found: reason(cause), hint: 'name another with TMPDIR or --cache-dir', cause })
    })
    this.#report({ type: 'temporary', folder })
    return folder
  }

  async remove(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined)
    // The run's outcome stands by now; what cannot be removed lies among temporary files.
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** The cache, or undefined where it is switched off or cannot be written to; the latter is said. */
export async function openCache(options: RunOptions, report: Report): Promise<LayerCache | undefined> {
  const folder = options.cache === false ? undefined : cacheFolder(options)
  if (folder === undefined) return undefined
  const cache = new LayerCache(folder)
  try {
    await cache.prepare()
    return cache
  } catch (cause) {
    if (options.cacheDir !== undefined) {
      throw new PackagerError({
        code: 'SPOOL',
        step: 'open cache',
        value: options.cacheDir,
        found: reason(cause),
        wanted: 'a folder that can be written to',
        hint: 'name another with --cache-dir, or say --no-cache',
        cause,
      })
    }
    report({ type: 'warning', message: `no cache for this run: ${reason(cause)}`, hint: 'name a folder with --cache-dir, or say --no-cache' })
    return undefined
  }
}

/** `--cache-dir`, else bp-package's folder in the XDG cache folder; a relative XDG value counts as unset, as that standard says. */
function cacheFolder(options: RunOptions): string | undefined {
  if (options.cacheDir !== undefined) return resolve(options.cwd, options.cacheDir)
  const { XDG_CACHE_HOME: xdg, HOME: home, LOCALAPPDATA: local } = options.env
  if (xdg?.startsWith('/') === true) return join(xdg, 'bp-package')
  if (home !== undefined && isAbsolute(home)) return join(home, '.cache', 'bp-package')
  return local === undefined || local === '' ? undefined : join(local, 'bp-package', 'cache')
}

/** Where temporary files go: into the cache, from which they then need not be copied, else the system's folder. */
export function spoolIn(cache: LayerCache | undefined, env: RunOptions['env'], report: Report): Spool {
  return new Spool(cache?.spoolParent ?? (env['TMPDIR'] || tmpdir()), report)
}

/** Bytes of tar up to which a run starts no threads. */
const smallRun = 2 * blockSize

/**
 * Threads and memory of a run. Each thread has a block in work, one that waits, and some that are read or written meanwhile.
 *
 * @param bytes of tar that are to be made
 */
export function openWorkshop(compression: Compression, folder: string, bytes: number, concurrency: number | undefined, signal: AbortSignal): Workshop {
  const threads = Math.max(1, Math.min(concurrency ?? availableParallelism(), availableParallelism()))
  return { blocks: new BlockPool(threads * 4 + 4), compressors: new CompressionPool(bytes > smallRun ? threads : 0), compression, folder, signal }
}
