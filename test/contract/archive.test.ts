import { join } from 'node:path'
import { archiveSource, archiveStore } from '../../src/stores/archive.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { storeContract } from './store.ts'

storeContract('an archive', async () => {
  const tree = await emptyTree()
  const path = join(tree.path, 'out.cnb')
  const store = archiveStore(path)
  return {
    store,
    finish: async () => {
      await store.seal()
      return archiveSource(path, tree.path)
    },
    dispose: async () => {
      await store.dispose()
      await tree.remove()
    },
  }
})

storeContract('an archive that is read through its store', async () => {
  const tree = await emptyTree()
  const store = archiveStore(join(tree.path, 'out.cnb'))
  return {
    store,
    finish: async () => {
      await store.seal()
      return store
    },
    dispose: async () => {
      await store.dispose()
      await tree.remove()
    },
  }
})
