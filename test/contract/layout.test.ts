import { join } from 'node:path'
import { layoutSource, layoutStore } from '../../src/stores/layout.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { storeContract } from './store.ts'

storeContract('an image layout', async () => {
  const tree = await emptyTree()
  const folder = join(tree.path, 'out.oci')
  const store = layoutStore(folder)
  return {
    store,
    finish: async () => {
      await store.seal()
      return layoutSource(folder)
    },
    dispose: async () => {
      await store.dispose()
      await tree.remove()
    },
  }
})
