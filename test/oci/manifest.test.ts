import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { Descriptor } from '../../src/oci/descriptor.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { encodeIndex, encodeManifest } from '../../src/oci/manifest.ts'
import { ociConfig, ociIndex, ociLayerGzip, ociManifest } from '../../src/oci/media-types.ts'

const digest = digestOf(Buffer.from('{}'))
const child: Descriptor = { mediaType: ociManifest, size: 2, digest, platform: { architecture: 'amd64', os: 'linux' } }

function text({ bytes }: { readonly bytes: Uint8Array }): string {
  return Buffer.from(bytes).toString('utf8')
}

describe('an image manifest', () => {
  const config: Descriptor = { mediaType: ociConfig, size: 2, digest }
  const layer: Descriptor = { mediaType: ociLayerGzip, size: 3, digest }

  test('is compact JSON: its own type, config, layers', () => {
    expect(text(encodeManifest(config, [layer]))).toBe(
      `{"schemaVersion":2,"mediaType":"${ociManifest}","config":{"mediaType":"${ociConfig}","size":2,"digest":"${digest}"},"layers":[{"mediaType":"${ociLayerGzip}","size":3,"digest":"${digest}"}]}`,
    )
  })

  test('has annotations last and sorted, and none where there are none', () => {
    expect(text(encodeManifest(config, [], { b: '2', a: '1' }))).toMatch(/"layers":\[\],"annotations":\{"a":"1","b":"2"\}\}$/)
    expect(text(encodeManifest(config, [], {}))).not.toContain('annotations')
  })

  test('has the size and digest of its bytes, and can be read again', async () => {
    const blob = encodeManifest(config, [layer], { 'grüße': '日本' })
    expect(blob.descriptor).toEqual({ mediaType: ociManifest, size: Buffer.byteLength(text(blob)), digest: digestOf(Buffer.from(text(blob))) })
    for (const start of [0, 10]) expect((await buffer(await blob.open(start))).toString()).toBe(Buffer.from(text(blob)).subarray(start).toString())
  })
})

describe('an index', () => {
  test('is the worked example of its doc comment', () => {
    expect(text(encodeIndex([child]))).toBe(
      `{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[{"mediaType":"${ociManifest}","size":2,"digest":"${digest}","platform":{"architecture":"amd64","os":"linux"}}]}`,
    )
  })

  test('writes a platform in one order, whatever order it came in, and nothing that is empty', () => {
    const full: Descriptor = { ...child, platform: { variant: 'v8', os: 'linux', 'os.features': ['b', 'a'], architecture: 'arm64', 'os.version': '24.04' } }
    expect(text(encodeIndex([full]))).toContain('"platform":{"architecture":"arm64","os":"linux","os.version":"24.04","os.features":["b","a"],"variant":"v8"}')
    const empty: Descriptor = { ...child, platform: { os: 'linux', architecture: 'arm64', variant: '', 'os.version': '', 'os.features': [] } }
    expect(text(encodeIndex([empty]))).toContain('"platform":{"architecture":"arm64","os":"linux"}')
  })

  test('is equal for equal content, whatever order keys came in', () => {
    const one = encodeIndex([{ ...child, annotations: { x: '1', y: '2' } }], { p: '1', q: '2' })
    const two = encodeIndex([{ annotations: { y: '2', x: '1' }, platform: { os: 'linux', architecture: 'amd64' }, digest, size: 2, mediaType: ociManifest }], { q: '2', p: '1' })
    expect(one.descriptor.digest).toBe(two.descriptor.digest)
  })

  test('keeps the order of its children, and what each of them says of itself', () => {
    const typed: Descriptor = { ...child, artifactType: 'application/vnd.example', annotations: { a: 'b' } }
    expect(text(encodeIndex([typed, child]))).toContain('"platform":{"architecture":"amd64","os":"linux"},"artifactType":"application/vnd.example","annotations":{"a":"b"}},{"mediaType"')
  })

  test('may be empty', () => {
    expect(text(encodeIndex([]))).toBe(`{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[]}`)
  })
})
