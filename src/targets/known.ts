import { nearest } from '../config/suggest.ts'
import type { Target } from './target.ts'

/** Go's ports (SPEC-package.md section 2), with the architectures of those that images run on; macos is darwin to most. */
const ports: ReadonlyMap<string, readonly string[]> = new Map([
  ['linux', ['386', 'amd64', 'arm', 'arm64', 'loong64', 'mips', 'mipsle', 'mips64', 'mips64le', 'ppc64', 'ppc64le', 'riscv64', 's390x']],
  ['windows', ['386', 'amd64', 'arm', 'arm64']],
  ['freebsd', ['386', 'amd64', 'arm']],
  ...['aix', 'android', 'darwin', 'macos', 'dragonfly', 'illumos', 'ios', 'js', 'netbsd', 'openbsd', 'plan9', 'solaris', 'wasip1'].map(
    (os): [string, readonly string[]] => [os, []],
  ),
])

/** What an image can be for; the other ports are known and refused as such. */
const imageSystems = ['linux', 'freebsd', 'windows']

const variants: ReadonlyMap<string, readonly string[]> = new Map([
  ['386', ['softfloat', 'sse2']],
  ['amd64', ['v1', 'v2', 'v3', 'v4']],
  ['arm', ['v5', 'v6', 'v7']],
  ['arm64', ['v8']],
  ...['mips', 'mipsle', 'mips64', 'mips64le'].map((arch): [string, readonly string[]] => [arch, ['hardfloat', 'softfloat']]),
  ...['ppc64', 'ppc64le'].map((arch): [string, readonly string[]] => [arch, ['power8', 'power9']]),
])

/** What others call these: uname, Rust, Node, Debian. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['x64', 'amd64'],
  ['x86', '386'],
  ['i386', '386'],
  ['i686', '386'],
  ['ia32', '386'],
  ['aarch64', 'arm64'],
  ['armhf', 'arm/v7'],
  ['armv5', 'arm/v5'],
  ['armv6', 'arm/v6'],
  ['armv6l', 'arm/v6'],
  ['armv7', 'arm/v7'],
  ['armv7l', 'arm/v7'],
  ['armv8', 'arm64'],
  ['loongarch64', 'loong64'],
  ['powerpc64le', 'ppc64le'],
  ['riscv', 'riscv64'],
  ['s390', 's390x'],
  ['win32', 'windows'],
  ['win', 'windows'],
])

/** Whether a word is an architecture, and so no os. */
export function isArchitecture(word: string): boolean {
  return ports.get('linux')?.includes(word) === true
}

/** One thing about a target that no image can be made for. `key` is the TOML key it is about. */
export interface TargetFault {
  readonly key: 'os' | 'arch' | 'variant' | 'distros'
  readonly found: string
  readonly wanted: string
}

/**
 * Everything about a target that is unknown or missing; nothing where an image can be made for it. Checks flags and
 * files alike. `checkTarget({ os: 'linux', arch: 'quantum' })` finds `architecture "quantum"`, wanted one of linux's.
 */
export function checkTarget({ os, arch, variant, distro }: Target): readonly TargetFault[] {
  return [...checkOs(os), ...checkArch(os, arch), ...checkVariant(arch, variant), ...checkDistro(distro)]
}

function checkOs(os: string): readonly TargetFault[] {
  if (imageSystems.includes(os)) return []
  const known = imageSystems.join(', ')
  if (os === '') return [{ key: 'os', found: 'no os', wanted: `one of ${known}` }]
  if (ports.has(os)) return [{ key: 'os', found: `os "${os}"`, wanted: `one that images run on: ${known}` }]
  return [{ key: 'os', found: `unknown os "${os}"`, wanted: `one of ${known}${didYouMean(os, imageSystems)}` }]
}

function checkArch(os: string, arch: string): readonly TargetFault[] {
  const known = ports.get(os) ?? []
  if (arch === '') return [{ key: 'arch', found: 'no architecture', wanted: known.length === 0 ? 'one such as amd64' : `one of ${known.join(', ')}` }]
  if (known.length === 0 || known.includes(arch)) return []
  return [{ key: 'arch', found: `unknown architecture "${arch}"`, wanted: `one of ${known.join(', ')} for ${os}${didYouMean(arch, known)}` }]
}

function checkVariant(arch: string, variant: string | undefined): readonly TargetFault[] {
  const known = variants.get(arch) ?? []
  if (variant === undefined || variant === '' || known.includes(variant)) return []
  const wanted = known.length === 0 ? 'none' : `one of ${known.join(', ')}`
  return [{ key: 'variant', found: `unknown variant "${variant}"`, wanted: `${wanted} for ${arch}` }]
}

/** A name or version becomes part of a folder's name, of a tag and of the text form, so it is one plain word. */
function checkDistro(distro: Target['distro']): readonly TargetFault[] {
  if (distro === undefined) return []
  const { name, version = '' } = distro
  const wanted = 'a name, and at most one version: name@version'
  if (name === '') {
    const found = version === '' ? 'a distribution without name' : `version "${version}" without the name of a distribution`
    return [{ key: 'distros', found, wanted }]
  }
  if (/[\s/\\:;,@]|^\.+$/.test(name) || /[\s/\\:;,@]|^\.+$/.test(version)) {
    return [{ key: 'distros', found: `distribution "${name}${version === '' ? '' : `@${version}`}"`, wanted }]
  }
  return []
}

function didYouMean(word: string, known: readonly string[]): string {
  const meant = otherNames.get(word.toLowerCase()) ?? nearest(word, known)
  return meant === undefined ? '' : ` (did you mean ${meant}?)`
}
