import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compare } from '../../src/inspect/comparison.ts'
import { renderComparisonHtml } from '../../src/inspect/comparison-html.ts'
import { renderHtml } from '../../src/inspect/html.ts'
import type { Inspection } from '../../src/inspect/inspection.ts'
import { html } from '../../src/inspect/page/markup.ts'
import { alike, hostile, hostileWords, imageWith, inspectionOf, moduleOf, orderOf, unlike } from './support/inspections.ts'

/** The markup of a page without its texts and the values of its attributes. */
function skeleton(page: string): string {
  const [, body = ''] = page.split('</head>')
  return Array.from(body.matchAll(/<(\/?[a-z0-9]+)((?:\s[a-zA-Z-]+(?:="[^"]*")?)*)\s*\/?>|</g), ([tag, name, attributes = '']) => (name === undefined ? `stray ${tag}` : `${name}${attributes.replaceAll(/="[^"]*"/g, '')}`)).join(' ')
}

/** An inspection with one word in all places that a label or an archive can fill. */
function filled(word: string): Inspection {
  const module = moduleOf('x@1', { id: word, version: word, api: word, name: word, homepage: null, order: orderOf('x@1').map((group) => group.map((member) => ({ ...member, id: word, version: word }))) })
  const facts = { labels: { a: word }, annotations: { b: word }, problems: [word], distro: { name: word, version: word }, stacks: [word, word], root: word }
  const image = imageWith('linux/amd64', [module], facts)
  const difference = { kind: 'order', id: word, values: { [`${word}1`]: word, other: null } } as const
  const file = { kind: 'file', id: word, values: { 'linux/amd64': word, other: null } } as const
  const note = { kind: 'wrong-machine', digest: `sha256:${'0'.repeat(64)}`, platforms: [word], path: word, machine: word } as const
  const other = { ...image, platform: { os: word, architecture: word, variant: word, 'os.version': word } }
  return inspectionOf([image, other], { source: { type: 'folder', name: word }, annotations: { c: word }, differences: [difference, file], notes: [note] })
}

function linked(homepage: string): boolean {
  return renderHtml(inspectionOf([imageWith('linux/amd64', [moduleOf('a@1', { homepage })])])).includes('<a href')
}

describe('a page', () => {
  test('is one file with a policy that allows its own style and nothing else', () => {
    const page = renderHtml(unlike()).replaceAll('&#39;', "'")
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(page).toMatch(/<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'; form-action 'none'">/)
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\sstyle=|\son[a-z]+=|url\(|@import/i)
  })

  test('tells at the top whether all platforms are the same', () => {
    expect(renderHtml(alike())).toContain('The same on all 2 platforms')
    expect(renderHtml(unlike())).toContain('4 differences</a> between 3 platforms')
    expect(renderHtml(inspectionOf([imageWith('linux/amd64', [moduleOf('a@1')])]))).not.toContain('class="verdict')
  })

  test('links to web pages only', () => {
    expect(['https://example.com/a?b=c&d', 'HTTP://example.com'].filter(linked)).toHaveLength(2)
    expect(['javascript:alert(1)', 'data:text/html,x', '//example.com', 'https://a"onclick="b', 'file:///etc/passwd', ' https://a'].filter(linked)).toEqual([])
  })

  test('has the same markup whatever the words are', () => {
    const plain = skeleton(renderHtml(filled('word')))
    expect(plain).not.toContain('stray')
    const word = fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.constantFrom(...hostileWords)).filter((text) => !text.includes(' | ') && text !== '*')
    fc.assert(
      fc.property(word, (text) => {
        expect(skeleton(renderHtml(filled(text)))).toBe(plain)
      }),
    )
  })

  test('shows what steers a terminal or turns writing as codes, and cuts what has no end', () => {
    expect(renderHtml(hostile())).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    expect(html`${'x'.repeat(1_000_000)}`.text.length).toBeLessThan(5000)
    expect(html`<b title="${'"\''}">${'<&>'}</b>${3}${[html`<i>`]}`.text).toBe('<b title="&quot;&#39;">&lt;&amp;&gt;</b>3<i>')
  })
})

describe('a page of two', () => {
  const from = inspectionOf([imageWith('linux/amd64', [moduleOf('acme/jdk@17'), moduleOf('acme/old@1')]), imageWith('linux/arm64', [moduleOf('acme/jdk@17'), moduleOf('acme/old@1')])])
  const to = inspectionOf([imageWith('linux/amd64', [moduleOf('acme/jdk@21')]), imageWith('linux/s390x', [moduleOf('acme/jdk@21')])], { source: { type: 'registry', name: 'registry.example/acme/meta:2' } })

  test('tells what came, went and changed', () => {
    const page = renderComparisonHtml(compare(from, to))
    const text = page.split('</head>')[1]?.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
    for (const part of ['added linux/s390x', 'removed linux/arm64', 'version acme/jdk 17 21 on all platforms', 'removed acme/old 1 absent on all platforms', '4 changes']) expect(text).toContain(part)
  })

  test('says so where nothing changed, or nothing can be compared', () => {
    expect(renderComparisonHtml(compare(from, from))).toContain('The same</p>')
    const other = inspectionOf([imageWith('windows/amd64', [])])
    expect(renderComparisonHtml(compare(from, other))).toContain('No platform is in both')
  })

  test('of hostile labels has no markup but its own', () => {
    const page = renderComparisonHtml(compare(hostile(), unlike()))
    expect(skeleton(page)).not.toContain('stray')
    expect(page).not.toMatch(/<(script|img|style>.*<style)/i)
  })
})
