import { describe, expect, test } from 'vitest'
import type { Platform } from '../../src/oci/platform.ts'
import { formatPlatform, samePlatform } from '../../src/oci/platform.ts'

const arm: Platform = { os: 'linux', architecture: 'arm64' }

describe('a platform reads', () => {
  test.each<[Platform, string]>([
    [arm, 'linux/arm64'],
    [{ ...arm, variant: 'v8' }, 'linux/arm64/v8'],
    [{ ...arm, variant: '' }, 'linux/arm64'],
    [{ ...arm, 'os.version': '' }, 'linux/arm64'],
    [{ ...arm, 'os.version': '24.04' }, 'linux/arm64:24.04'],
    [{ os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1' }, 'windows/amd64:10.0.17763.1'],
  ])('%j as %s', (platform, text) => {
    expect(formatPlatform(platform)).toBe(text)
  })
})

describe('two platforms', () => {
  test('are the same where all parts are, an empty one being none', () => {
    expect(samePlatform(arm, { architecture: 'arm64', os: 'linux' })).toBe(true)
    expect(samePlatform(arm, { ...arm, variant: '', 'os.version': '', 'os.features': [] })).toBe(true)
    expect(samePlatform({ ...arm, 'os.features': ['a', 'b'] }, { ...arm, 'os.features': ['b', 'a'] })).toBe(true)
  })

  test.each<[string, Partial<Platform>]>([
    ['os', { os: 'freebsd' }],
    ['architecture', { architecture: 'arm' }],
    ['variant', { variant: 'v8' }],
    ['os.version', { 'os.version': '1' }],
    ['os.features', { 'os.features': ['win32k'] }],
  ])('differ by their %s', (_, other) => {
    expect(samePlatform(arm, { ...arm, ...other })).toBe(false)
  })
})
