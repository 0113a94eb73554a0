import { PackagerError } from '../errors.ts'

/** The command line itself is wrong: exit code 2. The step reads as the part of the command line that is meant. */
export function usageError(step: string, found: string, details: { value?: string; wanted?: string; hint?: string; cause?: unknown } = {}): PackagerError {
  return new PackagerError({ code: 'USAGE', step, found, ...details })
}
