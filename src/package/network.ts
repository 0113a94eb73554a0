import { resolve } from 'node:path'
import type { Report } from '../events.ts'
import type { Mounter, Store } from '../stores/store.ts'
import type { Remotes } from '../stores/remote.ts'
import type { PackageOptions } from './options.ts'

/** The registries of a run, through one client. It is loaded with the first repository that is opened: a layout needs none. */
export class Network {
  readonly #options: PackageOptions
  readonly #report: Report
  readonly #signal: AbortSignal
  #remotes: Promise<Remotes> | undefined

  constructor(options: PackageOptions, report: Report, signal: AbortSignal) {
    this.#options = options
    this.#report = report
    this.#signal = signal
  }

  async repository(registry: string, repository: string): Promise<Store & Mounter> {
    this.#remotes ??= this.#open()
    return (await this.#remotes).store(registry, repository)
  }

  async close(): Promise<void> {
    await (await this.#remotes)?.close()
  }

  async #open(): Promise<Remotes> {
    const { openRemotes } = await import('../stores/remote.ts')
    const { env, cwd, registry: settings = {} } = this.#options
    return openRemotes({
      env,
      homeDir: env['HOME'] ?? env['USERPROFILE'] ?? '',
      settings: { ...settings, caFiles: (settings.caFiles ?? []).map((file) => resolve(cwd, file)) },
      report: this.#report,
      userAgent: 'bp-package',
      signal: this.#signal,
    })
  }
}
