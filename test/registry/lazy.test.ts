import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'

/** Every module that importing this one loads, by its static imports. */
async function loadedWith(file: URL, seen = new Set<string>()): Promise<ReadonlySet<string>> {
  if (seen.has(file.href)) return seen
  seen.add(file.href)
  const text = await readFile(file, 'utf8')
  const names = [...text.matchAll(/^(?:import|export) (?!type ).*from '([^']+)'/gm)].map((match) => match[1] ?? '')
  for (const name of names) {
    if (/^\.(?!.*node_modules)/.test(name)) await loadedWith(new URL(name, file), seen)
    else seen.add(name)
  }
  return seen
}

describe('the registry room', () => {
  it.each(['registry/client.ts', 'stores/remote.ts'])('%s loads the HTTP client with the first request, not when it is imported', async (path) => {
    const loaded = await loadedWith(new URL(`../../src/${path}`, import.meta.url))
    expect(loaded.size).toBeGreaterThan(10)
    expect([...loaded].filter((name) => name.includes('undici'))).toEqual([])
  })

  it('can tell the difference', async () => {
    const loaded = await loadedWith(new URL('../../src/undici.ts', import.meta.url))
    expect([...loaded].filter((name) => name.includes('undici/lib/dispatcher'))).not.toEqual([])
  })
})
