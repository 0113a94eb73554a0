import { expect, test } from 'vitest'
import { exitCodeOf, faultJson, faultText } from '../../src/cli/fault.ts'
import { createPaint } from '../../src/cli/paint.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { PackagerError, configError } from '../../src/errors.ts'

const plain = createPaint(false)
const refused = new PackagerError({
  code: 'NETWORK',
  step: 'push',
  value: 'registry.example/hello',
  found: 'no answer',
  hint: 'is it up?',
  cause: new TypeError('fetch failed', { cause: new AggregateError([new Error('ECONNREFUSED ::1'), new Error('ECONNREFUSED 127.0.0.1')], 'all failed') }),
})
const twoProblems = configError('read buildpack.toml', [
  { file: 'buildpack.toml', line: 3, column: 7, key: 'targets[0].os', message: 'a number, want a string' },
  { file: 'buildpack.toml', line: 9, column: 1, key: '', message: 'evil \u001b[2J' },
])

test.each<[ErrorCode, number]>([
  ['USAGE', 2],
  ['CONFIG', 2],
  ['CANCELLED', 130],
  ['NETWORK', 1],
  ['UNSUPPORTED', 1],
  ['INTERNAL', 1],
])('%s ends with %d', (code, exit) => {
  expect(exitCodeOf(new PackagerError({ code, step: 'x', found: 'y' }), false)).toBe(exit)
})

test('an unforeseen error ends with 1, and whatever fails after an interrupt with 130', () => {
  expect(exitCodeOf(new TypeError('x'), false)).toBe(1)
  expect(exitCodeOf(new TypeError('x'), true)).toBe(130)
})

test('an error is its message, then its hint', () => {
  expect(faultText(refused, false, plain)).toBe('error: push "registry.example/hello": no answer\nhint: is it up?\n')
})

test('each problem of a config file is a line that an editor can jump to', () => {
  expect(faultText(twoProblems, false, plain)).toBe(
    [
      'error: read buildpack.toml: 2 problems',
      'buildpack.toml:3:7: targets[0].os: a number, want a string',
      String.raw`buildpack.toml:9:1: evil \x1b[2J`,
      '',
    ].join('\n'),
  )
})

test('a problem that the message tells already is only located', () => {
  const problems = [{ file: 'builder.toml', line: 7, column: 1, key: 'build.image', message: '"a/b": no answer' }]
  const told = new PackagerError({ code: 'NETWORK', step: 'fetch build image', value: 'a/b', found: 'no answer', problems })
  expect(faultText(told, false, plain)).toBe('error: fetch build image "a/b": no answer\nbuilder.toml:7:1: build.image\n')
})

test('-v adds the causes, down to each address that was tried', () => {
  expect(faultText(refused, true, plain).split('\n').slice(1, 5)).toEqual([
    'caused by: fetch failed',
    'caused by: all failed',
    'caused by: ECONNREFUSED ::1',
    'caused by: ECONNREFUSED 127.0.0.1',
  ])
})

test('a cause that leads back to itself ends', () => {
  const error = new Error('a')
  error.cause = new Error('b', { cause: error })
  expect(faultJson(error, true).error.causes).toEqual(['b'])
})

test('an unforeseen error says that it is a bug, and shows its stack with -v alone', () => {
  const bug = new TypeError('x is not a function')
  expect(faultText(bug, false, plain)).toMatch(/^error: unexpected: x is not a function\nhint: this is a bug in bp-package/u)
  expect(faultText(bug, false, plain)).not.toContain('fault.test.ts')
  expect(faultText(bug, true, plain)).toContain('fault.test.ts')
})

test('a terminal gets colours', () => {
  expect(faultText(refused, false, createPaint(true))).toContain('\u001b[31merror:\u001b[39m push')
})

test('as JSON an error has code, message, hint and problems', () => {
  expect(faultJson(refused, false)).toEqual({
    error: { code: 'NETWORK', message: 'push "registry.example/hello": no answer', hint: 'is it up?', problems: [] },
  })
  expect(faultJson(twoProblems, false).error.problems).toHaveLength(2)
  expect(faultJson(new TypeError('x'), false).error).toMatchObject({ code: 'INTERNAL', message: 'x' })
})
