import { PackagerError } from '../errors.ts'
import { EngineConnection } from './connection.ts'
import { noEngineFault } from './faults.ts'
import type { EnginePlace } from './places.ts'
import type { Greeting } from './version.ts'
import { greet } from './version.ts'

/** A connection to an engine that has answered. */
export interface FoundEngine {
  readonly connection: EngineConnection
  readonly greeting: Greeting
}

/** How long an engine that sends nothing is waited for. A sleeping virtual machine under it may take a while to wake. */
const timeoutMs = 30_000

/** The first of the places that has an engine. Throws with every place that was tried and why it is none. */
export async function findEngine(places: readonly EnginePlace[], signal: AbortSignal | undefined): Promise<FoundEngine> {
  const failures: PackagerError[] = []
  for (const place of places) {
    const connection = new EngineConnection(place, timeoutMs)
    try {
      return { connection, greeting: await greet(connection, signal) }
    } catch (error) {
      await connection.close()
      if (!(error instanceof PackagerError) || error.code === 'CANCELLED') throw error
      failures.push(error)
    }
  }
  throw noEngineFault(failures)
}
