import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Interrupts } from '../../src/cli/interrupt.ts'
import { createInterrupts } from '../../src/cli/interrupt.ts'
import { emptyTree } from '../support/tree/tree.ts'

interface Ground extends Interrupts {
  /** A temporary folder that is not empty. */
  readonly folder: string
  readonly exits: readonly number[]
  /** Resolves when the process would end. */
  readonly ended: Promise<unknown>
}

async function ground(patienceMs: number): Promise<Ground> {
  const tree = await emptyTree()
  onTestFinished(() => tree.remove())
  const folder = join(tree.path, 'temporary')
  await mkdir(join(folder, 'deep'), { recursive: true })
  await writeFile(join(folder, 'deep', 'file'), 'x')
  const exits: number[] = []
  const ending = new EventEmitter()
  const ended = once(ending, 'end')
  const interrupts = createInterrupts((code) => {
    exits.push(code)
    ending.emit('end')
  }, patienceMs)
  interrupts.temporary(folder)
  return { ...interrupts, folder, exits, ended }
}

describe('a signal', () => {
  test('is passed on, and the rest left to the run', async () => {
    const { signal, interrupt, folder, exits } = await ground(0)
    expect(signal.aborted).toBe(false)
    interrupt()
    expect({ aborted: signal.aborted, exits, kept: existsSync(folder) }).toEqual({ aborted: true, exits: [], kept: true })
  })

  test('that comes a second time ends a run that hangs, without its temporary folders', async () => {
    const { interrupt, folder, exits, ended } = await ground(10)
    interrupt()
    interrupt()
    expect(exits).toEqual([])
    await ended
    expect({ exits, left: existsSync(folder) }).toEqual({ exits: [130], left: false })
  })

  test('that comes a third time does not wait', async () => {
    const { interrupt, folder, exits } = await ground(60_000)
    for (let times = 0; times < 3; times += 1) interrupt()
    expect({ exits, left: existsSync(folder) }).toEqual({ exits: [130], left: false })
  })

  test('does not mind folders that are gone or cannot be removed', async () => {
    const { temporary, interrupt, exits } = await ground(60_000)
    temporary('/nonexistent/folder')
    temporary('no\0path')
    for (let times = 0; times < 3; times += 1) interrupt()
    expect(exits).toEqual([130])
  })
})
