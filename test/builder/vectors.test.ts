import { afterAll, beforeAll, expect, test } from 'vitest'
import { builderCaseNames, readBuilderCase } from '../support/builder-vectors/case.ts'
import { layerDigests } from '../support/builder-vectors/images.ts'
import { laterCases } from '../support/builder-vectors/lists.ts'
import { builderVectorSuite } from '../support/builder-vectors/suite.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

builderVectorSuite(() => registry.host)

test('a vector that waits is one that there is, and every vector that fails names what its message must', () => {
  expect(builderCaseNames()).toEqual(expect.arrayContaining(Object.values(laterCases).flat()))
  for (const name of builderCaseNames()) {
    for (const { exitCode, mustMention = [] } of readBuilderCase(name).expected.commands) expect(`${name}: ${mustMention.length > 0}`).toBe(`${name}: ${exitCode !== 0}`)
  }
})

test('bases are made here byte for byte as they were recorded', () => {
  for (const name of builderCaseNames()) {
    const { bases, expected } = readBuilderCase(name)
    const made = new Set(bases.flatMap(({ images }) => images.flatMap((image) => layerDigests(image))))
    const recorded = expected.outputs.flatMap(({ images = [] }) => images.flatMap(({ layers }) => layers.filter(({ role }) => role === 'base').map(({ diffId }) => diffId)))
    expect(recorded.filter((diffID) => !made.has(diffID)), name).toEqual([])
  }
})
