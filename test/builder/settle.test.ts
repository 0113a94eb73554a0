import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Turns, settled } from '../../src/builder/settle.ts'

test('a failure is told when nothing runs any more, and it is the first one in order', async () => {
  let isDone = false
  const slow = setTimeout(5).then(() => {
    isDone = true
    throw new Error('first')
  })
  await expect(settled([slow, Promise.reject(new Error('second'))])).rejects.toThrow('first')
  expect(isDone).toBe(true)
  expect(await settled([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2])
})

test('no more take their turn at once than there are lanes, and one that fails stops no other', async () => {
  const turns = new Turns(2)
  let running = 0
  let most = 0
  const work = async (at: number): Promise<number> => {
    running += 1
    most = Math.max(most, running)
    await setTimeout(1)
    running -= 1
    if (at === 2) throw new Error('two')
    return at
  }
  const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map((at) => turns.take(() => work(at))))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(most).toBe(2)
})
