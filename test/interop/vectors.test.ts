import { afterAll, beforeAll } from 'vitest'
import { manifestVectorSuite } from '../support/vectors/manifest-suite.ts'
import { vectorSuite } from '../support/vectors/suite.ts'
import type { RunningRegistry } from './support/docker-registry.ts'
import { startDockerRegistry } from './support/docker-registry.ts'

let registry: RunningRegistry

beforeAll(async () => {
  registry = await startDockerRegistry()
})

afterAll(async () => {
  await registry.close()
})

vectorSuite(() => registry.host)
manifestVectorSuite(() => registry.host)
