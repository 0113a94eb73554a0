import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { BlockPool } from '../../../src/layers/blocks.ts'
import type { Compression } from '../../../src/layers/compression.ts'
import { CompressionPool } from '../../../src/layers/compression.ts'
import type { Workshop } from '../../../src/layers/spool.ts'
import type { TarInput } from '../../../src/layers/tar.ts'
import { walk } from '../../../src/layers/walk.ts'

/** A pool that knows how many of its blocks are out, and how many there ever were at once. */
export class CountingPool extends BlockPool {
  out = 0
  peak = 0

  override take(): Buffer | Promise<Buffer> {
    const block = super.take()
    return block instanceof Promise ? block.then((taken) => this.#count(taken)) : this.#count(block)
  }

  override give(block: Buffer): void {
    this.out -= 1
    super.give(block)
  }

  #count(block: Buffer): Buffer {
    this.out += 1
    this.peak = Math.max(this.peak, this.out)
    return block
  }
}

export interface TestWorkshop extends Workshop, AsyncDisposable {
  readonly blocks: CountingPool
}

/** A workshop whose spool is the folder `spool` in `folder`. */
export async function openTestWorkshop(folder: string, blocks = 4, rest: { readonly compression?: Compression; readonly signal?: AbortSignal } = {}): Promise<TestWorkshop> {
  const spool = join(folder, 'spool')
  await mkdir(spool, { recursive: true })
  const compressors = new CompressionPool(2)
  const { compression = { kind: 'gzip', level: 1 }, signal } = rest
  return { blocks: new CountingPool(blocks), compressors, compression, folder: spool, signal, [Symbol.asyncDispose]: () => compressors.close() }
}

/** The layer of what lies in a folder now. */
export async function layerOf(folder: string): Promise<TarInput> {
  const { entries } = await walk({ folder, excludes: () => false, overlay: [] })
  const parent = '/cnb/buildpacks/acme_hello'
  return { parts: [{ folders: [parent, `${parent}/0.0.1`], base: `${parent}/0.0.1`, entries }], windows: false }
}

/**
 * While `action` runs no file of this process can grow beyond `bytes`, as on a disk that is full. The limit is the
 * system's own (RLIMIT_FSIZE; Node ignores the signal), so that the write itself fails: EFBIG in the place of ENOSPC.
 */
export async function withDiskFullAt<T>(bytes: number, action: () => Promise<T>): Promise<T> {
  limitFiles(String(bytes))
  try {
    return await action()
  } finally {
    limitFiles('unlimited')
  }
}

function limitFiles(soft: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${soft}:`])
}
