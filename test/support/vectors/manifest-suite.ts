import { describe, test } from 'vitest'
import { manifestCaseNames, readManifestCase } from './manifest-case.ts'
import { ManifestGround } from './manifest-ground.ts'
import { judgeManifestCase } from './manifest-judge.ts'

/** Every vector of `manifest`, against the registry that `host` gives: the in-process one, or a real one. */
export function manifestVectorSuite(host: () => string): void {
  describe('a vector of manifest', () => {
    test.each(manifestCaseNames().map(readManifestCase))('$name: $about', async (input) => {
      await using ground = await ManifestGround.open(host())
      await judgeManifestCase(ground, input)
    })
  })
}
