import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { openSource } from '../buildpacks/read.ts'
import type { LifecycleFacts } from '../config/lifecycle.ts'
import { PackagerError, systemCode } from '../errors.ts'
import type { LayerEntry } from '../layers/entries.ts'
import type { TarInput } from '../layers/tar.ts'
import { fileError } from '../layers/walk.ts'
import { digestOf } from '../oci/digest.ts'
import type { Target } from '../targets/target.ts'
import type { LifecycleAddress, LifecycleRequest } from './lifecycle-address.ts'
import { lifecycleAddress } from './lifecycle-address.ts'
import type { LifecycleFiles } from './lifecycle-files.ts'
import { checkMachine, lifecycleLayer, readLifecycle } from './lifecycle-files.ts'
import type { LifecycleImageContext } from './lifecycle-image.ts'
import { findLifecycleImage, readLifecycleImage } from './lifecycle-image.ts'

/** What opening a lifecycle needs from the run. */
export interface LifecycleContext extends LifecycleImageContext {
  readonly download: (url: URL, folder: string) => Promise<string>
  /** Programs of another machine than the target's are taken: they may be emulated. */
  readonly anyMachine: boolean
}

/** A lifecycle that was read and checked for a target; targets of one source share it. */
export interface Lifecycle {
  /** Its source as messages show it. */
  readonly shown: string
  /** Tells one source from another, for the layer's name in a run and in the cache. */
  readonly key: string
  readonly facts: LifecycleFacts
  readonly layer: TarInput
}

interface Opened extends Lifecycle {
  readonly programs: readonly LayerEntry[]
}

/** The lifecycles of a run (SPEC-builder.md section 5): each source is fetched and read once, whatever number of targets it is for. */
export class Lifecycles {
  readonly #request: LifecycleRequest
  readonly #context: LifecycleContext
  readonly #opened = new Map<string, Promise<Opened>>()

  constructor(request: LifecycleRequest, context: LifecycleContext) {
    this.#request = request
    this.#context = context
  }

  /**
   * The lifecycle for a target.
   *
   * @throws PackagerError `NOT_FOUND` where there is nothing, `CONFIG` for a broken descriptor, `UNSUPPORTED` where programs are
   * missing or are no programs for this target
   */
  async open(target: Target): Promise<Lifecycle> {
    const address = lifecycleAddress(this.#request, target)
    const opened = address.kind === 'image' ? await this.#openImage(address, target) : await this.#once(keyOf(address), () => this.#openFiles(address))
    if (!this.#context.anyMachine) await checkMachine(opened.programs, target, address.shown)
    const { shown, key, facts, layer } = opened
    return { shown, key, facts, layer }
  }

  async #openImage(address: Extract<LifecycleAddress, { kind: 'image' }>, target: Target): Promise<Opened> {
    const image = await findLifecycleImage(address, target, this.#context)
    return this.#once(`${address.shown} ${image.manifest.digest}`, () => readLifecycleImage(image, this.#context))
  }

  #once(key: string, read: () => Promise<LifecycleFiles>): Promise<Opened> {
    const known = this.#opened.get(key) ?? read().then((files) => toOpened(files, key))
    this.#opened.set(key, known)
    return known
  }

  async #openFiles(address: Exclude<LifecycleAddress, { kind: 'image' }>): Promise<LifecycleFiles> {
    const { shown } = address
    const path = address.kind === 'url' ? await this.#download(address) : address.path
    await stat(path).catch((cause: unknown) => {
      if (systemCode(cause) !== 'ENOENT') throw fileError(path, 'open lifecycle', cause)
      throw new PackagerError({ code: 'NOT_FOUND', step: 'open lifecycle', value: shown, found: 'no such file or folder', wanted: 'an archive or a folder with lifecycle.toml', cause })
    })
    const { limits, spool, signal } = this.#context
    const source = await openSource(path, shown, spool, signal, { ...limits, stamps: true })
    const { entries } = await source.list('.', (name) => name.split('/').length > 2, [], signal)
    return { shown, toml: await source.read('lifecycle.toml'), entries }
  }

  async #download({ url, shown, sha256, isRelease = false }: Extract<LifecycleAddress, { kind: 'url' }>): Promise<string> {
    const path = await this.#context.download(url, await this.#context.spool()).catch((cause: unknown) => {
      throw isRelease ? withMirrors(cause) : cause
    })
    if (sha256 === undefined) return path
    const hash = createHash('sha256')
    await pipeline(createReadStream(path), hash, { signal: this.#context.signal })
    const found = hash.digest('hex')
    if (found === sha256) return path
    throw new PackagerError({ code: 'DIGEST_MISMATCH', step: 'download lifecycle', value: shown, found: `sha256 ${found}`, wanted: sha256 })
  }
}

/** An address can have more in it than messages show. */
function keyOf(address: Exclude<LifecycleAddress, { kind: 'image' }>): string {
  return address.kind === 'url' ? `${address.shown} ${digestOf(Buffer.from(`${address.url.href} ${address.sha256 ?? ''}`))}` : address.shown
}

/** Whoever cannot reach the project's downloads can have the same from somewhere else. */
function withMirrors(cause: unknown): unknown {
  if (!(cause instanceof PackagerError) || cause.code === 'CANCELLED') return cause
  const { code, message, hint, problems } = cause
  const elsewhere = 'name a mirror with --lifecycle-template, or an archive or an image with [lifecycle] uri'
  return new PackagerError({ code, step: 'get lifecycle', found: message, hint: hint === undefined ? elsewhere : `${elsewhere}; ${hint}`, problems, cause })
}

function toOpened(files: LifecycleFiles, key: string): Opened {
  const { facts, programs } = readLifecycle(files)
  return { shown: files.shown, key: `lifecycle ${key}`, facts, programs, layer: lifecycleLayer(programs) }
}
