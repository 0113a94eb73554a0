import { expect, test } from 'vitest'
import { nearest } from '../../src/config/suggest.ts'
import { COMMAND_WORDS } from '../../src/cli/program.ts'

test.each([
  ['manfest', 'manifest'],
  ['Manifest', 'manifest'],
  ['manifset', 'manifest'],
  ['inspct', 'inspect'],
  ['bulider', 'builder'],
  ['packge', 'package'],
  ['completions', 'completion'],
  ['vender', 'vendor'],
])('%s was meant to be %s', (word, meant) => {
  expect(nearest(word, COMMAND_WORDS)).toBe(meant)
})

test.each(['registry.example/hello:1', 'hello', 'java', 'out.oci', ''])('%s is not near to any command', (word) => {
  expect(nearest(word, COMMAND_WORDS)).toBeUndefined()
})
