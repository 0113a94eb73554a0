import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTarget, parseTarget } from '../../src/targets/grammar.ts'
import { platformOf, targetSuffix } from '../../src/targets/platform.ts'
import type { PlatformRoot } from '../../src/targets/root.ts'
import { platformRoot } from '../../src/targets/root.ts'
import type { Target } from '../../src/targets/target.ts'

function target(text: string): Target {
  const [first] = parseTarget(text)
  if (first === undefined) throw new Error(text)
  return first
}

function root(text: string, folders: readonly string[], path?: string): PlatformRoot {
  return platformRoot({ ...target(text), ...(path === undefined ? {} : { path }) }, (folder) => folders.includes(folder), false)
}

describe('the folder of a target', () => {
  const full = ['linux', 'linux/arm', 'linux/arm/v7', 'linux/arm/v7/ubuntu@22.04']

  it('is the deepest that is there for all the target names', () => {
    expect(root('linux/arm/v7:ubuntu@22.04', full)).toEqual({ root: 'linux/arm/v7/ubuntu@22.04', complete: true, lookedAt: full })
    expect(root('linux/arm', full)).toEqual({ root: 'linux/arm', complete: true, lookedAt: ['linux', 'linux/arm'] })
  })

  it('skips what the target does not have', () => {
    expect(root('linux/amd64:debian@12', ['linux', 'linux/amd64', 'linux/amd64/debian@12']).root).toBe('linux/amd64/debian@12')
    expect(root('linux/amd64:debian', ['linux', 'linux/amd64'])).toMatchObject({ root: 'linux/amd64', complete: true })
  })

  it('is where the walk stops early if there is a bin', () => {
    expect(root('linux/arm64', ['linux', 'linux/bin'])).toEqual({ root: 'linux', complete: false, lookedAt: ['linux', 'linux/arm64'] })
    expect(root('linux/arm/v7', ['linux', 'linux/arm', 'linux/arm/bin'])).toMatchObject({ root: 'linux/arm', complete: false })
  })

  it('is the buildpack folder if there is none', () => {
    expect(root('linux/arm64', ['linux', 'linux/amd64', 'bin'])).toEqual({ root: '.', complete: false, lookedAt: ['linux', 'linux/arm64'] })
    expect(root('linux/arm/v7', ['linux', 'linux/arm', 'linux/bin'])).toMatchObject({ root: '.', complete: false })
    expect(root('windows/amd64', ['bin', 'linux'])).toEqual({ root: '.', complete: false, lookedAt: ['windows'] })
  })

  it('is the buildpack folder of a composite', () => {
    expect(platformRoot(target('linux/arm'), () => true, true)).toEqual({ root: '.', complete: true, lookedAt: [] })
  })

  it.each([
    ['build/x', 'build/x'],
    ['./build//x/', 'build/x'],
    ['.', '.'],
  ])('is the one that targets.path names: %s', (path, expected) => {
    expect(root('linux/arm', [...full, 'build/x'], path)).toEqual({ root: expected, complete: true, lookedAt: [expected] })
  })

  it.each([
    ['missing', 'got no folder, want a folder inside the buildpack folder'],
    ['/etc', 'got an absolute path, want one relative to the buildpack folder'],
    ['C:\\x', 'got an absolute path, want one relative to the buildpack folder'],
    ['a/../../b', 'got a path with "..", want a folder inside the buildpack folder'],
  ])('is refused as %s', (path, expected) => {
    expect(() => root('linux/arm', full, path)).toThrow(`find the folder of target linux/arm: targets.path "${path}": ${expected}`)
  })

  it('is missed with the place where it is named', () => {
    const pathAt = { file: 'buildpack.toml', line: 7, column: 1, key: 'targets[0].path' }
    expect(() => platformRoot({ os: 'linux', arch: 'arm', path: 'x', pathAt }, () => false, false)).toThrow(
      expect.objectContaining({ code: 'CONFIG', problems: [{ ...pathAt, message: '"x" is no folder, must be a folder inside the buildpack folder' }] }),
    )
  })

  it('is one of the folders looked at, or the buildpack folder', () => {
    const names = ['linux', 'linux/arm', 'linux/arm/v7', 'linux/arm/v7/a@1', 'linux/bin', 'linux/arm/bin', 'bin', 'linux/arm/a@1']
    fc.assert(
      fc.property(fc.subarray(names), fc.constantFrom('linux/arm', 'linux/arm/v7', 'linux/arm/v7:a@1', 'linux/arm:a@1'), (folders, text) => {
        const found = root(text, folders)
        expect(found.root === '.' || (folders.includes(found.root) && found.lookedAt.includes(found.root))).toBe(true)
        expect(found.complete).toBe(found.lookedAt.every((folder) => folders.includes(folder)))
        if (found.complete) expect(found.root).toBe(text.replace(':', '/'))
      }),
    )
  })
})

describe('the platform of a target', () => {
  it('has the version of its distribution', () => {
    expect(platformOf(target('linux/arm64/v8:ubuntu@22.04'))).toEqual({ architecture: 'arm64', os: 'linux', variant: 'v8', 'os.version': '22.04' })
    expect(platformOf(target('linux/amd64:ubuntu'))).toEqual({ architecture: 'amd64', os: 'linux' })
  })
})

describe('the suffix of a target', () => {
  it.each([
    ['linux/amd64', 'linux-amd64'],
    ['linux/arm/v7', 'linux-arm-v7'],
    ['linux/amd64:ubuntu@22.04', 'linux-amd64-ubuntu-22.04'],
    ['linux/amd64:debian', 'linux-amd64-debian'],
    ['linux/amd64:a+b@1~2', 'linux-amd64-a-b-1-2'],
  ])('of %s is %s', (text, expected) => {
    expect(formatTarget(target(text))).toBe(text)
    expect(targetSuffix(target(text))).toBe(expected)
  })
})
