import { openEngine } from '../../src/docker/engine.ts'
import { silent } from '../../src/events.ts'
import { openDaemon } from '../../src/stores/daemon.ts'
import { storeContract } from '../contract/store.ts'
import { emptyTree } from '../support/tree/tree.ts'

/** What is staged is looked at: no engine is there, and none is asked. */
storeContract('what is staged for an engine', async () => {
  const tree = await emptyTree()
  const engine = openEngine({ env: { DOCKER_HOST: `unix://${tree.path}/none.sock` }, homeDir: tree.path, report: silent })
  const daemon = openDaemon(engine, { folder: tree.path, report: silent })
  const store = daemon.store('docker.io', 'acme/hello')
  return {
    store,
    finish: () => Promise.resolve(store),
    dispose: async () => {
      await daemon.dispose()
      await tree.remove()
    },
  }
})
