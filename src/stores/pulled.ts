import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PackagerError } from '../errors.ts'
import { makeFolders } from '../folders.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { hexOf, isDigest } from '../oci/digest.ts'
import { isManifestType } from '../oci/media-types.ts'
import type { Passing, Source } from './store.ts'
import { verifying } from './verify.ts'

/** When a registry is asked what an image's name stands for (SPEC.md, `--pull-policy`). */
export type PullPolicy = 'always' | 'if-not-present' | 'never'

/** Where pulled content is kept; `undefined` folder: nowhere. */
export interface PulledOptions {
  readonly folder: string | undefined
  /** `registry/repository`. */
  readonly name: string
  readonly policy: PullPolicy
  /** Whether what only passes through to another registry is not kept: that has it, and the next run needs none of it. */
  readonly passes?: boolean
  /** Opened when something is not at hand. */
  readonly remote: () => Promise<Source>
}

const step = 'pull image'

/**
 * A repository behind a cache: what was read once is read from disk, and checked again. Content goes by its digest, so only
 * names can be out of date; `policy` says whose word counts for those. Blobs lie in `blobs`, which the cache of layers bounds.
 */
export function pulledSource(options: PulledOptions): Source {
  return new PulledSource(options)
}

class PulledSource implements Source, Passing {
  readonly #options: PulledOptions

  constructor(options: PulledOptions) {
    this.#options = options
  }

  async resolve(name: string, signal?: AbortSignal): Promise<Descriptor> {
    const { policy } = this.#options
    const known = policy === 'always' && !isDigest(name) ? undefined : await this.#remembered(name)
    if (known !== undefined) return known
    if (policy === 'never') throw this.#notPulled(name)
    const descriptor = await (await this.#options.remote()).resolve(name, signal)
    await this.#remember(name, descriptor)
    return descriptor
  }

  async has(descriptor: Descriptor, signal?: AbortSignal): Promise<boolean> {
    if (await this.#isHere(descriptor)) return true
    return this.#options.policy === 'never' ? false : (await this.#options.remote()).has(descriptor, signal)
  }

  async open(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
    const path = this.#blobPath(descriptor)
    if (path !== undefined && (await this.#isHere(descriptor))) return this.#openFile(path, descriptor)
    if (this.#options.policy === 'never') throw this.#notPulled(descriptor.digest)
    const content = await (await this.#options.remote()).open(descriptor, signal)
    return path === undefined ? content : Readable.from(keeping(content, path, join(this.#options.folder ?? '', 'tmp', `pulled-${randomBytes(8).toString('hex')}`)), { objectMode: false })
  }

  async pass(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
    // Whoever lets what was pulled count means it to be there another time.
    const isKept = this.#options.passes !== true || this.#options.policy !== 'always' || (await this.#isHere(descriptor))
    return isKept ? this.open(descriptor, signal) : (await this.#options.remote()).open(descriptor, signal)
  }

  /** Damage in the cache shows while it is read; the file is gone then, and the next run asks the registry. */
  #openFile(path: string, descriptor: Descriptor): Readable {
    const checked = verifying(descriptor, 'read cached image', `${this.#options.name}@${descriptor.digest}`)
    pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), checked).catch((cause: unknown) => {
      if (cause instanceof PackagerError && cause.code === 'DIGEST_MISMATCH') void rm(path, { force: true }).catch(() => undefined)
    })
    const now = new Date()
    void utimes(path, now, now).catch(() => undefined)
    return checked
  }

  async #remembered(name: string): Promise<Descriptor | undefined> {
    const path = this.#recordPath(name)
    const text = path === undefined ? undefined : await readFile(path, 'utf8').catch(() => undefined)
    const match = /^(\S+) (sha256:[0-9a-f]{64}) (\d{1,15})\n$/.exec(text ?? '')
    const [, mediaType = '', digest = '', size = ''] = match ?? []
    if (!isDigest(digest) || !isManifestType(mediaType)) return undefined
    const descriptor = { mediaType, digest, size: Number(size) }
    return (await this.#isHere(descriptor)) ? descriptor : undefined
  }

  async #remember(name: string, { mediaType, digest, size }: Descriptor): Promise<void> {
    const path = this.#recordPath(name)
    if (path === undefined) return
    const staged = `${path}.${randomBytes(8).toString('hex')}`
    await makeFolders(join(this.#options.folder ?? '', 'pulled'))
    await writeFile(staged, `${mediaType} ${digest} ${size}\n`)
    await rename(staged, path)
  }

  async #isHere(descriptor: Descriptor): Promise<boolean> {
    const path = this.#blobPath(descriptor)
    return path !== undefined && (await stat(path).then((stats) => stats.size === descriptor.size, () => false))
  }

  #blobPath({ digest }: Descriptor): string | undefined {
    return this.#options.folder === undefined ? undefined : join(this.#options.folder, 'blobs', hexOf(digest))
  }

  #recordPath(name: string): string | undefined {
    const { folder, name: repository } = this.#options
    return folder === undefined ? undefined : join(folder, 'pulled', createHash('sha256').update(`${repository} ${name}`).digest('hex'))
  }

  #notPulled(name: string): PackagerError {
    return new PackagerError({
      code: 'NOT_FOUND',
      step,
      value: `${this.#options.name}${isDigest(name) ? '@' : ':'}${name}`,
      found: 'nothing of it in the cache, and --pull-policy never',
      hint: 'run once with --pull-policy if-not-present, or keep the cache between runs',
    })
  }
}

/**
 * The reader gets the bytes as they come, each after it is written; the file takes its name when the source's own check has
 * passed. A full disk costs the copy, not the run.
 */
async function* keeping(content: Readable, path: string, staged: string): AsyncGenerator<Buffer> {
  let file = await open(staged, 'wx').catch(() => undefined)
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      const written = await file?.writeFile(chunk).then(() => true, () => false)
      if (written === false) {
        await file?.close()
        file = undefined
      }
      yield chunk
    }
    if (file !== undefined) await rename(staged, path)
  } finally {
    await file?.close()
    await rm(staged, { force: true })
  }
}
