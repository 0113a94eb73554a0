import { PackagerError, reason } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Source } from '../stores/store.ts'
import type { Fields } from './shape.ts'
import { isFields } from './shape.ts'

/** What is read at a time: enough that a registry far away does not make anybody wait, few enough that none is stormed. */
const atATime = 8
/** A builder's labels come to some hundred KiB. */
const largest = 16 * 1024 ** 2
/** Of one source together: they are kept in memory. */
const largestTotal = 256 * 1024 ** 2
/** What is taken apart, each time it is: an index of a thousand entries for one image shows all that the image says a thousand times. */
const largestShown = 64 * 1024 ** 2

/** What is wrong with an image or index itself; of anything else, a registry that does not answer, it is not known what it is. */
export const readingFaults: ReadonlySet<ErrorCode> = new Set(['NOT_FOUND', 'DIGEST_MISMATCH', 'UNSUPPORTED', 'UNREADABLE'])

/** The indexes, manifests and configs of one source: each is read once, a few at a time, never a layer. */
export class Documents {
  readonly #source: Source
  readonly #signal: AbortSignal | undefined
  readonly #known = new Map<Digest, Promise<Buffer>>()
  readonly #waiting: (() => void)[] = []
  #free = atATime
  #total = 0
  #shown = 0

  constructor(source: Source, signal?: AbortSignal) {
    this.#source = source
    this.#signal = signal
  }

  /** The bytes as they are stored; size and digest are those of the descriptor. */
  bytes(descriptor: Descriptor): Promise<Buffer> {
    const known = this.#known.get(descriptor.digest) ?? this.#read(descriptor)
    this.#known.set(descriptor.digest, known)
    return known
  }

  /** The same as the JSON object that it is. */
  async object(descriptor: Descriptor): Promise<Fields> {
    const bytes = await this.bytes(descriptor)
    this.#shown += bytes.length
    if (this.#shown > largestShown) throw wrong(descriptor, `${this.#shown} bytes of manifests and configs to show`, `at most ${largestShown}`)
    const value = parse(bytes.toString('utf8'))
    if (isFields(value) && !(value instanceof Error)) return value
    throw wrong(descriptor, value instanceof Error ? `no JSON: ${reason(value)}` : 'other JSON', 'a JSON object')
  }

  async #read(descriptor: Descriptor): Promise<Buffer> {
    if (descriptor.size > largest) throw wrong(descriptor, `${descriptor.size} bytes`, `at most ${largest}`)
    this.#total += descriptor.size
    if (this.#total > largestTotal) throw wrong(descriptor, `${this.#total} bytes of manifests and configs`, `at most ${largestTotal}`)
    await this.#turn()
    try {
      const chunks: Buffer[] = []
      for await (const chunk of await this.#source.open(descriptor, this.#signal)) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    return cause
  }
}

function wrong({ digest }: Descriptor, found: string, wanted?: string): PackagerError {
  return new PackagerError({ code: 'UNSUPPORTED', step: 'read manifest', value: digest, found, wanted })
}
