import { expect, test } from 'vitest'
import type { ImageConfigInput } from '../../src/oci/image-config.ts'
import { encodeImageConfig } from '../../src/oci/image-config.ts'
import { digestOf } from '../../src/oci/digest.ts'

const diffIDs = ['one', 'two'].map((text) => digestOf(Buffer.from(text)))
const input: ImageConfigInput = { platform: { os: 'linux', architecture: 'amd64' }, created: '1980-01-01T00:00:01Z', labels: {}, diffIDs: [] }

function text(rest: Partial<ImageConfigInput> = {}): string {
  return Buffer.from(encodeImageConfig({ ...input, ...rest }).bytes).toString('utf8')
}

test('a config is the worked example of its doc comment', () => {
  const [first = digestOf(Buffer.from(''))] = diffIDs
  expect(text({ labels: { a: '1' }, diffIDs: [first] })).toBe(
    `{"architecture":"amd64","os":"linux","created":"1980-01-01T00:00:01Z","config":{"Labels":{"a":"1"}},"rootfs":{"type":"layers","diff_ids":["${first}"]},"history":[{"created":"1980-01-01T00:00:01Z"}]}`,
  )
})

test('a config has a line of history for each layer, with the time and nothing else', () => {
  const { history, rootfs } = JSON.parse(text({ diffIDs, created: '2023-11-14T22:13:20Z' })) as { history: unknown; rootfs: unknown }
  expect(history).toEqual([{ created: '2023-11-14T22:13:20Z' }, { created: '2023-11-14T22:13:20Z' }])
  expect(rootfs).toEqual({ type: 'layers', diff_ids: diffIDs })
})

test('a config has of its platform what there is, in one order', () => {
  expect(text({ platform: { variant: 'v8', 'os.version': '24.04', 'os.features': ['f'], os: 'linux', architecture: 'arm64' } })).toMatch(
    /^\{"architecture":"arm64","os":"linux","os\.version":"24\.04","os\.features":\["f"\],"variant":"v8","created"/,
  )
  expect(text({ platform: { os: 'linux', architecture: 'arm64', variant: '', 'os.version': '', 'os.features': [] } })).toMatch(/^\{"architecture":"arm64","os":"linux","created"/)
})

test('labels are sorted by their bytes', () => {
  expect(text({ labels: { b: '1', 'ä': '2', B: '3', a: '4' } })).toContain('"Labels":{"B":"3","a":"4","b":"1","ä":"2"}')
  expect(text({ labels: { b: '1', a: '2' } })).toBe(text({ labels: { a: '2', b: '1' } }))
})
