import { PackagerError } from '../errors.ts'
import { silent } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Reference } from '../oci/reference.ts'
import { parseReference } from '../oci/reference.ts'
import { Network } from '../publish/network.ts'
import type { NetworkOptions } from '../publish/options.ts'
import type { Source } from '../stores/store.ts'
import type { StoredList } from '../stores/lists.ts'
import type { OpenSource } from './open.ts'

/**
 * A local list that `manifest` keeps, undefined where there is none of that name. Its index and manifests are at hand;
 * configs are read from the repositories its images were found in.
 */
export async function openLocal(reference: Reference, options: NetworkOptions): Promise<OpenSource | undefined> {
  const [{ readList }, { listsFolder, listReference }] = await Promise.all([import('../stores/lists.ts'), import('../stores/list-names.ts')])
  const { onEvent: report = silent, signal = new AbortController().signal } = options
  const name = listReference(reference)
  const list = await readList(listsFolder(options.env), name, signal)
  if (list === undefined) return undefined
  const network = new Network(options, undefined, report, signal)
  return { source: { type: 'local', name }, content: listContent(list, network), root: list.root, entries: [], close: () => network.close() }
}

/** @throws PackagerError `LIST_NOT_FOUND` */
export function noList(value: string): PackagerError {
  return new PackagerError({ code: 'LIST_NOT_FOUND', step: 'find local list', value, found: 'no local list of that name', hint: 'without local: the registry is asked' })
}

function listContent(list: StoredList, network: Network): Source {
  return {
    resolve: (name, signal) => list.source.resolve(name, signal),
    has: (descriptor, signal) => list.source.has(descriptor, signal),
    open: async (descriptor, signal) => {
      if (await list.source.has(descriptor, signal)) return list.source.open(descriptor, signal)
      return openElsewhere(descriptor, list, network, signal)
    },
  }
}

/** A config or a layer, from the first repository that has it of those that an image which names it was found in. */
async function openElsewhere(descriptor: Descriptor, list: StoredList, network: Network, signal: AbortSignal | undefined): ReturnType<Source['open']> {
  const children = [...list.manifests].filter(([, bytes]) => bytes.includes(descriptor.digest))
  const places = new Set(children.flatMap(([digest]) => list.sources.get(digest) ?? []))
  let failure: unknown = new PackagerError({ code: 'NOT_FOUND', step: 'read local list', value: list.reference, found: `no repository that has ${descriptor.digest}` })
  for (const place of places) {
    const { registry, repository } = parseReference(place)
    try {
      const source = await network.source(registry, repository)
      return await source.open(descriptor, signal)
    } catch (cause) {
      failure = cause
    }
  }
  throw failure
}
