import type { Report } from '../events.ts'
import type { Store } from '../stores/store.ts'
import type { Names } from './names.ts'
import type { TagPlace } from './tags.ts'
import type { Network } from './network.ts'
import type { RunOptions } from './options.ts'

/** One repository that a package goes to, and its tags there. */
export interface Place {
  readonly store: Store
  /** Undefined for a destination that is none. */
  readonly registry?: string
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

/** What a destination is made of is loaded only when it is the one. */
export async function openDestination(kind: RunOptions['destination'], names: Names, network: Network, report: Report): Promise<Destination> {
  // Files are written when all their images are known.
  if (kind === 'file') return { places: [], seal: done, close: done }
  const remote = kind === 'registry' ? await remotePlaces(names, network) : []
  if (names.path === undefined) return { places: remote, seal: done, close: done }
  const { layoutStore } = await import('../stores/layout.ts')
  const store = layoutStore(names.path, { report })
  const layout: Place = { store, tags: names.tags.slice(0, remote.length > 0 ? 1 : undefined).map(({ tag }) => ({ registry: '', repository: '', tag })) }
  // The layout is whole before a tag moves in the registry: what is left of it then is one rename.
  return { places: [...remote, layout], seal: () => store.seal(), close: () => store.dispose() }
}

async function remotePlaces({ tags, byDigest }: Names, network: Network): Promise<Place[]> {
  const places: Place[] = []
  const [main] = tags
  for (const repository of new Set(tags.map(repositoryOf))) {
    const own = tags.filter((tag) => repositoryOf(tag) === repository)
    const [first] = own
    if (first === undefined || main === undefined) continue
    const place = { store: await network.repository(first.registry, first.repository), registry: first.registry, tags: byDigest === true ? [] : own }
    const isSecond = main.registry === first.registry && main.repository !== first.repository
    places.push(isSecond ? { ...place, mountFrom: main.repository } : place)
  }
  return places
}

/** A repository's name, to tell tags of one from those of another. */
export function repositoryOf(tag: TagPlace): string {
  return `${tag.registry}/${tag.repository}`
}

/** There is nothing to seal and nothing to close. */
async function done(): Promise<void> {
  return undefined
}
