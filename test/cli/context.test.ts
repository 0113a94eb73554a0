import { expect, test } from 'vitest'
import type { Host } from '../../src/cli/context.ts'
import { goArchitecture, hasColor, isLiveTerminal, readContext } from '../../src/cli/context.ts'
import { Screen, scene } from './support/screen.ts'

const host: Host = {
  env: { PATH: '/bin' },
  arch: 'x64',
  cwd: () => '/here',
  homedir: () => '/home/author',
  endianness: () => 'LE',
  stdout: new Screen(),
  stderr: new Screen(),
}
const { signal } = new AbortController()

test.each([
  ['x64', 'LE', 'amd64'],
  ['ia32', 'LE', '386'],
  ['arm64', 'LE', 'arm64'],
  ['ppc64', 'LE', 'ppc64le'],
  ['ppc64', 'BE', 'ppc64'],
  ['mipsel', 'LE', 'mipsle'],
  ['riscv64', 'LE', 'riscv64'],
] as const)("Node's %s (%s) is Go's %s", (node, endianness, go) => {
  expect(goArchitecture(node, endianness)).toBe(go)
})

test('the home folder of the account stands in where HOME is missing or empty', () => {
  expect(readContext(host, () => 0, signal).env).toEqual({ PATH: '/bin', HOME: '/home/author' })
  expect(readContext({ ...host, env: { HOME: '' } }, () => 0, signal).env['HOME']).toBe('/home/author')
  expect(readContext({ ...host, env: { HOME: '/elsewhere' } }, () => 0, signal).env['HOME']).toBe('/elsewhere')
})

test('a live list needs a terminal on stderr that can move its cursor, outside of CI', () => {
  const stderr = new Screen(80)
  expect(isLiveTerminal(scene({ stderr }))).toBe(true)
  expect(isLiveTerminal(scene({ stderr, env: { CI: 'false' } }))).toBe(true)
  expect(isLiveTerminal(scene({ stderr, env: { CI: 'true' } }))).toBe(false)
  expect(isLiveTerminal(scene({ stderr, env: { TERM: 'dumb' } }))).toBe(false)
  expect(isLiveTerminal(scene({ stdout: stderr }))).toBe(false)
})

test('NO_COLOR counts when it is not empty', () => {
  const stderr = new Screen(80)
  expect(hasColor(scene({ stderr }))).toBe(true)
  expect(hasColor(scene({ stderr, env: { NO_COLOR: '' } }))).toBe(true)
  expect(hasColor(scene({ stderr, env: { NO_COLOR: '1' } }))).toBe(false)
  expect(hasColor(scene())).toBe(false)
})
