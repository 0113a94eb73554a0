import { expect, test } from 'vitest'
import { builderTargets } from '../../src/builder/targets.ts'
import { readBuilderToml } from '../../src/config/builder-reader.ts'
import { formatTarget } from '../../src/targets/grammar.ts'

const images = '[build]\nimage = "b"\n[[run.images]]\nimage = "r"\n'

function targetsOf(flags: readonly string[], declared: readonly string[] = []): readonly string[] {
  const tables = declared.map((target) => {
    const [os, arch, variant] = target.split('/')
    return `[[targets]]\nos = "${os}"\narch = "${arch}"\n${variant === undefined ? '' : `variant = "${variant}"\n`}[[targets.distros]]\nname = "debian"\nversion = "12"\n[[targets.distros]]\nname = "debian"\nversion = "13"\n`
  })
  const { value } = readBuilderToml(Buffer.from(`${images}${tables.join('')}`), 'builder.toml')
  if (value === undefined) throw new Error('a builder.toml that cannot be read')
  return builderTargets({ targets: flags, hostArch: 'riscv64' }, value).targets.map(formatTarget)
}

test('flags win over [[targets]], and where there are neither it is Linux on this machine', () => {
  expect(targetsOf(['linux/s390x'], ['linux/amd64'])).toEqual(['linux/s390x'])
  expect(targetsOf([], ['linux/arm64', 'linux/amd64'])).toEqual(['linux/arm64', 'linux/amd64'])
  expect(targetsOf([])).toEqual(['linux/riscv64'])
})

test('a target counts once, whatever its distributions and however its variant is spelled', () => {
  expect(targetsOf(['linux/arm64:debian@12;debian@13', 'linux/amd64', 'linux/arm64/v8', 'linux/amd64/v1'])).toEqual(['linux/arm64', 'linux/amd64'])
  expect(targetsOf(['linux/arm/v6', 'linux/arm/v7', 'linux/arm'])).toEqual(['linux/arm/v6', 'linux/arm/v7'])
})

test('of Windows none is made', () => {
  expect(() => targetsOf(['linux/amd64', 'windows/amd64'])).toThrow('create builder "windows/amd64": got a target of os "windows", want linux: Windows and other builders are not made')
})
