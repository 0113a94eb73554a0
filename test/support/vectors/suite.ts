import { describe, expect, test } from 'vitest'
import { packageCaseNames, readPackageCase } from './case.ts'
import { judge } from './judge.ts'
import { laterCases, refusals, warnings } from './lists.ts'
import { freeCases } from './free-cases.ts'
import { runCase } from './run-case.ts'

const later = new Set(Object.values(laterCases).flat())

/** The names that this suite runs and judges by what the vector holds. */
export const judgedCases = packageCaseNames().filter((name) => !later.has(name) && !(name in freeCases))

/**
 * Every vector of one buildpack or extension, against the registry that `host` gives: the in-process one, or a real one.
 * Both must hold the same, since nothing of what is compared comes from the registry.
 */
export function vectorSuite(host: () => string): void {
  describe('a vector', () => {
    test.each(judgedCases)('%s comes out as the contract says', async (name) => {
      const input = readPackageCase(name)
      const wanted = input.expected.wanted ?? input.expected.peer
      const run = await runCase(input, host(), wanted)
      judge(run, wanted, { unordered: input.expected.unordered })
      if (wanted.exit !== 0) expect(run.stderr).toMatch(refusals[name] ?? /a refusal without a reason in lists.ts/)
      const warning = warnings[name]
      if (warning !== undefined) expect(run.stderr).toMatch(warning)
    })
  })

  describe('a vector that only records the peer', () => {
    const cases = Object.entries(freeCases).map(([name, { wanted, check, outcome }]) => ({ name, wanted, check, outcome }))
    test.each(cases)('$name: $wanted', async ({ name, check, outcome }) => {
      const input = readPackageCase(name)
      expect(input.expected.judge).toBe('free')
      const run = await runCase(input, host(), outcome(input.expected.peer))
      expect(run.after).toEqual(run.before)
      check(run, input)
    })
  })
}
