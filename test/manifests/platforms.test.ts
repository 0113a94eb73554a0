import { describe, expect, test } from 'vitest'
import { collides, matching, parseWanted, platformText, readWanted, withFlags } from '../../src/manifests/platforms.ts'
import type { Descriptor } from '../../src/oci/descriptor.ts'
import { ociManifest } from '../../src/oci/media-types.ts'
import type { Platform } from '../../src/oci/platform.ts'

function platform(text: string): { readonly platform: Platform } {
  const [os = '', architecture = '', variant] = (text.split(':')[0] ?? '').split('/')
  const version = text.split(':')[1]
  return { platform: { os, architecture, ...(variant === undefined ? {} : { variant }), ...(version === undefined ? {} : { 'os.version': version }) } }
}

function chosen(word: string, ...there: readonly string[]): readonly string[] {
  return matching(there.map(platform), parseWanted(word)).map((entry) => platformText(entry.platform))
}

function entry(hex: string, text: string, annotations?: Descriptor['annotations']): Descriptor {
  return { mediaType: ociManifest, size: 1, digest: `sha256:${hex.repeat(64)}`, ...platform(text), ...(annotations === undefined ? {} : { annotations }) }
}

describe('a platform as somebody asks for it', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['linux/amd64', ['linux/amd64', 'linux/arm64'], ['linux/amd64']],
    ['linux/arm64', ['linux/arm64/v8'], ['linux/arm64/v8']],
    ['linux/arm64/v8', ['linux/arm64'], ['linux/arm64']],
    ['linux/arm', ['linux/arm/v6', 'linux/arm/v7'], ['linux/arm/v7']],
    ['linux/arm', ['linux/arm/v6'], ['linux/arm/v6']],
    ['linux/arm/v5', ['linux/arm/v6'], []],
    ['linux/amd64', ['linux/amd64/v2'], ['linux/amd64/v2']],
    ['linux/amd64', ['linux/amd64', 'linux/amd64/v2'], ['linux/amd64']],
    ['windows/amd64', ['windows/amd64:1', 'windows/amd64:2'], ['windows/amd64:1', 'windows/amd64:2']],
    ['windows/amd64:2', ['windows/amd64:1', 'windows/amd64:2'], ['windows/amd64:2']],
    ['linux/arm/v7:1', ['linux/arm/v7:1', 'linux/arm/v7'], ['linux/arm/v7:1']],
  ])('%s of %j is %j', (word, there, wanted) => {
    expect(chosen(word, ...there)).toEqual(wanted)
  })

  test('is none where its words are unknown: it may be the name of an image', () => {
    for (const word of ['acme/bp', 'linux/bp', 'acme/amd64', 'linux', 'host:5000/linux/amd64', 'linux/amd64@sha256:ab', 'linux/amd64/v2/x']) expect(readWanted(word)).toBeUndefined()
    expect(() => parseWanted('linux/quantum')).toThrow('read --platform "linux/quantum": got no platform, want os/arch')
  })
})

describe('words of a platform that flags give', () => {
  const windows: Platform = { os: 'windows', architecture: 'amd64', 'os.version': '10', 'os.features': ['win32k'] }

  test('win over the ones that are there, and take them away where they are empty', () => {
    expect(withFlags(windows, { arch: 'arm64', variant: 'v9' })).toEqual({ ...windows, architecture: 'arm64', variant: 'v9' })
    expect(withFlags(windows, { osVersion: '', osFeatures: [] })).toEqual({ os: 'windows', architecture: 'amd64' })
    expect(withFlags(windows, { osFeatures: ['a', 'b'] })).toEqual({ ...windows, 'os.features': ['a', 'b'] })
  })

  test('make a platform where there is none, and leave what nobody knows', () => {
    expect(withFlags(undefined, { os: 'linux', arch: 's390x' })).toEqual({ os: 'linux', architecture: 's390x' })
    expect(withFlags({ ...windows, more: 1 } as Platform, { arch: '386' })).toMatchObject({ architecture: '386', more: 1 })
    expect(withFlags(undefined, {})).toBeUndefined()
  })
})

describe('two entries of one list', () => {
  test('collide where their platforms are the same', () => {
    expect(collides(entry('a', 'linux/amd64'), entry('b', 'linux/amd64'))).toBe(true)
    expect(collides(entry('a', 'linux/amd64'), entry('b', 'linux/amd64/v2'))).toBe(false)
    expect(collides(entry('a', 'windows/amd64:1'), entry('b', 'windows/amd64:2'))).toBe(false)
  })

  test('do not where they are one image, unknown, unfinished, or attestations', () => {
    expect(collides(entry('a', 'linux/amd64'), entry('a', 'linux/amd64'))).toBe(false)
    expect(collides(entry('a', 'unknown/unknown'), entry('b', 'unknown/unknown'))).toBe(false)
    expect(collides(entry('a', 'linux/'), entry('b', 'linux/'))).toBe(false)
    expect(collides(entry('a', 'linux/amd64'), entry('b', 'linux/amd64', { 'vnd.docker.reference.type': 'attestation-manifest' }))).toBe(false)
  })
})
