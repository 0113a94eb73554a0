import { silent } from '../events.ts'
import { Network } from '../publish/network.ts'
import type { ListName } from './names.ts'
import type { NetworkOptions, SendOptions } from './options.ts'
import type { Reading } from './resolve.ts'
import type { ShipContext } from './ship.ts'
import { usualConcurrency } from './ship.ts'

/**
 * Opens the registries for the work, and closes them whatever becomes of it. None is spoken to before it is needed. Images are
 * read from mirrors where there are any; what is in the list's own repository is what a push of it will find there, and no
 * mirror may answer for that.
 */
export async function withNetwork<T>(
  options: NetworkOptions & { readonly send?: SendOptions },
  list: Pick<ListName, 'registry' | 'repository'>,
  work: (context: ShipContext, reading: Reading) => Promise<T>,
): Promise<T> {
  const { onEvent: report = silent, send = {}, signal } = options
  const network = new Network(options, undefined, report, signal ?? new AbortController().signal)
  try {
    const open: Reading['open'] = async (registry, repository) => {
      const isOwn = registry === list.registry && repository === list.repository
      return isOwn ? network.repository(registry, repository) : network.source(registry, repository)
    }
    return await work({ network, report, signal, send }, { open, concurrency: send.concurrency ?? usualConcurrency, report, signal })
  } finally {
    await network.close()
  }
}
