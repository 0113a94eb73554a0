import { expect, test } from 'vitest'
import { resultLine, summaryLine } from '../../src/cli/print.ts'
import { NOTHING } from '../../src/cli/progress/tally.ts'
import type { RunResult } from '../../src/publish/options.ts'
import { RESULT, digest } from './support/screen.ts'

const LAYOUT: RunResult = { ...RESULT, destination: 'layout', path: '/here/hello-1.0.0.oci' }

test('a publish prints repository and digest, without the tag', () => {
  expect(resultLine(RESULT)).toBe(`registry.example/hello@${digest('a')}`)
})

test('a layout prints its path', () => {
  expect(resultLine(LAYOUT)).toBe('/here/hello-1.0.0.oci')
})

test('the summary of a layout has its digest, and a path from the current folder', () => {
  expect(summaryLine(LAYOUT, NOTHING, '/here')).toBe(`wrote ./hello-1.0.0.oci (index ${digest('a')}, 2 images)`)
  expect(summaryLine(LAYOUT, NOTHING, '/elsewhere')).toBe(`wrote /here/hello-1.0.0.oci (index ${digest('a')}, 2 images)`)
})

test('one image is not called an index', () => {
  const one = { ...LAYOUT, mediaType: 'application/vnd.oci.image.manifest.v1+json', images: RESULT.images.slice(0, 1) }
  expect(summaryLine(one, NOTHING, '/here')).toBe(`wrote ./hello-1.0.0.oci (image ${digest('a')})`)
})

test('an index that got one more image is not called an image', () => {
  expect(summaryLine({ ...RESULT, images: RESULT.images.slice(0, 1) }, NOTHING, '/here')).toContain(`(index ${digest('a')})`)
})

test('the summary of a publish counts what was sent', () => {
  const tally = { uploaded: 3, mounted: 1, present: 2, uploadedBytes: 5_000_000, changed: 9 }
  expect(summaryLine(RESULT, tally, '/here')).toBe(
    `published registry.example/hello:1.0.0 (index ${digest('a')}, 2 images): 3 blobs uploaded (4.8 MiB), 1 mounted, 2 there already`,
  )
})

test('a second run with nothing changed says so', () => {
  expect(summaryLine(RESULT, { ...NOTHING, present: 4 }, '/here')).toMatch(/: nothing sent, the registry had all of it$/u)
})

test('several tags are counted', () => {
  expect(summaryLine({ ...RESULT, tags: ['a', 'b'] }, NOTHING, '/here')).toContain('2 images, 2 tags)')
})
