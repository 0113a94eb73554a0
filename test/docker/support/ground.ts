import { join } from 'node:path'
import type { Engine } from '../../../src/docker/engine.ts'
import { openEngine } from '../../../src/docker/engine.ts'
import type { Event } from '../../../src/events.ts'
import type { Daemon } from '../../../src/stores/daemon.ts'
import { openDaemon } from '../../../src/stores/daemon.ts'
import { emptyTree } from '../../support/tree/tree.ts'
import type { EngineServer, EngineServerOptions } from './engine-server.ts'
import { startEngine } from './engine-server.ts'

/** A small engine on a socket of its own, and runs that have it as their destination. */
export interface Ground {
  readonly server: EngineServer
  readonly folder: string
  readonly engine: Engine
  readonly events: Event[]
  /** The texts of the events of a type. */
  told(type: 'step' | 'warning'): readonly string[]
  run(signal?: AbortSignal): Daemon
  close(): Promise<void>
}

export async function openGround(options: EngineServerOptions = {}): Promise<Ground> {
  const tree = await emptyTree()
  const server = await startEngine({ socket: join(tree.path, 'engine.sock'), ...options })
  const events: Event[] = []
  const report = (event: Event): void => void events.push(event)
  const engine = openEngine({ env: { DOCKER_HOST: server.host }, homeDir: tree.path, report })
  const daemons: Daemon[] = []
  return {
    server,
    folder: tree.path,
    engine,
    events,
    told: (type) => events.flatMap((event) => (event.type === type && 'message' in event ? [event.message] : [])),
    run: (signal) => {
      const daemon = openDaemon(engine, { folder: tree.path, report, signal })
      daemons.push(daemon)
      return daemon
    },
    close: async () => {
      for (const daemon of daemons) await daemon.dispose()
      await engine.close()
      await server[Symbol.asyncDispose]()
      await tree.remove()
    },
  }
}
