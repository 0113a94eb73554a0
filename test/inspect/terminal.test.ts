import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { Screen, scene } from '../cli/support/screen.ts'
import type { TestRegistry } from '../support/registry/registry.ts'
import { startRegistry } from '../support/registry/registry.ts'
import { publishIndex } from './support/published.ts'

let registry: TestRegistry

beforeEach(async () => {
  registry = await startRegistry()
})

afterEach(() => registry.close())

/** What a terminal of that width shows; without one, what a pipe gets. */
async function screen(width: number | undefined, ...words: readonly string[]): Promise<string> {
  const context = scene({ stdout: new Screen(width), cwd: '/' })
  const code = await run(['inspect', `${registry.host}/acme/a:1`, ...words], '1.2.3', context)
  expect({ code, stderr: context.stderr.text }).toEqual({ code: 0, stderr: '' })
  return context.stdout.text
}

function publish(homepage: string, annotations: Readonly<Record<string, string>> = {}): void {
  const modules = Object.fromEntries(Array.from({ length: 40 }, (_, number) => [`example/module-${number}@1.${number}.0`, { homepage }]))
  publishIndex(registry, 'acme/a:1', ['linux/amd64', 'linux/arm64/v8', 'linux/s390x', 'linux/ppc64le'].map((platform) => ({ platform, modules })), [], annotations)
}

describe('on a terminal', () => {
  test.each([80, 100, 132, 200])('of %d columns no table is wider', async (width) => {
    publish('https://example.com/buildpacks/a/homepage/of/some/length')
    const lines = (await screen(width)).split('\n').filter((line) => /^(linux|example|ID|PLATFORM)/.test(line))
    expect(lines).toHaveLength(46)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
  })

  test('digests are whole where there is room, and short where not', async () => {
    publish('')
    expect(await screen(200)).toMatch(/^linux\/amd64 +sha256:[0-9a-f]{64} /m)
    expect(await screen(80)).toMatch(/^linux\/amd64 +sha256:[0-9a-f]{12} /m)
  })

  test('what is stored is escaped, and in a pipe it is byte for byte', async () => {
    publish('', { evil: '\u009b2J\u202e' })
    expect(await screen(80, '--raw')).toContain('"evil":"\\x9b2J\\u202e"')
    expect(await screen(undefined, '--raw')).toContain('"evil":"\u009b2J\u202e"')
    expect(await screen(undefined)).toContain('evil=\\x9b2J\\u202e')
  })
})
