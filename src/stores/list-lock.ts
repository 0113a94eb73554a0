import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PackagerError, cancelled, reason, systemCode, throwIfCancelled } from '../errors.ts'
import { listFolderName } from './list-names.ts'

/** Who holds a lock, and how to tell whether another process of this host still lives. */
export interface LockOwner {
  readonly pid: number
  readonly host: string
  readonly isAlive: (pid: number) => boolean
}

export interface LockOptions {
  readonly owner: LockOwner
  /** How long to wait for one other holder; 10 seconds unless told. Where many take turns, each of them gets that long. */
  readonly patienceMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Nothing can be written where local lists lie. */
export function unwritable(step: string, value: string, cause: unknown): PackagerError {
  const hint = 'local lists lie below XDG_DATA_HOME; commands with --publish need none'
  return new PackagerError({ code: 'OUTPUT', step, value, found: reason(cause), hint, cause })
}

/** What the file says: `{"pid":4711,"host":"ci-1","token":"..."}`. */
interface Holder {
  readonly pid: number
  readonly host: string
  readonly token: string
}

const step = 'lock local list'
/** Where a lock's text comes after its name: how long after. */
const writingMs = 250
/** What file systems without hard links say; there the lock's text comes a moment after its name. */
const linkless = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * Does the work while nobody else changes that list (SPEC-manifest.md, "Lock"). The lock is a file beside the list's folder;
 * it appears with all of its text at once, and that of a process that is no more is taken over.
 */
export async function withListLock<T>(root: string, reference: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const path = join(root, `${listFolderName(reference)}.lock`)
  const holder = { pid: options.owner.pid, host: options.owner.host, token: randomBytes(12).toString('hex') }
  await mkdir(root, { recursive: true }).catch((cause: unknown) => {
    throw unwritable(step, reference, cause)
  })
  await acquire(path, reference, holder, options)
  try {
    return await work()
  } finally {
    if (isOf(await readHolder(path), holder.token)) await rm(path, { force: true }).catch(() => undefined)
  }
}

async function acquire(path: string, reference: string, holder: Holder, { owner, patienceMs = 10_000, signal }: LockOptions): Promise<void> {
  let deadline = Date.now() + patienceMs
  let waitedFor: string | undefined
  for (let delay = 5; ; delay = Math.min(delay * 1.5, 200)) {
    throwIfCancelled(signal, step)
    if (await claimed(path, holder)) return
    const other = await readHolder(path)
    const waited = other === 'nonsense' ? other : other?.token
    if (waited !== undefined && waited !== waitedFor) {
      waitedFor = waited
      // Nobody ever gives back what nobody holds; a moment is enough for whoever has yet to write its name.
      deadline = Date.now() + (other === 'nonsense' ? Math.min(patienceMs, writingMs) : patienceMs)
    }
    if (isHolder(other) && isDead(other, owner) && (await takenOver(path, other, holder, owner))) return
    if (Date.now() >= deadline) throw locked(path, reference, other)
    await sleep(delay * (0.5 + Math.random()), undefined, { signal }).catch((cause: unknown) => {
      throw cancelled(step, cause)
    })
  }
}

/** A link fails where the name is taken, so that two processes never both get it. */
async function claimed(path: string, holder: Holder): Promise<boolean> {
  const staged = stagedBeside(path)
  try {
    await writeFile(staged, JSON.stringify(holder), { flag: 'wx' })
    await link(staged, path).catch(async (cause: unknown) => {
      if (!linkless.has(systemCode(cause) ?? '')) throw cause
      await writeFile(path, JSON.stringify(holder), { flag: 'wx' })
    })
    return true
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false
    throw unwritable(step, path, cause)
  } finally {
    await rm(staged, { force: true })
  }
}

/**
 * Only who holds the claim on a dead holder's token may exchange its lock, and looks once more before: a slower process that
 * saw the same dead holder finds another token there and waits as everybody does.
 */
async function takenOver(path: string, dead: Holder, holder: Holder, owner: LockOwner): Promise<boolean> {
  const claim = join(dirname(path), `.tmp-claim-${dead.token}`)
  if (!(await claimed(claim, holder))) {
    const other = await readHolder(claim)
    if (isHolder(other) && isDead(other, owner)) await rm(claim, { force: true })
    return false
  }
  const staged = stagedBeside(path)
  try {
    if (!isOf(await readHolder(path), dead.token)) return false
    await writeFile(staged, JSON.stringify(holder), { flag: 'wx' })
    await rename(staged, path)
    return true
  } finally {
    await rm(staged, { force: true })
    await rm(claim, { force: true })
  }
}

function stagedBeside(path: string): string {
  return join(dirname(path), `.tmp-lock-${randomBytes(8).toString('hex')}`)
}

function isDead(holder: Holder, owner: LockOwner): boolean {
  return holder.host === owner.host && !owner.isAlive(holder.pid)
}

/** `undefined`: gone meanwhile, or not to be read by us. `nonsense`: nothing that this program wrote, or not all of it. */
async function readHolder(path: string): Promise<Holder | 'nonsense' | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const { pid, host, token = '' } = JSON.parse(text) as Record<string, unknown>
    // Asked whether 0 or -1 lives, the system answers for groups of processes.
    const isProcess = typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0
    return isProcess && typeof host === 'string' && typeof token === 'string' && /^[\w-]{0,64}$/.test(token) ? { pid, host, token } : 'nonsense'
  } catch {
    return 'nonsense'
  }
}

function isHolder(found: Holder | 'nonsense' | undefined): found is Holder {
  return found !== undefined && found !== 'nonsense'
}

function isOf(found: Holder | 'nonsense' | undefined, token: string): boolean {
  return isHolder(found) && found.token === token
}

function locked(path: string, reference: string, holder: Holder | 'nonsense' | undefined): PackagerError {
  const found = holder === 'nonsense' ? 'a lock file that names no process' : holder === undefined ? 'a lock of an unknown holder' : `a lock of process ${holder.pid} on ${holder.host}`
  return new PackagerError({ code: 'LIST_LOCKED', step, value: reference, found, wanted: 'a list that nobody is changing', hint: `if no such process runs any more, remove ${path}` })
}
