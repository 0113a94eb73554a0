import type { Report } from '../events.ts'
import { PackagerError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import type { EngineBody, EngineRequest } from './connection.ts'
import type { Surroundings } from './context.ts'
import { refusal } from './faults.ts'
import type { FoundEngine } from './find.ts'
import { findEngine } from './find.ts'
import { failureInAnswer } from './load-answer.ts'
import { enginePlaces } from './places.ts'
import type { EngineInfo } from './version.ts'
import { describeEngine, parseObject } from './version.ts'

export interface EngineOptions extends Surroundings {
  readonly report: Report
  /** Ends the search for an engine; every verb takes a signal of its own. */
  readonly signal?: AbortSignal | undefined
}

/** What an engine says of an image it has. */
export interface EngineImage {
  /** The digest of the image's config; with containerd's store, of its manifest. */
  readonly id: Digest
  readonly os: string
  readonly architecture: string
  /** Of the uncompressed layers, bottom first. */
  readonly diffIDs: readonly string[]
  /** The names that stand for it. */
  readonly names: readonly string[]
  /** Empty where the engine does not tell. */
  readonly variant: string
  readonly osVersion: string
  readonly labels: Readonly<Record<string, string>>
  /** What the image takes in the engine, in bytes. */
  readonly size: number | undefined
}

/**
 * A Docker or Podman engine, spoken to over its socket. It is looked for with the first verb that needs it; who answers is
 * told as a step. Names are whole: `docker.io/acme/hello:1.0.0`.
 */
export interface Engine {
  info(): Promise<EngineInfo>
  /** An image by name or id; `undefined` where the engine has none. */
  inspect(name: string, signal?: AbortSignal): Promise<EngineImage | undefined>
  /** The ids of images that have this label. */
  labelled(label: string, signal?: AbortSignal): Promise<readonly Digest[]>
  /** Loads an archive and reads the answer to its end: a failure can stand anywhere in it. */
  load(archive: EngineBody, signal?: AbortSignal): Promise<void>
  tag(id: Digest, repository: string, tag: string, signal?: AbortSignal): Promise<void>
  /** Takes a name away, and the image with its last name; of an id, the image. What is not there is no failure. */
  remove(name: string, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** The engine that the environment names, or that listens at a usual place (docs/engines.md). Nothing happens until it is asked. */
export function openEngine(options: EngineOptions): Engine {
  return new SocketEngine(options)
}

class SocketEngine implements Engine {
  readonly #options: EngineOptions
  #found: Promise<FoundEngine> | undefined
  #info: Promise<EngineInfo> | undefined

  constructor(options: EngineOptions) {
    this.#options = options
  }

  info(): Promise<EngineInfo> {
    this.#info ??= this.#describe()
    return this.#info
  }

  async inspect(name: string, signal?: AbortSignal): Promise<EngineImage | undefined> {
    const step = 'inspect image in the engine'
    const { status, text } = await this.#read({ step, method: 'GET', path: `/images/${encodeName(name)}/json`, signal })
    if (status === 404) return undefined
    if (status !== 200) throw refusal(step, name, status, text)
    return readImage(step, name, parseObject(text))
  }

  async labelled(label: string, signal?: AbortSignal): Promise<readonly Digest[]> {
    const step = 'list images of the engine'
    const filters = encodeURIComponent(JSON.stringify({ label: [label] }))
    const { status, text } = await this.#read({ step, method: 'GET', path: `/images/json?filters=${filters}`, signal })
    if (status !== 200) throw refusal(step, label, status, text)
    const list = Object.values(parseObject(text))
    return list.map((image) => withAlgorithm((image as { Id?: unknown } | null)?.Id)).filter(isDigest)
  }

  async load(archive: EngineBody, signal?: AbortSignal): Promise<void> {
    const { connection, greeting } = await this.#find()
    const step = 'load image into the engine'
    const value = await this.#address()
    const request: EngineRequest = { step, method: 'POST', path: `/v${greeting.api}/images/load?quiet=1`, body: archive, signal }
    const answer = await connection.send(request)
    if (answer.status !== 200) throw refusal(step, value, answer.status, await connection.text(request, answer))
    const found = await failureInAnswer(connection.pieces(request, answer))
    if (found !== undefined) throw new PackagerError({ code: 'OUTPUT', step, value, found })
  }

  async tag(id: Digest, repository: string, tag: string, signal?: AbortSignal): Promise<void> {
    const step = 'tag image in the engine'
    const query = `repo=${encodeURIComponent(repository)}&tag=${encodeURIComponent(tag)}`
    const { status, text } = await this.#read({ step, method: 'POST', path: `/images/${id}/tag?${query}`, signal })
    if (status !== 201 && status !== 200) throw refusal(step, `${repository}:${tag}`, status, text)
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    const step = 'remove image from the engine'
    const { status, text } = await this.#read({ step, method: 'DELETE', path: `/images/${encodeName(name)}?noprune=1`, signal })
    if (status !== 200 && status !== 404) throw refusal(step, name, status, text)
  }

  async close(): Promise<void> {
    const found = await this.#found?.catch(() => undefined)
    await found?.connection.close()
  }

  async #read(request: EngineRequest): Promise<{ readonly status: number; readonly text: string }> {
    const { connection, greeting } = await this.#find()
    return connection.read({ ...request, path: `/v${greeting.api}${request.path}` })
  }

  #find(): Promise<FoundEngine> {
    this.#found ??= enginePlaces(this.#options).then((places) => findEngine(places, this.#options.signal))
    return this.#found
  }

  async #describe(): Promise<EngineInfo> {
    const { connection, greeting } = await this.#find()
    const info = await describeEngine(connection, greeting, this.#options.signal)
    this.#options.report({ type: 'step', message: `engine: ${info.product} ${info.version} at ${info.address}` })
    return info
  }

  async #address(): Promise<string> {
    return (await this.info()).address
  }
}

/** A name's slashes and colons stand in the path as they are; what a path may not hold is escaped. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll('%2F', '/').replaceAll('%3A', ':')
}

function readImage(step: string, name: string, value: Readonly<Record<string, unknown>>): EngineImage {
  const { Id, Os, Architecture, Variant, OsVersion, RootFS, RepoTags, Config, Size } = value
  const id = withAlgorithm(Id)
  if (!isDigest(id)) throw new PackagerError({ code: 'UNSUPPORTED', step, value: name, found: 'an answer without an Id', wanted: 'sha256:<64 hex digits>' })
  const layers = (RootFS as { readonly Layers?: unknown } | null | undefined)?.Layers
  const [os = '', architecture = '', variant = '', osVersion = ''] = [Os, Architecture, Variant, OsVersion].map((part) => (typeof part === 'string' ? part : ''))
  const labels = (Config as { readonly Labels?: unknown } | null | undefined)?.Labels
  return { id, os, architecture, variant, osVersion, diffIDs: texts(layers), names: texts(RepoTags), labels: textsByKey(labels), size: Number.isSafeInteger(Size) ? Number(Size) : undefined }
}

function textsByKey(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(value ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** Podman's own API leaves `sha256:` out of an id. */
function withAlgorithm(id: unknown): string {
  const text = typeof id === 'string' ? id : ''
  return /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
