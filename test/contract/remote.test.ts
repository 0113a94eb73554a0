import { silent } from '../../src/events.ts'
import { createRegistryClient } from '../../src/registry/client.ts'
import { remoteStore } from '../../src/stores/remote.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { storeContract } from './store.ts'

storeContract('a registry', async () => {
  const registry = await startRegistry()
  const client = createRegistryClient({ env: {}, homeDir: '', settings: {}, report: silent, userAgent: 'test' })
  const store = remoteStore(client, registry.host, 'acme/bp')
  return {
    store,
    finish: async () => store,
    dispose: async () => {
      await client.close()
      await registry.close()
    },
  }
})
