import { resolve } from 'node:path'
import type { Report } from '../events.ts'
import type { Mounter, Source, Store } from '../stores/store.ts'
import type { RegistryLocator } from '../buildpacks/locator.ts'
import type { Downloads } from '../stores/download.ts'
import type { RegistryClientOptions, Remotes } from '../stores/remote.ts'
import type { RegistryRule } from '../config/registries.ts'
import type { PullPlace } from './mirrors.ts'
import { hasNamedRules, pullPlaces, readMirrorFlags } from './mirrors.ts'
import type { NetworkOptions } from './options.ts'

/** The registries of a run, through one client. It is loaded with the first repository that is opened: a layout needs none. */
export class Network {
  readonly #options: NetworkOptions
  readonly #report: Report
  readonly #signal: AbortSignal
  readonly #cacheFolder: string | undefined
  #remotes: Promise<Remotes> | undefined
  #downloads: Promise<Downloads> | undefined
  readonly #mirrorFlags: readonly RegistryRule[]
  #registryRules: Promise<readonly RegistryRule[]> | undefined
  /** Clients of mirrors and of registries that registries.conf calls insecure: what they may do, no push may. */
  readonly #readers = new Map<string, Promise<Remotes>>()
  readonly #unreachable = new Set<string>()

  constructor(options: NetworkOptions, cacheFolder: string | undefined, report: Report, signal: AbortSignal) {
    this.#options = options
    this.#cacheFolder = cacheFolder
    this.#report = report
    this.#signal = signal
    this.#mirrorFlags = readMirrorFlags(options.registry?.mirrors ?? [])
  }

  /**
   * A repository that is only read from: what was read before is at hand, as far as the pull policy lets it count.
   *
   * @param passes whether layers go from there to a registry, and need not be kept on the way
   */
  async source(registry: string, repository: string, passes = false): Promise<Source> {
    const { pulledSource } = await import('../stores/pulled.ts')
    const { pullPolicy: policy = 'always' } = this.#options
    let mirrored: Promise<Source> | undefined
    // One for all that is read: it knows by then who has the image.
    const remote = (): Promise<Source> => (mirrored ??= this.#mirrored(registry, repository))
    return pulledSource({ folder: this.#cacheFolder, name: `${registry}/${repository}`, policy, passes, remote })
  }

  /** The repository behind its mirrors. registries.conf is read when the first image is. */
  async #mirrored(registry: string, repository: string): Promise<Source> {
    this.#registryRules ??= import('./registries-conf.ts').then(({ loadRegistryRules }) => loadRegistryRules(this.#client()))
    const rules = await this.#registryRules
    const open = (name?: string): Promise<Source> => this.#sourceOf(pullPlaces(this.#mirrorFlags, rules, registry, repository, name))
    if (!hasNamedRules(rules, registry, repository)) return open()
    const { sourceByName } = await import('../stores/by-name.ts')
    return sourceByName(open)
  }

  async #sourceOf(places: readonly PullPlace[]): Promise<Source> {
    const [first] = places
    if (places.length === 1 && first !== undefined) return this.#reader(first)
    const { mirroredSource } = await import('../stores/mirrored.ts')
    const named = places.map((place) => ({
      name: `${place.registry}/${place.repository}`,
      takes: (kind: 'tag' | 'digest') => place.pulls === 'all' || place.pulls === `${kind}-only`,
      open: () => this.#reader(place),
    }))
    return mirroredSource({ places: named, unreachable: this.#unreachable, report: this.#report })
  }

  async #reader(place: PullPlace): Promise<Source> {
    const source = await this.#repositoryOf(place)
    if (place.name === undefined) return source
    const { renamedSource } = await import('../stores/by-name.ts')
    return renamedSource(source, place.name)
  }

  async #repositoryOf({ registry, repository, insecure, isMirror }: PullPlace): Promise<Source> {
    if (!insecure && !isMirror) return this.repository(registry, repository)
    const key = [registry, insecure, isMirror].join(' ')
    const reader = this.#readers.get(key) ?? this.#openReader(registry, insecure, isMirror)
    this.#readers.set(key, reader)
    return (await reader).store(registry, repository)
  }

  async #openReader(registry: string, insecure: boolean, isMirror: boolean): Promise<Remotes> {
    const { openRemotes } = await import('../stores/remote.ts')
    const { settings, ...client } = this.#client()
    const hosts = [...(settings.insecure ?? []), ...(insecure ? [registry] : [])]
    // Somebody else is asked where a mirror fails: that is soon enough after the second try.
    return openRemotes({ ...client, settings: { ...settings, insecure: hosts }, ...(isMirror ? { maxTries: 2 } : {}) })
  }

  async repository(registry: string, repository: string): Promise<Store & Mounter> {
    this.#remotes ??= this.#open()
    return (await this.#remotes).store(registry, repository)
  }

  /** An archive that a dependency's `uri` names, into a folder of the run's own. */
  async download(url: URL, folder: string): Promise<string> {
    const { download } = await import('../buildpacks/download.ts')
    return download(url, folder, { downloads: await this.#openDownloads(), report: this.#report })
  }

  /** The image that a buildpack registry has for an id, by digest. */
  async findInRegistry(locator: RegistryLocator): Promise<string> {
    const { defaultIndex, findInIndex } = await import('../buildpacks/registry-index.ts')
    const { cwd, registryIndex = defaultIndex } = this.#options
    const place = /^https?:\/\//i.test(registryIndex) ? registryIndex : resolve(cwd, registryIndex)
    return (await findInIndex(locator, place, async (url) => (await this.#openDownloads()).text(url))).address
  }

  async close(): Promise<void> {
    await (await this.#remotes)?.close()
    for (const reader of this.#readers.values()) await (await reader).close()
    await (await this.#downloads)?.close()
  }

  async #open(): Promise<Remotes> {
    const { openRemotes } = await import('../stores/remote.ts')
    return openRemotes(this.#client())
  }

  #openDownloads(): Promise<Downloads> {
    this.#downloads ??= import('../stores/download.ts').then(({ openDownloads }) => openDownloads(this.#client()))
    return this.#downloads
  }

  #client(): RegistryClientOptions {
    const { env, cwd, registry: settings = {} } = this.#options
    return {
      env,
      homeDir: env['HOME'] ?? env['USERPROFILE'] ?? '',
      settings: { ...settings, caFiles: (settings.caFiles ?? []).map((file) => resolve(cwd, file)) },
      report: this.#report,
      userAgent: 'bp-package',
      signal: this.#signal,
    }
  }
}
