import { rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LockOwner } from '../../src/stores/list-lock.ts'
import { withListLock } from '../../src/stores/list-lock.ts'
import { listFolderName } from '../../src/stores/list-names.ts'

let root: string
let path: string
const list = 'registry.example/acme/bp:1'

/** A process of the host `here`, where only those of `alive` are. */
function owner(pid: number, ...alive: readonly number[]): LockOwner {
  return { pid, host: 'here', isAlive: (other) => alive.includes(other) }
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bp-lock-'))
  path = join(root, `${listFolderName(list)}.lock`)
})
afterEach(() => rm(root, { recursive: true }))

describe('the lock of a list', () => {
  test('names process and host while it is held, and is gone afterwards, also after a failure', async () => {
    const work = withListLock(root, list, { owner: owner(7) }, async () => {
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: 7, host: 'here' })
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(await readdir(root)).toEqual([])
  })

  test('is held by one at a time, and everybody gets a turn', async () => {
    let [inside, most, turns] = [0, 0, 0]
    const work = async (): Promise<void> => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
      turns += 1
    }
    await Promise.all(Array.from({ length: 20 }, (_, at) => withListLock(root, list, { owner: owner(at + 1, ...Array(21).keys()) }, work)))
    expect({ most, turns }).toEqual({ most: 1, turns: 20 })
  })

  test('of a process that is no more is taken over, by one of many', async () => {
    await writeFile(path, JSON.stringify({ pid: 99, host: 'here', token: 'ab' }))
    let [inside, most] = [0, 0]
    const work = async (): Promise<void> => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
    }
    await Promise.all(Array.from({ length: 10 }, (_, at) => withListLock(root, list, { owner: owner(at + 1, ...Array(11).keys()) }, work)))
    expect(most).toBe(1)
    expect(await readdir(root)).toEqual([])
  })

  test('is taken over too where the one who was taking it over is no more', async () => {
    await writeFile(path, JSON.stringify({ pid: 99, host: 'here', token: 'ab' }))
    await writeFile(join(root, '.tmp-claim-ab'), JSON.stringify({ pid: 98, host: 'here', token: 'cd' }))
    expect(await withListLock(root, list, { owner: owner(1, 1) }, async () => 'done')).toBe('done')
  })

  test.each([
    ['lives', { pid: 99, host: 'here' }, 'a lock of process 99 on here'],
    ['is of another host, where nobody can tell', { pid: 5, host: 'there' }, 'a lock of process 5 on there'],
  ])('is waited for in vain where its holder %s, and stays', async (_, holder, found) => {
    await writeFile(path, JSON.stringify(holder))
    const waiting = withListLock(root, list, { owner: owner(1, 1, 99), patienceMs: 20 }, async () => undefined)
    await expect(waiting).rejects.toMatchObject({ code: 'LIST_LOCKED', message: expect.stringContaining(found) as string, hint: expect.stringContaining(path) as string })
    expect(await readFile(path, 'utf8')).toBe(JSON.stringify(holder))
  })

  test('is waited for as long as others take turns, however many they are', async () => {
    let turns = 0
    const next = (): string => JSON.stringify({ pid: 99, host: 'here', token: `turn-${turns}` })
    // Asked each time the lock is looked at.
    const isAlive = (): boolean => {
      turns += 1
      if (turns < 20) writeFileSync(path, next())
      else rmSync(path)
      return true
    }
    await writeFile(path, next())
    expect(await withListLock(root, list, { owner: { pid: 1, host: 'here', isAlive }, patienceMs: 200 }, async () => turns)).toBe(20)
  })

  test.each([['scribble'], [''], [{ pid: 0, host: 'here' }], [{ pid: -1, host: 'here' }], [{ pid: 1.5, host: 'here' }], [{ host: 'here' }]])('is not waited for where it is %j, which no process gives back, and stays', async (text) => {
    const bytes = typeof text === 'string' ? text : JSON.stringify(text)
    await writeFile(path, bytes)
    const waiting = withListLock(root, list, { owner: { ...owner(1), isAlive: () => true }, patienceMs: 600_000 }, async () => undefined)
    await expect(waiting).rejects.toMatchObject({ code: 'LIST_LOCKED', message: expect.stringContaining('a lock file that names no process') as string, hint: expect.stringContaining(path) as string })
    expect(await readFile(path, 'utf8')).toBe(bytes)
  })

  test('whose text comes a moment after its name is waited for', async () => {
    await writeFile(path, '')
    setTimeout(() => void writeFile(path, JSON.stringify({ pid: 99, host: 'here', token: 'ab' })), 5)
    expect(await withListLock(root, list, { owner: owner(1, 1) }, async () => 'done')).toBe('done')
  })

  test('is not waited for after an interrupt', async () => {
    await writeFile(path, JSON.stringify({ pid: 99, host: 'here' }))
    const stop = new AbortController()
    const waiting = withListLock(root, list, { owner: owner(1, 1, 99), signal: stop.signal }, async () => undefined)
    setTimeout(() => stop.abort(), 5)
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
