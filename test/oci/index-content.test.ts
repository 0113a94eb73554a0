import { array, assert, dictionary, option, property, record, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeContent, readIndexContent } from '../../src/oci/index-content.ts'
import { dockerIndex, ociIndex, ociManifest } from '../../src/oci/media-types.ts'

const digest = `sha256:${'a'.repeat(64)}`
const entry = { mediaType: ociManifest, size: 2, digest }

function read(value: unknown, told = ociIndex): ReturnType<typeof readIndexContent> {
  return readIndexContent(Buffer.from(JSON.stringify(value)), told)
}

describe('an index that is read and written again', () => {
  test('has its keys in one order, and what nobody knows behind them', () => {
    const platform = { features: ['sse4'], variant: 'v8', os: 'linux', 'os.features': ['a'], architecture: 'arm64', 'os.version': '1', seen: true }
    const foreign = { annotations: { b: '2', a: '1' }, subject: { x: 1 }, manifests: [{ data: 'e30=', annotations: { z: '', y: '' }, artifactType: 't', platform, ...entry }], schemaVersion: 2 }
    expect(Buffer.from(encodeContent(read(foreign)).bytes).toString('utf8')).toBe(
      `{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[{"mediaType":"${ociManifest}","size":2,"digest":"${digest}",` +
        '"platform":{"architecture":"arm64","os":"linux","os.version":"1","os.features":["a"],"variant":"v8","features":["sse4"],"seen":true},' +
        '"artifactType":"t","annotations":{"y":"","z":""},"data":"e30="}],"annotations":{"a":"1","b":"2"},"subject":{"x":1}}',
    )
  })

  test('leaves out what is empty: words, platforms, maps', () => {
    const bare = { schemaVersion: 2, manifests: [{ ...entry, platform: { architecture: '', os: 'linux', 'os.features': [] }, annotations: {} }, { ...entry, platform: { architecture: '', os: '' } }], annotations: {} }
    const { manifests, ...rest } = JSON.parse(Buffer.from(encodeContent(read(bare)).bytes).toString('utf8')) as { manifests: unknown }
    expect(rest).toEqual({ schemaVersion: 2, mediaType: ociIndex })
    expect(manifests).toEqual([{ ...entry, platform: { os: 'linux' } }, entry])
  })

  test('is the same after any number of times', () => {
    const words = string({ maxLength: 5 })
    const entries = array(record({ platform: option(record({ os: words, architecture: words, variant: words }), { nil: undefined }), annotations: option(dictionary(words, words), { nil: undefined }) }))
    assert(
      property(entries, dictionary(words, words), (list, annotations) => {
        const once = encodeContent(read({ manifests: list.map((one) => ({ ...entry, ...one })), annotations }))
        expect(encodeContent(readIndexContent(once.bytes, ociIndex)).descriptor).toEqual(once.descriptor)
      }),
    )
  })

  test('has its own media type, else the one that it was served as', () => {
    expect(read({ mediaType: dockerIndex, manifests: [] }).mediaType).toBe(dockerIndex)
    expect(read({ manifests: [] }, dockerIndex).mediaType).toBe(dockerIndex)
    expect(read({ manifests: [] }, 'text/plain').mediaType).toBe(ociIndex)
  })
})

test.each([
  ['JSON', '{', /JSON/],
  ['a list', '[]', /list of manifests/],
  ['no manifests', '{"schemaVersion":2}', /list of manifests/],
  ['an image', `{"mediaType":"${ociManifest}","manifests":[]}`, /media type/],
  ['a number for an entry', '{"manifests":[1]}', /entry 1 without/],
  ['a digest of another kind', '{"manifests":[{"mediaType":"a","digest":"sha512:ab","size":1}]}', /sha256/],
  ['a negative size', JSON.stringify({ manifests: [{ ...entry, size: -1 }] }), /size/],
  ['a platform of numbers', JSON.stringify({ manifests: [entry, { ...entry, platform: { os: 1 } }] }), /entry 2 with a platform/],
  ['features that are no list', JSON.stringify({ manifests: [{ ...entry, platform: { os: 'linux', 'os.features': 'a' } }] }), /features/],
  ['annotations of numbers', JSON.stringify({ manifests: [{ ...entry, annotations: { a: 1 } }] }), /annotations/],
])('%s in place of an index is told', (_, text, message) => {
  expect(() => readIndexContent(Buffer.from(text), ociIndex)).toThrow(message)
})
