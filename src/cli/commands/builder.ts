import type { BuilderOptions } from '../../builder/options.ts'
import type { Context } from '../context.ts'
import type { Library } from '../library.ts'
import type { BuilderFlags } from './define-builder.ts'
import { makingOptions, runMaking } from './make.ts'
import { defined } from './shared-options.ts'

/** `bp-package builder create NAME`: makes a builder, or with `--dry-run` shows the plan. */
export async function runBuilder(words: readonly string[], flags: BuilderFlags, context: Context, library: Library): Promise<void> {
  const options = builderOptions(words, flags, context)
  await runMaking({ options, plan: library.planBuilder, make: library.createBuilder }, flags, context)
}

/** The words and flags as the library takes them. */
export function builderOptions([name]: readonly string[], flags: BuilderFlags, context: Context): BuilderOptions {
  const { config, flatten, skipRunImageCheck, lifecycleAnyArch, lifecycleTemplate = context.env['BP_PACKAGE_LIFECYCLE_TEMPLATE'] } = flags
  return { ...makingOptions(flags, context), config, ...defined({ name, flatten, skipRunImageCheck, lifecycleAnyArch, lifecycleTemplate }) }
}
