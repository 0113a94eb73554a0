import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBuildpackToml } from '../../src/config/module-reader.ts'
import type { TargetDeclaration } from '../../src/config/buildpack.ts'
import { formatProblem, PackagerError } from '../../src/errors.ts'
import { formatTarget } from '../../src/targets/grammar.ts'
import type { ResolvedTargets, TargetSources } from '../../src/targets/resolve.ts'
import { resolveTargets } from '../../src/targets/resolve.ts'

/** The targets of a buildpack.toml with these lines, which begin on line 4. */
function declared(...lines: readonly string[]): readonly TargetDeclaration[] {
  return readBuildpackToml(['[buildpack]', 'id = "a"', 'version = "1"', ...lines].join('\n'), 'buildpack.toml').value?.targets ?? []
}

const amd64 = declared('[[targets]]', 'os = "linux"', 'arch = "amd64"')
const arm64 = declared('[[targets]]', 'os = "linux"', 'arch = "arm64"')

function resolve(sources: Partial<TargetSources>): ResolvedTargets {
  return resolveTargets({
    flags: [],
    moduleTargets: [],
    moduleFile: 'buildpack.toml',
    packageTargets: [],
    isComposite: false,
    platformOs: undefined,
    hostArch: 'amd64',
    ...sources,
  })
}

function texts(sources: Partial<TargetSources>): readonly string[] {
  return resolve(sources).targets.map(formatTarget)
}

function refusal(sources: Partial<TargetSources>): PackagerError {
  try {
    resolve(sources)
  } catch (error) {
    if (error instanceof PackagerError) return error
    throw error
  }
  throw new Error('resolved')
}

describe('which targets are built', () => {
  it('is for flags to say first', () => {
    const resolved = resolve({ flags: ['linux/s390x'], moduleTargets: [...amd64, ...arm64] })
    expect(resolved).toEqual({ origin: 'flags', targets: [{ os: 'linux', arch: 's390x' }], warnings: [] })
    expect(texts({ flags: ['linux/amd64,linux/arm64', ' linux/arm/v7 '] })).toEqual(['linux/amd64', 'linux/arm64', 'linux/arm/v7'])
  })

  it('is for package.toml to say for a composite', () => {
    expect(resolve({ packageTargets: arm64, isComposite: true })).toEqual({ origin: 'package.toml', targets: [{ os: 'linux', arch: 'arm64' }], warnings: [] })
  })

  it('is for the module to say for a component, and package.toml is told of in vain', () => {
    const resolved = resolve({ moduleTargets: amd64, packageTargets: arm64 })
    expect(resolved).toMatchObject({ origin: 'buildpack.toml', targets: [{ os: 'linux', arch: 'amd64' }] })
    expect(resolved.warnings.map(({ message }) => message)).toEqual(['[[targets]] of package.toml are not used: only a composite takes its targets from there'])
  })

  it('is the host where nothing says, with a warning that names the remedy', () => {
    const resolved = resolve({ hostArch: 'arm64', moduleFile: 'extension.toml' })
    expect(resolved).toEqual({
      origin: 'host',
      targets: [{ os: 'linux', arch: 'arm64' }],
      warnings: [
        {
          message: "nothing names a target: building linux/arm64, this host's architecture",
          hint: 'declare [[targets]] with os and arch in extension.toml, or name one with --target',
        },
      ],
    })
    expect(resolve({ isComposite: true }).warnings[0]?.hint).toContain('in package.toml')
  })

  it('takes platform.os for the host alone', () => {
    const resolved = resolve({ platformOs: 'windows', hostArch: 'arm64' })
    expect(resolved.targets).toEqual([{ os: 'windows', arch: 'arm64' }])
    expect(resolved.warnings[0]).toEqual({ message: 'platform.os of package.toml is deprecated', hint: 'declare [[targets]] in buildpack.toml in its place' })
  })

  it('warns where platform.os says otherwise than a flag or a file', () => {
    expect(resolve({ platformOs: 'windows', flags: ['linux/amd64'] }).warnings).toEqual([
      { message: 'platform.os of package.toml is not used: --target names the os, and says "windows" where the target is linux/amd64', hint: 'remove [platform]' },
    ])
    expect(resolve({ platformOs: 'linux', moduleTargets: amd64 }).warnings).toEqual([
      { message: 'platform.os of package.toml is not used: [[targets]] names the os', hint: 'remove [platform]' },
    ])
  })

  it('expands distributions in place, then counts equal ones once', () => {
    const lines = ['[[targets.distros]]', 'name = "ubuntu"', 'version = "22.04"', '[[targets.distros]]', 'name = "debian"', 'version = "12"']
    const target = ['[[targets]]', 'os = "linux"', 'arch = "amd64"']
    expect(texts({ moduleTargets: declared(...target, ...lines, '[[targets]]', 'os = "linux"', 'arch = "arm64"', ...target, ...lines.slice(0, 3)) })).toEqual([
      'linux/amd64:ubuntu@22.04',
      'linux/amd64:debian@12',
      'linux/arm64',
    ])
    expect(texts({ flags: ['linux/arm64', 'linux/amd64', 'linux/arm64'] })).toEqual(['linux/arm64', 'linux/amd64'])
  })

  it('keeps the folder that a declared target names, also where a flag chooses it', () => {
    const moduleTargets = declared('[[targets]]', 'os = "linux"', 'arch = "amd64"', 'path = "a"', '[[targets]]', 'os = "linux"', 'arch = "amd64"', 'path = "b"', '[[targets.distros]]', 'name = "ubuntu"', 'version = "22.04"')
    expect(resolve({ moduleTargets }).targets.map(({ path }) => path)).toEqual(['a', 'b'])
    expect(resolve({ moduleTargets, flags: ['linux/amd64:ubuntu@22.04', 'linux/amd64:alpine@3', 'linux/arm64'] }).targets.map(({ path }) => path)).toEqual(['b', 'a', undefined])
  })

  it('warns of images that an index cannot tell apart', () => {
    const { warnings } = resolve({ flags: ['linux/amd64:ubuntu;debian', 'linux/arm64'] })
    expect(warnings.map(({ message }) => message)).toEqual([
      "linux/amd64:ubuntu and linux/amd64:debian have the same platform in the index: it holds a distribution's version, not its name",
    ])
  })
})

describe('targets that cannot be built', () => {
  it('are too many from the thousand and first on, distributions counted and equal ones once', () => {
    const distros = Array.from({ length: 999 }, (_, at) => `[[targets.distros]]\nname = "d"\nversion = "${at}"`).join('\n')
    const lines = ['[[targets]]', 'os = "linux"', 'arch = "amd64"', distros, '[[targets]]', 'os = "linux"', 'arch = "arm64"']
    expect(resolve({ moduleTargets: declared(...lines, ...lines) }).targets).toHaveLength(1000)
    const error = refusal({ moduleTargets: declared(...lines, '[[targets]]', 'os = "linux"', 'arch = "s390x"') })
    expect(error.problems.map(formatProblem)).toEqual([
      expect.stringMatching(/^buildpack\.toml:\d+:1: targets\[2\]: is one target too many: at most 1000, each distribution counted, go into one package$/),
    ])
    expect(refusal({ flags: [`linux/amd64:${Array.from({ length: 1001 }, (_, at) => `d@${at}`).join(';')}`] }).message).toBe('read --target: got 1001 targets, want at most 1000, each distribution counted')
  })

  it('are told all at once, for flags', () => {
    const error = refusal({ flags: ['linux/amd64,linux/quantum', 'darwin/arm64'] })
    expect(error.code).toBe('USAGE')
    expect(error.message).toBe(
      'read --target: "linux/quantum": unknown architecture "quantum", want one of 386, amd64, arm, arm64, loong64, mips, mipsle, mips64, mips64le, ppc64, ppc64le, riscv64, s390x for linux; ' +
        '"darwin/arm64": os "darwin", want one that images run on: linux, freebsd, windows',
    )
    expect(error.hint).toContain('os/arch[/variant]')
  })

  it('are told all at once and with their places, for files', () => {
    const lines = ['[[targets]]', 'os = "linux"', '[[targets]]', 'arch = "amd64"', '[[targets]]', 'os = "linux"', 'arch = "amd46"', '  variant = "v1"', '[[targets.distros]]', 'version = "1"', '[[targets]]', 'os = "plan9"', 'arch = "arm"']
    const error = refusal({ moduleTargets: declared(...lines) })
    expect(error.code).toBe('CONFIG')
    expect(error.problems.map(formatProblem).map((text) => text.replace(/386, .*, s390x/, '...'))).toEqual([
      'buildpack.toml:4:1: targets[0].arch: is required: one of ...',
      'buildpack.toml:6:1: targets[1].os: is required: one of linux, freebsd, windows',
      'buildpack.toml:10:1: targets[2].arch: unknown architecture "amd46", want one of ... for linux (did you mean amd64?)',
      'buildpack.toml:11:3: targets[2].variant: unknown variant "v1", want none for amd46',
      'buildpack.toml:12:1: targets[2].distros: version "1" without the name of a distribution, want a name, and at most one version: name@version',
      'buildpack.toml:15:1: targets[3].os: os "plan9", want one that images run on: linux, freebsd, windows',
    ])
  })

  it('are not looked at where a flag chooses others', () => {
    expect(texts({ flags: ['linux/amd64'], moduleTargets: declared('[[targets]]', 'os = "OpenVMS"', 'arch = "IA64"') })).toEqual(['linux/amd64'])
  })

  it('are those declared twice with different folders', () => {
    const lines = ['[[targets]]', 'os = "linux"', 'arch = "amd64"']
    const error = refusal({ moduleTargets: declared(...lines, 'path = "a"', ...lines, 'path = "b"') })
    expect(error.problems.map(formatProblem)).toEqual(['buildpack.toml:11:1: targets[1].path: linux/amd64 is declared before with another path'])
  })

  it('are those with a folder outside the buildpack', () => {
    const lines = ['[[targets]]', 'os = "linux"', 'arch = "amd64"', 'path = "/etc"', '[[targets]]', 'os = "linux"', 'arch = "arm64"', 'path = "a/../../b"']
    expect(refusal({ moduleTargets: declared(...lines) }).problems.map(formatProblem)).toEqual([
      'buildpack.toml:7:1: targets[0].path: is an absolute path, must be one relative to the buildpack folder',
      'buildpack.toml:11:1: targets[1].path: is a path with "..", must be a folder inside the buildpack folder',
    ])
  })

  it('are those of a host that images know nothing of', () => {
    expect(refusal({ hostArch: 'm68k' })).toMatchObject({ code: 'USAGE', hint: 'name one with --target, or declare [[targets]]' })
  })
})

describe('any choice of targets', () => {
  it('has none twice and loses none, in the order named', () => {
    const flag = fc.tuple(
      fc.constantFrom('linux/amd64', 'linux/arm64', 'linux/arm/v7', 'windows/amd64'),
      fc.array(fc.constantFrom('ubuntu@22.04', 'debian@12', 'alpine'), { maxLength: 3 }),
    )
    fc.assert(
      fc.property(fc.array(flag, { minLength: 1, maxLength: 6 }), fc.constantFrom(true, false), (flags, joined) => {
        const written = flags.map(([platform, distros]) => (distros.length === 0 ? platform : `${platform}:${distros.join(';')}`))
        const named = flags.flatMap(([platform, distros]) => (distros.length === 0 ? [platform] : distros.map((each) => `${platform}:${each}`)))
        expect(texts({ flags: joined ? [written.join(',')] : written })).toEqual([...new Set(named)])
      }),
    )
  })
})
