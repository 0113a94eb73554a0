import type { Hash } from 'node:crypto'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { PackagerError, reason } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { isDigest } from '../oci/digest.ts'
import type { Source } from './store.ts'

/** One of several places that should have the same content. */
export interface MirrorPlace {
  /** `registry/repository`. */
  readonly name: string
  /** Whether it may be asked for a tag, or for a digest. */
  readonly takes: (kind: 'tag' | 'digest') => boolean
  readonly open: () => Promise<Source>
}

export interface MirroredOptions {
  /** Mirrors in the order in which they are asked, then the registry itself. */
  readonly places: readonly MirrorPlace[]
  /** Names of mirrors that could not be reached: one wait for each of them is enough for a run. */
  readonly unreachable: Set<string>
  readonly report: Report
}

/**
 * A repository with mirrors. A mirror that fails, or lacks something, is passed over, in the middle of a blob too; whatever it
 * says of digests is checked as everywhere, and what a tag stands for is its word, since somebody named it for that.
 */
export function mirroredSource(options: MirroredOptions): Source {
  return new MirroredSource(options)
}

/** A content under way, and who may be asked for the rest of it. */
interface Opened {
  readonly content: Readable
  readonly place: MirrorPlace
  readonly others: readonly MirrorPlace[]
}

class MirroredSource implements Source {
  readonly #options: MirroredOptions
  /** Who had the last name that was asked for: content is there as well. */
  #found: MirrorPlace | undefined

  constructor(options: MirroredOptions) {
    this.#options = options
  }

  async resolve(name: string, signal?: AbortSignal): Promise<Descriptor> {
    const places = this.#places(isDigest(name) ? 'digest' : 'tag')
    return this.#first(places, signal, async (source, place) => {
      const descriptor = await source.resolve(name, signal)
      this.#found = place
      return descriptor
    })
  }

  async has(descriptor: Descriptor, signal?: AbortSignal): Promise<boolean> {
    for (const place of this.#places('digest')) {
      const has = await this.#first([place], signal, (source) => source.has(descriptor, signal)).catch((cause: unknown) => {
        if (signal?.aborted === true || place === this.#options.places.at(-1)) throw cause
        this.#passOver(place, cause)
        return false
      })
      if (has) return true
    }
    return false
  }

  async open(descriptor: Descriptor, signal?: AbortSignal): Promise<Readable> {
    const all = this.#places('digest')
    const at = this.#found === undefined ? 0 : all.indexOf(this.#found)
    const opened = await this.#open(all.slice(Math.max(0, at)), descriptor, signal)
    return opened.others.length === 0 ? opened.content : Readable.from(this.#pieces(opened, descriptor, signal), { objectMode: false })
  }

  #open(places: readonly MirrorPlace[], descriptor: Descriptor, signal: AbortSignal | undefined): Promise<Opened> {
    return this.#first(places, signal, async (source, place) => {
      const content = await source.open(descriptor, signal)
      return { content, place, others: places.slice(places.indexOf(place) + 1) }
    })
  }

  /** What breaks off goes on at the next place, after the bytes that were handed out: they have to be the same there. */
  async *#pieces(first: Opened, descriptor: Descriptor, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    const seen = createHash('sha256')
    let read = 0
    for (let opened = first; ; ) {
      try {
        for await (const piece of afterBytes(opened, read, seen, descriptor)) {
          seen.update(piece)
          read += piece.byteLength
          yield piece
        }
        return
      } catch (cause) {
        if (signal?.aborted === true || opened.others.length === 0) throw cause
        this.#passOver(opened.place, cause)
        opened = await this.#open(opened.others, descriptor, signal)
      }
    }
  }

  #places(kind: 'tag' | 'digest'): readonly MirrorPlace[] {
    const { places, unreachable } = this.#options
    // What a mirror says of a tag is no use without what the tag stands for: as with Podman, the mirror gives that as well.
    const takes = (place: MirrorPlace): boolean => place.takes(kind) || (kind === 'digest' && place === this.#found)
    return places.filter((place, at) => at + 1 === places.length || (takes(place) && !unreachable.has(place.name)))
  }

  async #first<T>(places: readonly MirrorPlace[], signal: AbortSignal | undefined, use: (source: Source, place: MirrorPlace) => Promise<T>): Promise<T> {
    const passed: string[] = []
    for (const [at, place] of places.entries()) {
      try {
        return await use(await place.open(), place)
      } catch (cause) {
        if (signal?.aborted === true) throw cause
        if (at + 1 === places.length) throw withMirrors(cause, passed)
        this.#passOver(place, cause)
        passed.push(reason(cause))
      }
    }
    throw new PackagerError({ code: 'INTERNAL', step: 'pull image', found: 'no place to pull from' })
  }

  /** Other content than was asked for is told in any case: that mirror is broken, or worse. */
  #passOver({ name }: MirrorPlace, cause: unknown): void {
    if (cause instanceof PackagerError && cause.code === 'CANCELLED') throw cause
    const code = cause instanceof PackagerError ? cause.code : undefined
    if (code === 'NETWORK') this.#options.unreachable.add(name)
    const message = `the mirror ${name} is passed over: ${reason(cause)}`
    this.#options.report(code === 'DIGEST_MISMATCH' ? { type: 'warning', message } : { type: 'detail', message })
  }
}

/** Skips what is known already, and makes sure that it is the same here. */
async function* afterBytes({ content, place }: Opened, known: number, seen: Hash, descriptor: Descriptor): AsyncGenerator<Buffer> {
  const [wanted, hash] = [seen.copy().digest('hex'), createHash('sha256')]
  let left = known
  for await (const chunk of content as AsyncIterable<Buffer>) {
    const skipped = chunk.subarray(0, left)
    hash.update(skipped)
    left -= skipped.byteLength
    if (skipped.byteLength > 0 && left === 0 && hash.copy().digest('hex') !== wanted) {
      const found = 'other bytes than a mirror had sent before it broke off'
      throw new PackagerError({
        code: 'DIGEST_MISMATCH',
        step: 'read blob',
        value: `${place.name}@${descriptor.digest}`,
        found,
        hint: 'leave the mirror out: what it sends is not what was asked for',
      })
    }
    if (chunk.byteLength > skipped.byteLength) yield chunk.subarray(skipped.byteLength)
  }
}

/** Where nobody has it, what the mirrors said may be the better word: the registry itself may be out of reach on purpose. */
function withMirrors(cause: unknown, passed: readonly string[]): unknown {
  if (!(cause instanceof PackagerError) || passed.length === 0) return cause
  const { code, message, hint, problems } = cause
  const told = `asked before it: ${passed.join('; ')}`
  return new PackagerError({ code, step: 'pull image', found: message, hint: hint === undefined ? told : `${told}; ${hint}`, problems, cause })
}
