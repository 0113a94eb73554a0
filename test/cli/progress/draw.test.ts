import { expect, test } from 'vitest'
import { barLines, cut, indexLine, layersLine, targetLine } from '../../../src/cli/progress/draw.ts'
import { INITIAL, advanced } from '../../../src/cli/progress/state.ts'
import type { ProgressState } from '../../../src/cli/progress/state.ts'
import type { Event } from '../../../src/events.ts'
import { digest } from '../support/screen.ts'

const MIB = 1024 ** 2
const PLAN: Event = { type: 'plan', name: 'a/hello:1', destination: 'registry', targets: ['linux/amd64', 'linux/arm64'], layers: 2 }

function layer(name: string, targets: string[]): Event {
  return { type: 'layer-started', layer: name, module: 'acme/hello@1.0.0', targets, total: 40 * MIB }
}
function built(name: string): Event {
  return { type: 'layer-built', layer: name, module: 'acme/hello@1.0.0', diffID: digest('d'), digest: digest('e'), bytes: 40 * MIB, size: MIB, cached: false }
}
function after(...events: Event[]): ProgressState {
  return events.reduce((state, event) => advanced(state, event, 0), INITIAL)
}

test('a target tells how many of its layers are being built, then its digest', () => {
  const building = after(PLAN, layer('A', ['linux/amd64']), layer('B', ['linux/amd64', 'linux/arm64']))
  expect(targetLine(building, 'linux/amd64')).toBe('linux/amd64  building 2 layers')
  expect(targetLine(building, 'linux/arm64')).toBe('linux/arm64  building 1 layer')
  const done = advanced(advanced(building, built('B'), 0), { type: 'image-done', target: 'linux/arm64', digest: digest('f'), status: 'present' }, 0)
  expect(targetLine(done, 'linux/amd64')).toBe('linux/amd64  building 1 layer')
  expect(targetLine(done, 'linux/arm64')).toBe('linux/arm64  already there sha256:ffffffffffff')
})

test('a target whose layer is built waits for it to be sent', () => {
  const sending: Event = { type: 'blob-started', digest: digest('e'), what: 'layer', total: MIB }
  const state = after(PLAN, layer('A', ['linux/amd64']), built('A'), sending)
  expect(targetLine(state, 'linux/amd64')).toBe('linux/amd64  sending')
  expect(targetLine(state, 'linux/arm64')).toBe('linux/arm64')
  const sent: Event = { type: 'blob-done', digest: digest('e'), what: 'layer', size: MIB, status: 'uploaded' }
  expect(targetLine(advanced(state, sent, 0), 'linux/amd64')).toBe('linux/amd64')
})

test('a running layer has a bar, its share, bytes and rate', () => {
  const state = after(PLAN, layer('A', ['linux/amd64']), { type: 'layer-progress', layer: 'A', bytes: 20 * MIB })
  expect(barLines(state, 2000, 96)).toEqual(['build acme/hello@1.0.0 linux/amd64                [====>     ]  50%  20.0/40.0 MiB   10.0 MiB/s'])
})

test('a layer for several targets is one bar, and none when it is built', () => {
  const state = after(PLAN, layer('A', ['linux/amd64', 'linux/arm64']))
  expect(barLines(state, 0, 90)).toEqual(['build acme/hello@1.0.0 (2 targets)          [          ]   0%  0.0/40.0 MiB'])
  expect(barLines(advanced(state, built('A'), 0), 0, 90)).toEqual([])
})

test('an upload that starts anew moves its bar back', () => {
  const started: Event = { type: 'blob-started', digest: digest('a'), what: 'layer acme/hello@1.0.0', total: 10 * MIB }
  const state = after(started, { type: 'blob-progress', digest: digest('a'), bytes: 9 * MIB })
  expect(barLines(state, 0, 90)[0]).toContain('[========> ]  90%  9.0/10.0 MiB')
  expect(barLines(advanced(state, { type: 'blob-progress', digest: digest('a'), bytes: MIB }, 0), 0, 90)[0]).toContain('[>         ]  10%  1.0/10.0 MiB')
})

test('more than its size is no more than all of it, and an empty blob is no division by zero', () => {
  const odd: Event = { type: 'blob-started', digest: digest('a'), what: 'config', total: 0 }
  expect(barLines(after(odd), 1000, 90)[0]).toContain(']   0%  0/0 B')
  const over = after({ ...odd, total: 5 }, { type: 'blob-progress', digest: digest('a'), bytes: 9 })
  expect(barLines(over, 1000, 90)[0]).toContain('[==========] 100%')
})

test('bars beyond the sixth are counted', () => {
  const state = after(...Array.from({ length: 9 }, (_, index) => layer(`L${index}`, ['linux/amd64'])))
  expect(barLines(state, 0, 90)).toHaveLength(7)
  expect(barLines(state, 0, 90).at(-1)).toBe('and 3 more')
})

test('a wait for a retry is told until something moves', () => {
  const retry: Event = { type: 'retry', action: 'put blob', reason: 'HTTP 503', attempt: 1, delayMs: 900 }
  const state = after(retry)
  expect(barLines(state, 0, 90)).toEqual(['waiting to retry: put blob: HTTP 503'])
  expect(barLines(advanced(state, { type: 'blob-started', digest: digest('a'), what: 'x', total: 1 }, 0), 0, 90)).toHaveLength(1)
})

test.each([20, 40, 67, 68, 80, 200])('no line is wider than a terminal of %d columns', (columns) => {
  const long: Event = { type: 'blob-started', digest: digest('a'), what: 'x'.repeat(300), total: 1000 * MIB }
  const state = after(layer('A', ['linux/amd64/with-a-long-name:distribution@22.04']), long, { type: 'retry', action: 'y'.repeat(300), reason: 'z', attempt: 1, delayMs: 1 })
  for (const line of barLines(state, 5000, columns)) expect(line.length).toBeLessThanOrEqual(columns)
})

test('a narrow terminal gets the share and the label alone', () => {
  const state = after(layer('A', ['linux/amd64']), { type: 'layer-progress', layer: 'A', bytes: 10 * MIB })
  expect(barLines(state, 0, 40)).toEqual([' 25% build acme/hello@1.0.0 linux/amd64'])
})

test('the totals count layers and blobs', () => {
  const blob: Event = { type: 'blob-done', digest: digest('a'), what: 'layer', size: 3 * MIB, status: 'uploaded' }
  const there: Event = { type: 'blob-done', digest: digest('b'), what: 'config', size: 100, status: 'present' }
  expect(layersLine(after(PLAN, layer('A', [])))).toBe('built 0 of 2 layers')
  expect(layersLine(after({ ...PLAN, layers: 0 }, blob))).toBe('sending, 1 blob in place, 3.0 MiB sent')
  expect(layersLine(after(PLAN, layer('A', []), built('A'), blob, there))).toBe('built 1 of 2 layers, 2 blobs in place, 3.0 MiB sent')
})

test('the index is named, then has its digest', () => {
  expect(indexLine(after(PLAN))).toBe('a/hello:1')
  expect(indexLine(after(PLAN, { type: 'index-done', digest: digest('c'), status: 'uploaded' }))).toBe('a/hello:1  uploaded sha256:cccccccccccc')
})

test('names from outside are shown without their control characters', () => {
  const state = after({ ...PLAN, name: 'a\u001b[2J' }, layer('A', ['linux\u0007']), { type: 'blob-started', digest: digest('a'), what: '\r', total: 1 })
  expect([indexLine(state), targetLine(state, 'linux\u0007'), ...barLines(state, 0, 120)].join('')).not.toMatch(/\p{Cc}/u)
})

test('what is cut shows that it is', () => {
  expect([cut('abcdefghij', 10), cut('abcdefghijk', 10), cut('abcdefghijk', 0)]).toEqual(['abcdefghij', 'abcdefg...', 'abcde...'])
})

test('a long name is cut in its middle, so that the target and the rate stay in sight', () => {
  const started: Event = { type: 'layer-started', layer: 'A', module: 'paketo-buildpacks/a-very-long-name-of-a-buildpack@10.11.12', targets: ['linux/arm64'], total: 40 * MIB }
  const state = after(started, { type: 'layer-progress', layer: 'A', bytes: 20 * MIB })
  expect(barLines(state, 2000, 96)).toEqual(['build paketo-buildpa...pack@10.11.12 linux/arm64  [====>     ]  50%  20.0/40.0 MiB   10.0 MiB/s'])
  for (const columns of [40, 68, 74, 96, 120]) expect(barLines(state, 2000, columns)[0]).toContain('linux/arm64')
  for (const columns of [74, 96, 120]) expect(barLines(state, 2000, columns)[0]).toMatch(/10\.0 MiB\/s$/u)
})

test('a layer that is looked for in the cache is checked, and built from the start where it is not there', () => {
  const checked = after(PLAN, layer('A', ['linux/amd64']), { type: 'layer-progress', layer: 'A', bytes: 36 * MIB, checking: true })
  expect(barLines(checked, 1000, 96)[0]).toMatch(/^check acme\/hello@1\.0\.0 linux\/amd64 +\[========> \] {2}90%/u)
  const building = advanced(checked, { type: 'layer-progress', layer: 'A', bytes: 4 * MIB }, 3000)
  expect(barLines(building, 4000, 96)[0]).toMatch(/^build acme\/hello@1\.0\.0 linux\/amd64 +\[> {9}\] {2}10% .* 4\.0 MiB\/s$/u)
})
