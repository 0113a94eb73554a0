import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Actions } from '../../src/cli/program.ts'
import { SHELLS, createProgram } from '../../src/cli/program.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { PackagerError } from '../../src/errors.ts'
import { exitCodeOf } from '../../src/cli/fault.ts'

const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const nothing: Actions = { package: async () => undefined, inspect: async () => undefined, manifest: async () => undefined, builder: async () => undefined, completion: async () => undefined }

/** The commands of manifest that send something. */
const publishing = ['create', 'add', 'annotate', 'rm', 'push']

/** The first cells of the tables below a heading, without their backticks. */
function firstCells(from: string, to: string): string[] {
  const section = text.slice(text.indexOf(from), text.indexOf(to))
  return [...section.matchAll(/^\| `([^`]+)`/gmu)].map((match) => match[1] ?? '')
}

test('docs/cli.md has every option, as the parser knows it, and no other', () => {
  const program = createProgram('1.2.3', nothing)
  const packaging = program.commands.find((command) => command.name() === 'package')
  const known = [...(packaging?.options ?? []), ...program.options].map((option) => option.flags)
  expect(known.length).toBeGreaterThan(30)
  expect(firstCells('## Options of', '## The name').sort()).toEqual([...known, '-h, --help'].sort())
})

test('docs/manifest.md has every command of manifest and every option, with the commands that have it, and no other', () => {
  const page = readFileSync(new URL('../../docs/manifest.md', import.meta.url), 'utf8')
  const commands = createProgram('1.2.3', nothing).commands.find((command) => command.name() === 'manifest')?.commands ?? []
  const shared = new Set(['--plain-http', '--skip-tls-verify', '--ca-file', '--insecure', '--json', '--quiet', '--verbose'])
  const known = new Map<string, string[]>()
  for (const command of commands) {
    for (const { flags, long, hidden } of command.options) if (!hidden && !shared.has(long ?? '')) known.set(flags, [...(known.get(flags) ?? []), command.name()])
  }
  const rows = [...page.slice(page.indexOf('## Options')).matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gmu)].map(([, flags = '', of = '']) => [flags, of.includes('with `--publish`') ? publishing : [...of.matchAll(/`([a-z]+)`/gu)].map(([, name = '']) => name)] as const)
  expect(new Map(rows.map(([flags, of]) => [flags, [...of].sort()]))).toEqual(new Map(Array.from(known, ([flags, of]) => [flags, of.sort()])))
  for (const command of commands) expect(page).toMatch(new RegExp(`^\\| \`${command.name()} [^|]*${command.alias() === undefined ? '' : `\`${command.alias()}\``}`, 'mu'))
})

test('docs/builder.md has every option of builder create that package does not have, as the parser knows it', () => {
  const program = createProgram('1.2.3', nothing)
  const [packaging, building] = [program.commands.find((command) => command.name() === 'package'), program.commands.find((command) => command.name() === 'builder')?.commands[0]]
  const known = new Set(packaging?.options.map(({ flags }) => flags))
  const page = readFileSync(new URL('../../docs/builder.md', import.meta.url), 'utf8')
  const own = (building?.options ?? []).map(({ flags }) => flags).filter((flags) => !known.has(flags) && !flags.startsWith('-t'))
  expect(own.length).toBeGreaterThan(3)
  for (const flags of own) expect(page).toContain(`\`${flags}\``)
})

test('docs/cli.md names the shells, and only commands that are there', () => {
  expect(text).toContain(`bp-package completion ${SHELLS.join('|')}`)
  for (const shell of SHELLS) expect(text).toContain(`bp-package completion ${shell}`)
  expect(text).not.toMatch(/bp-package vendor/u)
})

test('docs/cli.md has every code that an error can have', () => {
  const codes: Record<ErrorCode, true> = {
    USAGE: true, CONFIG: true, NOT_FOUND: true, UNREADABLE: true, SOURCE_CHANGED: true, SPOOL: true, DIGEST_MISMATCH: true,
    UNSUPPORTED: true, UNAUTHORIZED: true, CREDENTIALS: true, REGISTRY: true, NETWORK: true, OUTPUT: true, LIST_EXISTS: true,
    LIST_NOT_FOUND: true, LIST_LOCKED: true, LIST_CORRUPT: true, LIST_EMPTY: true, IMAGE_NOT_FOUND: true, ENTRY_NOT_FOUND: true,
    ENTRY_AMBIGUOUS: true, PLATFORM_TAKEN: true, PLATFORM_MISSING: true, MIXED_TYPES: true, ANNOTATION_UNSUPPORTED: true,
    CHILD_GONE: true, CANCELLED: true, INTERNAL: true,
  }
  const line = text.split('\n').find((candidate) => candidate.startsWith('`code` is')) ?? ''
  for (const code of Object.keys(codes)) expect(line).toContain(`\`${code}\``)
})

test('docs/cli.md has the exit codes that errors get', () => {
  const codes: ErrorCode[] = ['USAGE', 'NETWORK', 'CANCELLED']
  const exits = codes.map((code) => exitCodeOf(new PackagerError({ code, step: 'x', found: 'y' }), false))
  const section = text.slice(text.indexOf('## Exit codes'), text.indexOf('## Environment'))
  for (const exit of [0, ...exits]) expect(section).toContain(`| ${exit} |`)
})
