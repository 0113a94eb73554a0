import { afterAll, beforeAll } from 'vitest'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { manifestVectorSuite } from '../support/vectors/manifest-suite.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

manifestVectorSuite(() => registry.host)
