import { describe, expect, test } from 'vitest'
import { builderCaseNames, readBuilderCase } from './case.ts'
import { judgeBuilder } from './judge.ts'
import { laterCases } from './lists.ts'
import { runBuilderCase } from './run-case.ts'

const later = new Set(Object.values(laterCases).flat())

/** Every vector of `builder create`, against the registry that `host` gives: the in-process one, or a real one. */
export function builderVectorSuite(host: () => string): void {
  describe('a builder vector', () => {
    test.each(builderCaseNames().filter((name) => !later.has(name)))('%s comes out as the contract says', async (name) => {
      const input = readBuilderCase(name)
      judgeBuilder(await runBuilderCase(input, host()), input)
    })
  })

  describe('a builder vector that waits', () => {
    test.each([...later, ...(later.size === 0 ? ['none'] : [])])('%s still does not come out', async (name) => {
      if (name === 'none') return expect(later.size).toBe(0)
      const input = readBuilderCase(name)
      const run = await runBuilderCase(input, host())
      expect(() => judgeBuilder(run, input)).toThrow()
    })
  })
}
