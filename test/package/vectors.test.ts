import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { packageCaseNames, readPackageCase } from '../support/vectors/case.ts'
import { freeCases } from '../support/vectors/free-cases.ts'
import { laterCases, refusals, warnings } from '../support/vectors/lists.ts'
import { judgedCases, vectorSuite } from '../support/vectors/suite.ts'

let registry: TestRegistry

beforeAll(async () => {
  registry = await startRegistry()
})

afterAll(async () => {
  await registry.close()
})

vectorSuite(() => registry.host)

test('every vector is judged, has a rule of its own, or waits for a reason: exactly one of the three', () => {
  const listed = [...judgedCases, ...Object.keys(freeCases), ...Object.values(laterCases).flat()]
  expect(listed.sort()).toEqual(packageCaseNames())
})

test('every refusal and warning that is looked for belongs to a vector that is judged', () => {
  for (const name of [...Object.keys(refusals), ...Object.keys(warnings)]) expect(judgedCases).toContain(name)
  for (const name of judgedCases) {
    const { expected } = readPackageCase(name)
    expect(`${name}: ${name in refusals}`).toBe(`${name}: ${(expected.wanted ?? expected.peer).exit !== 0}`)
    expect(expected.judge).toBeUndefined()
  }
})
