import { afterAll, beforeAll } from 'vitest'
import { builderVectorSuite } from '../support/builder-vectors/suite.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'

let registry: RunningRegistry

beforeAll(async () => {
  registry = await startDockerRegistry()
})

afterAll(async () => {
  await registry.close()
})

builderVectorSuite(() => registry.host)
