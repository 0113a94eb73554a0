import { hostname } from 'node:os'
import { systemCode } from '../errors.ts'
import type { LockOwner } from '../stores/list-lock.ts'

/** This process, as a lock names it. */
export function lockOwner(): LockOwner {
  return { pid: process.pid, host: hostname(), isAlive }
}

/** Signal 0 asks whether a process is there; one of another user is, and says `EPERM`. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    return systemCode(cause) === 'EPERM'
  }
}
