import { chmod, chown } from 'node:fs/promises'

const nobody = 65_534

/**
 * Runs as a user to whom permissions mean something, also where the tests run as root. `folder`, which is made its own,
 * can be entered.
 */
export async function asOrdinaryUser<T>(folder: string, action: () => Promise<T>): Promise<T> {
  await chmod(folder, 0o755)
  if (process.geteuid?.() !== 0) return action()
  await chown(folder, nobody, nobody)
  process.seteuid?.(nobody)
  try {
    return await action()
  } finally {
    process.seteuid?.(0)
  }
}
