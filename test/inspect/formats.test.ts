import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { CliResult } from '../support/cli.ts'
import { runCli } from '../support/cli.ts'
import { emptyTree } from '../support/tree/tree.ts'

const hello = fileURLToPath(new URL('../../fixtures/hello-world', import.meta.url))
const shared = fileURLToPath(new URL('../../fixtures/hello-shared', import.meta.url))

async function inspect(...words: readonly string[]): Promise<CliResult> {
  await using home = await emptyTree()
  return runCli(['inspect', ...words], { cwd: home.path, home: home.path })
}

test.each([
  { format: 'mermaid', begins: 'erDiagram\n    SAMPLES_HELLO_WORLD_LINUX_AMD64 {\n' },
  { format: 'dot', begins: 'digraph inspection {\n' },
  { format: 'html', begins: '<!doctype html>\n' },
])('--format $format prints that and nothing else', async ({ format, begins }) => {
  const { code, stdout, stderr } = await inspect(hello, '--format', format)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.slice(0, begins.length)).toBe(begins)
  expect(stdout).toMatch(/[^\n]\n$/)
})

test('two sources make a page, and no diagram', async () => {
  const page = await inspect(hello, shared, '-f', 'html')
  expect(page.code).toBe(0)
  expect(page.stdout).toContain('What changed')
  for (const format of ['mermaid', 'dot']) {
    const { code, stdout, stderr } = await inspect(hello, shared, '-f', format)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`--format ${format}`)
  }
})
