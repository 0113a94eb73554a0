import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PackagerError } from '../../src/errors.ts'
import { formatTarget, parseTarget } from '../../src/targets/grammar.ts'
import type { Target } from '../../src/targets/target.ts'

function refusal(text: string): string {
  try {
    parseTarget(text)
  } catch (error) {
    if (error instanceof PackagerError && error.code === 'USAGE') return error.message
    throw error
  }
  return 'reads'
}

describe('a target', () => {
  it.each<[string, readonly Target[]]>([
    ['linux/amd64', [{ os: 'linux', arch: 'amd64' }]],
    ['linux/arm64/v8', [{ os: 'linux', arch: 'arm64', variant: 'v8' }]],
    ['freebsd/386/sse2', [{ os: 'freebsd', arch: '386', variant: 'sse2' }]],
    ['linux/amd64:ubuntu@22.04', [{ os: 'linux', arch: 'amd64', distro: { name: 'ubuntu', version: '22.04' } }]],
    [
      'linux/arm/v7:ubuntu@22.04;debian',
      [
        { os: 'linux', arch: 'arm', variant: 'v7', distro: { name: 'ubuntu', version: '22.04' } },
        { os: 'linux', arch: 'arm', variant: 'v7', distro: { name: 'debian' } },
      ],
    ],
    ['windows/amd64:windows@10.0.20348.1970', [{ os: 'windows', arch: 'amd64', distro: { name: 'windows', version: '10.0.20348.1970' } }]],
  ])('is read from %s', (text, expected) => {
    expect(parseTarget(text)).toEqual(expected)
  })

  it.each([
    ['linux', 'got no architecture, want one of 386, amd64, arm, arm64, loong64, mips, mipsle, mips64, mips64le, ppc64, ppc64le, riscv64, s390x'],
    ['linux/x86_64', 'got unknown architecture "x86_64", want one of 386, amd64, arm, arm64, loong64, mips, mipsle, mips64, mips64le, ppc64, ppc64le, riscv64, s390x for linux (did you mean amd64?)'],
    ['windows/armv7', 'got unknown architecture "armv7", want one of 386, amd64, arm, arm64 for windows (did you mean arm/v7?)'],
    ['freebsd/arm64', 'got unknown architecture "arm64", want one of 386, amd64, arm for freebsd'],
    ['lunix/amd64', 'got unknown os "lunix", want one of linux, freebsd, windows (did you mean linux?)'],
    ['Linux/amd64', 'got unknown os "Linux", want one of linux, freebsd, windows (did you mean linux?)'],
    ['beos/amd64', 'got unknown os "beos", want one of linux, freebsd, windows'],
    ['macos/arm64', 'got os "macos", want one that images run on: linux, freebsd, windows'],
    ['darwin/arm64', 'got os "darwin", want one that images run on: linux, freebsd, windows'],
    ['linux/amd64/v9', 'got unknown variant "v9", want one of v1, v2, v3, v4 for amd64'],
    ['linux/s390x/v1', 'got unknown variant "v1", want none for s390x'],
    ['linux/amd64/', 'got an empty variant, want one, or no slash after the architecture'],
    ['linux/arm/v7/x', 'got "x" after the variant, want at most os/arch/variant'],
    ['linux/amd64:', 'got a distribution without name, want a name, and at most one version: name@version'],
    ['linux/amd64:@22.04', 'got version "22.04" without the name of a distribution, want a name, and at most one version: name@version'],
    ['linux/amd64:ubuntu@22.04@24.04', 'got distribution "ubuntu@22.04@24.04", want a name, and at most one version: name@version'],
    ['linux/amd64:ubuntu@22.04:debian@12', 'got distribution "ubuntu@22.04:debian@12", want a name, and at most one version: name@version'],
    ['linux/amd64:../..@1', 'got distribution "../..@1", want a name, and at most one version: name@version'],
    ['', 'got an empty target, want os/arch'],
    ['arm64', 'got an architecture without its os, want os/arch, such as linux/arm64'],
  ])('is refused as %s', (text, expected) => {
    expect(refusal(text)).toBe(`read target "${text}": ${expected}`)
  })

  it('comes with the grammar where it is refused', () => {
    expect(() => parseTarget('x')).toThrow(expect.objectContaining({ hint: expect.stringContaining('os/arch[/variant][:distro[@version][;distro[@version]]...]') }))
  })
})

const word = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,8}$/)
const distro = fc.oneof(fc.record({ name: word, version: word }), fc.record({ name: word }))
const platform = fc.constantFrom<Target>(
  { os: 'linux', arch: 'amd64' },
  { os: 'linux', arch: 'arm', variant: 'v7' },
  { os: 'linux', arch: 'arm64', variant: 'v8' },
  { os: 'linux', arch: 'ppc64le', variant: 'power9' },
  { os: 'windows', arch: 'arm64' },
  { os: 'freebsd', arch: '386' },
)

describe('any target', () => {
  it('is read back from its text', () => {
    const target = fc.tuple(platform, fc.option(distro, { nil: undefined })).map(([base, each]): Target => Object.assign({}, base, each === undefined ? {} : { distro: each }))
    fc.assert(
      fc.property(target, (each) => {
        expect(parseTarget(formatTarget(each))).toEqual([each])
      }),
    )
  })

  it('gives one for each of its distributions, in their order', () => {
    fc.assert(
      fc.property(platform, fc.array(distro, { minLength: 1, maxLength: 4 }), (base, distros) => {
        const text = `${formatTarget(base)}:${distros.map((each) => formatTarget({ ...base, distro: each }).split(':')[1]).join(';')}`
        expect(parseTarget(text)).toEqual(distros.map((each) => Object.assign({ distro: each }, base)))
      }),
    )
  })

  it('is read or refused as a usage error, whatever the text', () => {
    const piece = fc.constantFrom('linux', 'amd64', 'arm', 'v7', '/', ':', ';', '@', 'ubuntu', '22.04', ' ', '.', 'darwin', '')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')), (text) => {
        const said = refusal(text)
        return said === 'reads' ? parseTarget(text).map(formatTarget).every((each) => refusal(each) === 'reads') : said.startsWith(`read target "${text}": got `)
      }),
    )
  })
})
