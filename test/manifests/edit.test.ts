import { describe, expect, test } from 'vitest'
import { addImages, annotateEntry, noAnnotations, removeEntries } from '../../src/manifests/edit.ts'
import type { Addition } from '../../src/manifests/edit.ts'
import { emptyContent } from '../../src/manifests/local.ts'
import { platformText } from '../../src/manifests/platforms.ts'
import type { Group } from '../../src/manifests/resolve.ts'
import type { Descriptor } from '../../src/oci/descriptor.ts'
import type { Digest } from '../../src/oci/digest.ts'
import type { IndexContent } from '../../src/oci/index-content.ts'
import { ociManifest } from '../../src/oci/media-types.ts'

/** An entry called by one hex digit. */
function entry(name: string, platform: string, about?: string): Descriptor {
  const [os = '', architecture = ''] = platform.split('/')
  const annotations = about === undefined ? {} : { annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest(about) } }
  return { mediaType: ociManifest, size: 1, digest: digest(name), platform: { architecture, os }, ...annotations }
}

function digest(name: string): Digest {
  return `sha256:${name.repeat(64)}`
}

function group(...entries: readonly Descriptor[]): Group {
  return { name: 'image', isIndex: entries.length > 1, there: entries, found: entries.map((one) => ({ entry: one, bytes: Buffer.of(), repository: 'host/app', config: undefined, isImage: true })) }
}

function list(...manifests: readonly Descriptor[]): IndexContent {
  return { ...emptyContent('oci'), manifests }
}

function add(content: IndexContent, groups: readonly Group[], more: Partial<Addition> = {}): readonly string[] {
  return names(addImages(content, { groups, platform: {}, annotations: noAnnotations, replace: false, remedy: '--replace', ...more }).content)
}

/** `a linux/amd64`, in order. */
function names({ manifests }: IndexContent): readonly string[] {
  return manifests.map((one) => `${one.digest.charAt(7)} ${platformText(one.platform)}`)
}

/** Two that are refused. */
function adding(): unknown {
  return add(list(amd, arm), [group(entry('c', 'linux/amd64')), group(entry('d', 'linux/arm64'))])
}

const [amd, arm] = [entry('a', 'linux/amd64'), entry('b', 'linux/arm64')]

describe('images that are added', () => {
  test('come last, in their order', () => {
    expect(add(list(amd), [group(entry('c', 'linux/s390x')), group(arm)])).toEqual(['a linux/amd64', 'c linux/s390x', 'b linux/arm64'])
  })

  test('stay where they are when they are there already, with the words of the flags', () => {
    expect(add(list(amd, arm), [group(amd)], { platform: { variant: 'v2' } })).toEqual(['a linux/amd64/v2', 'b linux/arm64'])
    expect(add(list(), [group(amd), group(arm), group(amd)])).toEqual(['a linux/amd64', 'b linux/arm64'])
  })

  test('are refused where their platform is taken, each with both digests', () => {
    for (const text of [digest('a'), digest('b'), digest('c'), digest('d'), 'linux/amd64', 'linux/arm64']) expect(adding).toThrow(text)
    expect(adding).toThrow(expect.objectContaining({ code: 'PLATFORM_TAKEN', hint: '--replace' }))
  })

  test('take the place of the one with their platform, whose attestations go', () => {
    const content = list(amd, arm, entry('e', 'unknown/unknown', 'a'), entry('f', 'unknown/unknown', 'b'))
    expect(add(content, [group(entry('c', 'linux/amd64'))], { replace: true })).toEqual(['c linux/amd64', 'b linux/arm64', 'f unknown/unknown'])
  })

  test('of one index may share a platform, and are refused beside another', () => {
    const twins = group(entry('c', 'linux/amd64'), entry('d', 'linux/amd64'))
    expect(add(list(arm), [twins])).toEqual(['b linux/arm64', 'c linux/amd64', 'd linux/amd64'])
    expect(() => add(list(amd), [twins])).toThrow('taken by')
    expect(add(list(amd, arm), [twins], { replace: true })).toEqual(['c linux/amd64', 'b linux/arm64', 'd linux/amd64'])
    expect(add(list(...twins.found.map((one) => one.entry)), [group(amd)], { replace: true })).toEqual(['a linux/amd64'])
  })

  test('may be unknown or unfinished any number of times', () => {
    const unknown = [entry('c', 'unknown/unknown'), entry('d', 'unknown/unknown'), entry('e', 'linux/'), entry('f', 'linux/')]
    expect(add(list(), unknown.map((one) => group(one)))).toHaveLength(4)
  })

  test('get the words of the flags if there is one of them, beside its attestations', () => {
    const index = group(amd, entry('e', 'unknown/unknown', 'a'))
    expect(add(list(), [index], { platform: { os: 'windows' } })).toEqual(['a windows/amd64', 'e unknown/unknown'])
    expect(() => add(list(), [group(amd), group(arm)], { platform: { os: 'windows' } })).toThrow('read platform flags: got 2 images: linux/amd64, linux/arm64')
  })

  test('get annotations, of which nothing stays on the index', () => {
    const annotations = { ...noAnnotations, entry: { k: 'v' }, index: { made: 'here' } }
    const { content } = addImages(list(), { groups: [group(amd, entry('e', 'unknown/unknown', 'a'))], platform: {}, annotations, replace: false, remedy: '' })
    expect(content.annotations).toEqual({ made: 'here' })
    expect(content.manifests.map((one) => one.annotations?.['k'])).toEqual(['v', undefined])
  })
})

describe('an entry that is annotated', () => {
  const change = { platform: {}, annotations: noAnnotations }

  test('does not move, and the others are as they were', () => {
    const content = list(amd, arm)
    const edited = annotateEntry(content, amd.digest, { ...change, platform: { variant: 'v3' } })
    expect(names(edited.content)).toEqual(['a linux/amd64/v3', 'b linux/arm64'])
    expect(edited.content.manifests[1]).toBe(arm)
    expect(edited.touched).toEqual([{ digest: amd.digest, platform: 'linux/amd64/v3' }])
  })

  test('loses the annotations that are named, and keeps what nobody knows', () => {
    const foreign = { ...amd, annotations: { a: '1', b: '2' }, data: 'e30=' }
    const { content } = annotateEntry(list(foreign), amd.digest, { ...change, annotations: { ...noAnnotations, entry: { c: '3' }, removeEntry: ['a', 'z'] } })
    expect(content.manifests).toEqual([{ ...amd, annotations: { b: '2', c: '3' }, data: 'e30=' }])
    expect(annotateEntry(content, amd.digest, { ...change, annotations: { ...noAnnotations, removeEntry: ['b', 'c'] } }).content.manifests).toEqual([{ ...amd, data: 'e30=' }])
  })

  test('cannot take the platform of another one, but may keep one that it shares', () => {
    expect(() => annotateEntry(list(amd, arm), amd.digest, { ...change, platform: { arch: 'arm64' } })).toThrow(`taken by ${arm.digest}`)
    const twins = list(amd, entry('c', 'linux/amd64'))
    expect(annotateEntry(twins, amd.digest, { ...change, annotations: { ...noAnnotations, entry: { k: 'v' } } }).content.manifests[0]?.annotations).toEqual({ k: 'v' })
  })

  test('is none where only the list is', () => {
    const edited = annotateEntry({ ...list(amd), annotations: { a: '1' } }, undefined, { ...change, annotations: { ...noAnnotations, index: { b: '2' }, removeIndex: ['a'] } })
    expect(edited).toEqual({ content: { ...list(amd), annotations: { b: '2' } }, touched: [] })
  })
})

describe('entries that are removed', () => {
  const content = list(amd, entry('e', 'unknown/unknown', 'a'), arm, entry('f', 'unknown/unknown', 'b'))

  test('go with their attestations, and are told in order', () => {
    const { content: left, touched } = removeEntries(content, [amd.digest], false)
    expect(names(left)).toEqual(['b linux/arm64', 'f unknown/unknown'])
    expect(touched.map((one) => one.digest)).toEqual([digest('a'), digest('e')])
  })

  test('leave their attestations where those are to stay', () => {
    expect(names(removeEntries(content, [amd.digest], true).content)).toEqual(['e unknown/unknown', 'b linux/arm64', 'f unknown/unknown'])
  })

  test('are all there, or all that are not are told', () => {
    expect(() => removeEntries(content, [amd.digest, digest('0'), digest('1')], false)).toThrow(new RegExp(`${digest('0')}[^]*${digest('1')}`))
    expect(() => removeEntries(content, [digest('0')], false)).toThrow(expect.objectContaining({ code: 'ENTRY_NOT_FOUND', hint: expect.stringContaining(`${arm.digest} (linux/arm64)`) as string }))
  })
})
