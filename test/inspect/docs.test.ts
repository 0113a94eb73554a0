import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Actions } from '../../src/cli/program.ts'
import { createProgram } from '../../src/cli/program.ts'

const page = readFileSync(new URL('../../docs/inspect.md', import.meta.url), 'utf8')
const elsewhere = new Set(['--plain-http', '--skip-tls-verify', '--ca-file', '--insecure', '--registry-mirror'])

test('docs/inspect.md has every option of inspect and no other', () => {
  const actions = Object.fromEntries(['package', 'inspect', 'manifest', 'completion'].map((name) => [name, async () => undefined])) as unknown as Actions
  const options = createProgram('1.2.3', actions).commands.find((command) => command.name() === 'inspect')?.options ?? []
  const known = options.filter(({ long }) => !elsewhere.has(long ?? '')).map(({ flags }) => flags)
  const told = [...page.slice(page.indexOf('## Options'), page.indexOf('## JSON')).matchAll(/^\| `([^`]+)`/gmu)].map(([, flags]) => flags)
  expect(known.length).toBeGreaterThan(5)
  expect(told).toEqual(known)
})
