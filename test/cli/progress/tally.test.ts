import { expect, test } from 'vitest'
import { NOTHING, tallied } from '../../../src/cli/progress/tally.ts'
import type { Event, PutStatus } from '../../../src/events.ts'
import { digest } from '../support/screen.ts'

const blob = (status: PutStatus): Event => ({ type: 'blob-done', digest: digest('a'), what: 'layer', size: 10, status })

test('blobs are counted by how they came to be there', () => {
  const events = [blob('uploaded'), blob('uploaded'), blob('mounted'), blob('present')]
  expect(events.reduce(tallied, NOTHING)).toEqual({ uploaded: 2, mounted: 1, present: 1, uploadedBytes: 20, changed: 3 })
})

test('a republish in which all was there has changed nothing', () => {
  const events: Event[] = [
    blob('present'),
    { type: 'image-done', target: 'linux/amd64', digest: digest('b'), status: 'present' },
    { type: 'index-done', digest: digest('c'), status: 'present' },
    { type: 'tagged', name: 'a:1', digest: digest('c'), status: 'present' },
    { type: 'layer-progress', layer: 'L', bytes: 1 },
  ]
  expect(events.reduce(tallied, NOTHING)).toEqual({ ...NOTHING, present: 1 })
})

test('a tag that moved is a change, even where every blob was there', () => {
  const tag: Event = { type: 'tagged', name: 'a:1', digest: digest('c'), status: 'uploaded' }
  expect(tallied(NOTHING, tag).changed).toBe(1)
})
