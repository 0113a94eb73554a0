import { expect, test } from 'vitest'
import { createPaint } from '../../../src/cli/paint.ts'
import type { Loudness } from '../../../src/cli/progress/lines.ts'
import { createLineReporter } from '../../../src/cli/progress/reporter.ts'
import type { Event } from '../../../src/events.ts'
import { Screen, digest, scene } from '../support/screen.ts'

const BUILT = { type: 'layer-built', layer: 'L', module: 'acme/hello@1.0.0', diffID: digest('d'), digest: digest('e'), bytes: 80_000_000, size: 30_000_000, cached: false } as const
const STARTED = { type: 'layer-started', layer: 'L', module: 'acme/hello@1.0.0', targets: ['linux/amd64', 'linux/arm64'], total: 80_000_000 } as const

/** Each event comes a second after the one before. */
function lines(events: readonly Event[], loudness: Loudness = 'normal', screen = new Screen()): string[] {
  let now = 0
  const reporter = createLineReporter(scene({ stderr: screen, now: () => (now += 1000) }), loudness)
  for (const event of events) reporter.report(event)
  return screen.text.split('\n').slice(0, -1)
}

test.each<[string, Event, string]>([
  ['a step', { type: 'step', message: 'reading' }, 'reading'],
  ['the plan', { type: 'plan', name: 'a/b:1', destination: 'registry', targets: ['linux/amd64', 'linux/arm64'], layers: 1 }, 'packaging a/b:1 for linux/amd64, linux/arm64 (1 layer)'],
  ['the plan of a builder', { type: 'plan', name: 'a/b:1', destination: 'registry', targets: ['linux/amd64'], layers: 9, what: 'builder' }, 'making builder a/b:1 for linux/amd64 (9 layers)'],
  ['the plan of an index over images that exist', { type: 'plan', name: 'a/b:1', destination: 'registry', targets: ['linux/amd64'], layers: 0 }, 'sending a/b:1 for linux/amd64'],
  ['an uploaded blob', { type: 'blob-done', digest: digest('a'), what: 'layer x', size: 2048, status: 'uploaded' }, 'layer x uploaded: sha256:aaaaaaaaaaaa, 2.0 KiB'],
  ['a blob that was there', { type: 'blob-done', digest: digest('a'), what: 'layer x', size: 2048, status: 'present' }, 'layer x already there: sha256:aaaaaaaaaaaa, 2.0 KiB'],
  ['a mounted blob', { type: 'blob-done', digest: digest('a'), what: 'layer x', size: 1, status: 'mounted' }, 'layer x mounted: sha256:aaaaaaaaaaaa, 1 B'],
  ['an image', { type: 'image-done', target: 'linux/amd64', digest: digest('b'), status: 'written' }, `image linux/amd64 written: ${digest('b')}`],
  ['an index', { type: 'index-done', digest: digest('c'), status: 'uploaded' }, `index uploaded: ${digest('c')}`],
  ['a tag', { type: 'tagged', name: 'a/b:1', digest: digest('c'), status: 'uploaded' }, 'tagged a/b:1'],
  ['a tag that stood there', { type: 'tagged', name: 'a/b:1', digest: digest('c'), status: 'present' }, 'already tagged a/b:1'],
])('%s is one line', (_, event, line) => {
  expect(lines([event])).toEqual([line])
})

test('a layer is one line when it is built, with its targets, sizes and time', () => {
  const progress: Event = { type: 'layer-progress', layer: 'L', bytes: 5 }
  expect(lines([STARTED, progress, BUILT])).toEqual(['built acme/hello@1.0.0 for linux/amd64, linux/arm64: 76.3 MiB to 28.6 MiB, 2.0 s'])
})

test('a layer from the cache says so', () => {
  expect(lines([STARTED, { ...BUILT, cached: true }])).toEqual(['built acme/hello@1.0.0 for linux/amd64, linux/arm64: 76.3 MiB to 28.6 MiB, from the cache'])
})

test('progress makes no lines', () => {
  const events: Event[] = [
    { type: 'blob-started', digest: digest('a'), what: 'layer x', total: 9 },
    { type: 'blob-progress', digest: digest('a'), bytes: 3 },
    { type: 'layer-progress', layer: 'unknown', bytes: 3 },
  ]
  expect(lines(events, 'verbose')).toEqual([])
})

test('retries are told with -v, warnings always', () => {
  const retry: Event = { type: 'retry', action: 'upload', reason: 'HTTP 429', attempt: 2, delayMs: 4000 }
  const warning: Event = { type: 'warning', message: 'odd' }
  expect(lines([retry, warning])).toEqual(['warning: odd'])
  expect(lines([retry, warning], 'quiet')).toEqual(['warning: odd'])
  expect(lines([retry, warning], 'verbose')).toEqual(['retry 2 in 4.0 s: upload: HTTP 429', 'warning: odd'])
})

test('after an interrupt only warnings are told', () => {
  const context = scene()
  const reporter = createLineReporter(context, 'verbose')
  reporter.interrupted()
  for (const event of [STARTED, BUILT, { type: 'warning', message: 'odd' } as const]) reporter.report(event)
  expect(context.stderr.text).toBe('interrupted, cleaning up; once more to stop at once\nwarning: odd\n')
})

test('no text from outside can start a line or send a control sequence', () => {
  const evil = 'x\u001b[2J\rerror: forged'
  const events: Event[] = [
    { type: 'step', message: evil },
    { type: 'retry', action: evil, reason: evil, attempt: 1, delayMs: 1 },
    { type: 'tagged', name: evil, digest: digest('a'), status: 'uploaded' },
    { type: 'blob-done', digest: digest('a'), what: evil, size: 1, status: 'uploaded' },
    { ...STARTED, module: evil, targets: [evil] },
    { ...BUILT, module: evil },
    { type: 'image-done', target: evil, digest: digest('a'), status: 'uploaded' },
    { type: 'plan', name: evil, destination: 'registry', targets: [evil], layers: 1 },
    { type: 'warning', message: evil, hint: evil },
  ]
  const text = lines(events, 'verbose')
  expect(text).toHaveLength(9)
  expect(text.join('')).not.toMatch(/\p{Cc}/u)
})

test('warnings are coloured on a terminal alone', () => {
  const warning: Event = { type: 'warning', message: 'odd', hint: 'mend it' }
  const paint = createPaint(true)
  expect(lines([warning], 'normal', new Screen(80))).toEqual([`${paint.yellow('warning:')} odd`, `${paint.cyan('hint:')} mend it`])
})
