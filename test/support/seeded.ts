import { configureGlobal } from 'fast-check'

/**
 * fast-check as every test gets it (`vitest.config.ts`): the same cases in every run, so that a run fails for a change and not
 * by chance. BP_FUZZ_SEED=1, 2, ... looks for what this seed does not find.
 */
configureGlobal({ seed: Number(process.env['BP_FUZZ_SEED'] ?? 20_261_121) })

export * from 'fast-check'
