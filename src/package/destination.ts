import { resolve } from 'node:path'
import type { Report } from '../events.ts'
import type { Store } from '../stores/store.ts'
import type { Names, TagPlace } from './names.ts'
import type { PackageOptions } from './options.ts'

/** One repository that a package goes to, and its tags there. */
export interface Place {
  readonly store: Store
  readonly tags: readonly TagPlace[]
  /** Set where an earlier place of the same registry has the blobs already. */
  readonly mountFrom?: string
}

/** All places of a run, NAME's first. `seal` makes what was staged visible, `close` is called always. */
export interface Destination {
  readonly places: readonly Place[]
  seal(): Promise<void>
  close(): Promise<void>
}

/** What a destination is made of is loaded only when it is the one: a layout needs no HTTP client. */
export async function openDestination(options: PackageOptions, names: Names, report: Report, signal: AbortSignal): Promise<Destination> {
  if (names.path !== undefined) {
    const { layoutStore } = await import('../stores/layout.ts')
    const store = layoutStore(names.path)
    return { places: [{ store, tags: names.tags }], seal: () => store.seal(), close: () => store.dispose() }
  }
  const { openRemotes } = await import('../stores/remote.ts')
  const settings = options.registry ?? {}
  const remotes = openRemotes({
    env: options.env,
    homeDir: options.env['HOME'] ?? options.env['USERPROFILE'] ?? '',
    settings: { ...settings, caFiles: (settings.caFiles ?? []).map((file) => resolve(options.cwd, file)) },
    report,
    userAgent: 'bp-package',
    signal,
  })
  return { places: remotePlaces(names.tags, (registry, repository) => remotes.store(registry, repository)), seal: () => Promise.resolve(), close: () => remotes.close() }
}

function remotePlaces(tags: readonly TagPlace[], open: (registry: string, repository: string) => Store): Place[] {
  const repositories = [...new Set(tags.map(repositoryOf))]
  return repositories.flatMap((repository) => {
    const own = tags.filter((tag) => repositoryOf(tag) === repository)
    const [first] = own
    if (first === undefined) return []
    const place = { store: open(first.registry, first.repository), tags: own }
    const main = tags[0]
    return [main !== undefined && main.registry === first.registry && main.repository !== first.repository ? { ...place, mountFrom: main.repository } : place]
  })
}

function repositoryOf(tag: TagPlace): string {
  return `${tag.registry}/${tag.repository}`
}

