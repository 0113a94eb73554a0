import { randomBytes } from 'node:crypto'
import type { Event } from '../../../src/events.ts'
import type { InlineBlob } from '../../../src/oci/descriptor.ts'
import { inlineBlob } from '../../../src/oci/descriptor.ts'
import type { RegistryClient, RegistryClientOptions } from '../../../src/registry/client.ts'
import { createRegistryClient } from '../../../src/registry/client.ts'
import type { Sleep } from '../../../src/registry/retry.ts'
import type { LoggedRequest } from './faults.ts'

/** A client whose waits take no time, and what it told and waited for. */
export interface Talk {
  readonly client: RegistryClient
  readonly events: readonly Event[]
  /** Milliseconds of each wait. */
  readonly waits: readonly number[]
}

/** A client that knows nothing of this machine: no credentials, no proxies, unless `env` names them. */
export function talk(options: Partial<RegistryClientOptions> = {}): Talk {
  const events: Event[] = []
  const waits: number[] = []
  const sleep: Sleep = (ms, signal) => {
    waits.push(ms)
    return signal?.aborted === true ? Promise.reject(new Error('aborted')) : Promise.resolve()
  }
  const client = createRegistryClient({
    env: {},
    homeDir: '/nonexistent',
    settings: {},
    report: (event) => events.push(event),
    userAgent: 'bp-package/test',
    sleep,
    random: () => 1,
    ...options,
  })
  return { client, events, waits }
}

/** A layer that no other test has. */
export function someLayer(size: number): InlineBlob & { readonly bytes: Buffer } {
  const bytes = randomBytes(size)
  return { ...inlineBlob('application/vnd.oci.image.layer.v1.tar+gzip', bytes), bytes }
}

/** `CNB_REGISTRY_AUTH` with a user's password for one host. */
export function loginEnv(host: string, userAndPassword: string): { readonly CNB_REGISTRY_AUTH: string } {
  return { CNB_REGISTRY_AUTH: JSON.stringify({ [host]: `Basic ${Buffer.from(userAndPassword).toString('base64')}` }) }
}

/** `PUT /v2/acme/bp/...` lines with what varies taken out: digests, upload ids, states. */
export function lines(requests: readonly LoggedRequest[]): string[] {
  return requests.map(({ method, path, status }) => {
    const plain = decodeURIComponent(path)
      .replaceAll(/sha256:[0-9a-f]{64}/g, 'DIGEST')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    return `${method} ${plain} ${status}`
  })
}
