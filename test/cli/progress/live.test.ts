import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Reporter } from '../../../src/cli/progress/reporter.ts'
import { createReporter } from '../../../src/cli/progress/choose.ts'
import type { Event } from '../../../src/events.ts'
import { Screen, digest, scene } from '../support/screen.ts'

const SHOW_CURSOR = '\u001b[?25h'
const PLAN: Event = { type: 'plan', name: 'a/hello:1', destination: 'registry', targets: ['linux/amd64', 'linux/arm64'], layers: 1 }
const STARTED: Event = { type: 'layer-started', layer: 'L', module: 'acme/hello@1.0.0', targets: ['linux/amd64', 'linux/arm64'], total: 100 }
const DONE: readonly Event[] = [
  { type: 'image-done', target: 'linux/amd64', digest: digest('a'), status: 'uploaded' },
  { type: 'image-done', target: 'linux/arm64', digest: digest('b'), status: 'present' },
  { type: 'index-done', digest: digest('c'), status: 'uploaded' },
]

async function live(columns = 100): Promise<{ reporter: Reporter; screen: Screen }> {
  const screen = new Screen(columns)
  const reporter = await createReporter(scene({ stdout: new Screen(columns), stderr: screen }), { loudness: 'normal', silent: false, live: true })
  return { reporter, screen }
}

/** What stands on the screen at the end: all that was drawn after the last erasure. */
function left(screen: Screen): string[] {
  const last = screen.text.slice(screen.text.lastIndexOf('\u001b[2K'))
  return stripVTControlCharacters(last).split('\n').filter((line) => line !== '')
}

/** Waits for a frame that shows this text. */
async function shown(screen: Screen, text: string): Promise<void> {
  await expect.poll(() => screen.text, { timeout: 10_000 }).toContain(text)
}

test('the list ends with a line for each target, the totals and the index', async () => {
  const { reporter, screen } = await live()
  for (const event of [PLAN, STARTED]) reporter.report(event)
  await shown(screen, 'linux/amd64  building 1 layer')
  await shown(screen, 'build acme/hello@1.0.0 (2 targets)')
  for (const event of DONE) reporter.report(event)
  await reporter.end(true)
  expect(left(screen).map((line) => line.slice(2))).toEqual([
    'linux/amd64  uploaded sha256:aaaaaaaaaaaa',
    'linux/arm64  already there sha256:bbbbbbbbbbbb',
    'built 0 of 1 layer',
    'a/hello:1  uploaded sha256:cccccccccccc',
  ])
  expect(screen.text.endsWith(SHOW_CURSOR)).toBe(true)
  expect(reporter.tally().changed).toBe(2)
})

test('a failure marks what was not done, and gives the cursor back', async () => {
  const { reporter, screen } = await live()
  for (const event of [PLAN, ...DONE.slice(0, 1)]) reporter.report(event)
  await shown(screen, 'linux/amd64  uploaded')
  await reporter.end(false)
  const [done, failed] = left(screen)
  expect(done?.slice(1)).toBe(' linux/amd64  uploaded sha256:aaaaaaaaaaaa')
  expect(failed?.slice(1)).toBe(' linux/arm64')
  expect(done?.[0]).not.toBe(failed?.[0])
  expect(screen.text.endsWith(SHOW_CURSOR)).toBe(true)
})

test('an end right after the plan, before anything is drawn, ends', async () => {
  const { reporter, screen } = await live()
  reporter.report(PLAN)
  await reporter.end(false)
  expect(screen.text.endsWith(SHOW_CURSOR)).toBe(true)
})

test('an end without a plan writes nothing', async () => {
  const { reporter, screen } = await live()
  await reporter.end(false)
  expect(screen.text).toBe('')
})

test('warnings come at once before the list, and below it once it is drawn', async () => {
  const { reporter, screen } = await live()
  reporter.report({ type: 'warning', message: 'early' })
  reporter.report({ type: 'step', message: 'reading' })
  expect(stripVTControlCharacters(screen.text)).toBe('warning: early\nreading\n')
  reporter.report(PLAN)
  await shown(screen, 'linux/amd64')
  reporter.report({ type: 'warning', message: 'late' })
  await reporter.end(true)
  expect(stripVTControlCharacters(screen.text)).toMatch(/a\/hello:1\nwarning: late\n$/u)
})

test('an interrupt ends the list and is told below it, while the run cleans up', async () => {
  const { reporter, screen } = await live()
  reporter.report(PLAN)
  await shown(screen, 'linux/amd64')
  reporter.interrupted()
  await shown(screen, 'interrupted, cleaning up')
  for (const event of [STARTED, ...DONE, { type: 'warning', message: 'after' } as const]) reporter.report(event)
  await reporter.end(false)
  expect(stripVTControlCharacters(screen.text)).toMatch(/a\/hello:1\ninterrupted, cleaning up; once more to stop at once\nwarning: after\n$/u)
})

test('no list is started after an interrupt', async () => {
  const { reporter, screen } = await live()
  reporter.interrupted()
  reporter.report(PLAN)
  await reporter.end(false)
  expect(screen.text).toBe('interrupted, cleaning up; once more to stop at once\n')
})

test('nothing is wider than a narrow terminal', async () => {
  const { reporter, screen } = await live(24)
  for (const event of [{ ...PLAN, name: 'registry.example/'.repeat(9) }, STARTED]) reporter.report(event)
  await shown(screen, '0% (2 targets)')
  await reporter.end(true)
  for (const line of left(screen)) expect(line.length).toBeLessThanOrEqual(24)
})

test.each([
  ['a pipe', scene(), { loudness: 'normal', silent: false, live: true }],
  ['CI', scene({ stderr: new Screen(80), env: { CI: '1', NO_COLOR: '1' } }), { loudness: 'normal', silent: false, live: true }],
  ['--no-progress', scene({ stderr: new Screen(80), env: { NO_COLOR: '1' } }), { loudness: 'normal', silent: false, live: false }],
  ['-v', scene({ stderr: new Screen(80), env: { NO_COLOR: '1' } }), { loudness: 'verbose', silent: false, live: true }],
] as const)('%s gets lines without control characters', async (_, context, options) => {
  const reporter = await createReporter(context, options)
  for (const event of [PLAN, STARTED, ...DONE]) reporter.report(event)
  await reporter.end(true)
  expect(context.stderr.text).not.toMatch(/[^\P{Cc}\n]/u)
  expect(context.stderr.text.split('\n')).toHaveLength(5)
})
