import { silent } from '../events.ts'
import { Network } from '../publish/network.ts'
import type { NetworkOptions, SendOptions } from './options.ts'
import type { Reading } from './resolve.ts'
import type { ShipContext } from './ship.ts'
import { usualConcurrency } from './ship.ts'

/** Opens the registries for the work, and closes them whatever becomes of it. None is spoken to before it is needed. */
export async function withNetwork<T>(options: NetworkOptions & { readonly send?: SendOptions }, work: (context: ShipContext, reading: Reading) => Promise<T>): Promise<T> {
  const { onEvent: report = silent, send = {}, signal } = options
  const network = new Network(options, undefined, report, signal ?? new AbortController().signal)
  try {
    return await work({ network, report, signal, send }, { network, concurrency: send.concurrency ?? usualConcurrency, report, signal })
  } finally {
    await network.close()
  }
}
