import { MemoryStore } from '../support/memory-store.ts'
import { storeContract } from './store.ts'

storeContract('a store in memory', async () => {
  const store = new MemoryStore()
  return { store, finish: async () => store, dispose: async () => undefined }
})
