import type { BuilderOptions } from '../../builder/options.ts'
import type { PackagerError } from '../../errors.ts'
import type { Context } from '../context.ts'
import type { Library } from '../library.ts'
import type { BuilderFlags } from './define-builder.ts'
import { makingOptions, runMaking } from './make.ts'
import { defined } from './shared-options.ts'

/** `bp-package builder create NAME`: makes a builder, or with `--dry-run` shows the plan. `misuse` is what its words are refused for already. */
export async function runBuilder([name]: readonly string[], flags: BuilderFlags, context: Context, library: Library, misuse: readonly PackagerError[]): Promise<void> {
  const { config, flatten, skipRunImageCheck, lifecycleAnyArch, lifecycleTemplate = context.env['BP_PACKAGE_LIFECYCLE_TEMPLATE'] } = flags
  const options: BuilderOptions = { ...makingOptions(flags, context), config, ...defined({ name, flatten, skipRunImageCheck, lifecycleAnyArch, lifecycleTemplate }) }
  // That the word for the name is missing is told by then.
  const flagRefusals = async (given: BuilderOptions): Promise<readonly PackagerError[]> => (await import('../../builder/flags.ts')).flagRefusals({ ...given, name: name ?? 'builder' })
  await runMaking({ options, plan: library.planBuilder, make: library.createBuilder, misuse, flagRefusals }, flags, context)
}
