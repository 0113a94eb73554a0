import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderDot } from '../../src/inspect/dot.ts'
import type { Inspection } from '../../src/inspect/inspection.ts'
import { renderMermaid } from '../../src/inspect/mermaid.ts'
import { alike, hostile, hostileWords, imageWith, inspectionOf, moduleOf, orderOf, unlike } from './support/inspections.ts'

/** The contract's example: a leaf in a composite, in an index. */
function contractExample(): Inspection {
  const modules = [moduleOf('example/leaf@1.0.0'), moduleOf('example/meta@1.0.0', { order: orderOf('example/leaf@1.0.0') })]
  return inspectionOf([imageWith('linux/amd64', modules, { main: { id: 'example/meta', version: '1.0.0' } })])
}

/** One line of an entity relationship diagram, as strict as mermaid's oldest grammar: nothing else may be written. */
const mermaidLine = /^ {4}[A-Z][A-Z0-9_]* \|\|--o\{ [A-Z][A-Z0-9_]* : (contains|"contains manifest")$|^ {4}[A-Z][A-Z0-9_]* \{$|^ {4}\}$|^ {8}manifest\[\] manifests$|^ {8}string [a-zA-Z_]+ "[^"\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}%<>`\\]*"$/u
const dotLine = /^ {2}"[A-Z0-9_]+" \[label="(?:[^"\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|\\["\\n])*"\];$|^ {2}"[A-Z0-9_]+" -> "[A-Z0-9_]+" \[label="contains(?: manifest)?"\];$|^ {2}(rankdir|node|edge)\b.*;$/u

function nodesOf(diagram: string): string[] {
  return Array.from(diagram.matchAll(/^ {4}([A-Z0-9_]+) \{$/gm), ([, name = '']) => name)
}

describe('a diagram', () => {
  test('is the one of the contract', () => {
    const { platforms } = contractExample()
    const [leaf, meta] = [platforms[0]?.buildpacks[0]?.layerDiffID, platforms[0]?.digest].map((digest) => digest?.slice(7, 19))
    expect(renderMermaid(contractExample())).toBe(`erDiagram
    EXAMPLE_LEAF_LINUX_AMD64 ||--o{ EXAMPLE_META_LINUX_AMD64 : contains
    EXAMPLE_LEAF_LINUX_AMD64 {
        string platform_os "linux"
        string platform_arch "amd64"
        string version "1.0.0"
        string diff_id "${leaf}"
    }
    EXAMPLE_META_LINUX_AMD64 ||--o{ EXAMPLE_META_1_0_0 : "contains manifest"
    EXAMPLE_META_LINUX_AMD64 {
        string platform_os "linux"
        string platform_arch "amd64"
        string version "1.0.0"
        string digest "${meta}"
    }
    EXAMPLE_META_1_0_0 {
        manifest[] manifests
        string mediaType "application/vnd.oci.image.index.v1+json"
    }
`)
  })

  test('has the same nodes and edges for Graphviz', () => {
    const dot = renderDot(unlike())
    const edges = Array.from(renderMermaid(unlike()).matchAll(/^ {4}(\S+) \|\|--o\{ (\S+) : "?([^"\n]+)"?$/gm), ([, from, to, label]) => `  "${String(from)}" -> "${String(to)}" [label="${String(label)}"];`)
    expect(dot.split('\n').filter((line) => line.includes('->'))).toEqual(edges)
    expect(Array.from(dot.matchAll(/^ {2}"(\S+)" \[label="\1\\n/gm), ([, name]) => name)).toEqual(nodesOf(renderMermaid(unlike())))
    expect(dot).toMatch(/^digraph inspection \{\n[^]*\n\}\n$/)
  })

  test('of a single image has no node for an index', () => {
    const single = inspectionOf([imageWith('linux/arm64/v8', [moduleOf('acme/one@1')])], { mediaType: 'application/vnd.oci.image.manifest.v1+json' })
    expect(nodesOf(renderMermaid(single))).toEqual(['ACME_ONE_LINUX_ARM64_V8'])
    expect(renderMermaid(single)).toContain('string platform_variant "v8"')
  })

  test('puts a module into each composite that names it, by its version, and the rest into the image', () => {
    const modules = [
      moduleOf('a/top@1', { order: orderOf('a/inner@1', 'a/leaf') }),
      moduleOf('a/inner@1', { order: orderOf('a/leaf@2') }),
      moduleOf('a/leaf@1'),
      moduleOf('a/leaf@2'),
      moduleOf('a/stray@1'),
    ]
    const text = renderMermaid(inspectionOf([imageWith('linux/amd64', modules, { main: { id: 'a/top', version: '1' } })]))
    const edges = Array.from(text.matchAll(/^ {4}(\S+)_LINUX_AMD64(\S*) \|\|--o\{ (\S+)_LINUX_AMD64 /gm), ([, from, number, to]) => `${String(from)}${String(number)} in ${String(to)}`)
    expect(edges).toEqual(['A_INNER in A_TOP', 'A_LEAF in A_TOP', 'A_LEAF_2 in A_TOP', 'A_LEAF_2 in A_INNER', 'A_STRAY in A_TOP'])
  })

  test('calls a builder and what is no package by the name it was read by', () => {
    const builder = imageWith('linux/amd64', [moduleOf('acme/one@1')], { kind: 'builder' })
    expect(nodesOf(renderMermaid(inspectionOf([builder], { source: { type: 'registry', name: 'registry.example/acme/my-builder:tiny' } })))).toEqual(['ACME_ONE_LINUX_AMD64', 'MY_BUILDER_LINUX_AMD64', 'MY_BUILDER_TINY'])
  })

  test('gives names that would be the same a number, and one without a letter in front a letter', () => {
    const modules = [moduleOf('a/b@1'), moduleOf('a_b@1'), moduleOf('A.B@1'), moduleOf('7zip@1'), moduleOf('éa@1')]
    const names = nodesOf(renderMermaid(inspectionOf([imageWith('linux/amd64', modules, { kind: 'builder' }), imageWith('linux/amd64', [], { kind: 'builder' })])))
    expect(names.slice(0, 5)).toEqual(['A_B_LINUX_AMD64', 'A_B_LINUX_AMD64_2', 'A_B_LINUX_AMD64_3', 'BP_7ZIP_LINUX_AMD64', 'BP__A_LINUX_AMD64'])
    expect(new Set(names).size).toBe(names.length)
  })

  test.each([
    { what: 'what is alike', inspection: alike() },
    { what: 'what is not', inspection: unlike() },
    { what: 'hostile labels', inspection: hostile() },
  ])('has no line that is not one of a diagram: $what', ({ inspection }) => {
    const [first, ...lines] = renderMermaid(inspection).trimEnd().split('\n')
    expect(first).toBe('erDiagram')
    expect(lines.filter((line) => !mermaidLine.test(line))).toEqual([])
    const dot = renderDot(inspection).trimEnd().split('\n')
    expect(dot.slice(1, -1).filter((line) => !dotLine.test(line))).toEqual([])
  })

  test('keeps to its grammar whatever a label says', () => {
    const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(...hostileWords))
    fc.assert(
      fc.property(word, word, word, (id, version, architecture) => {
        const image = { ...imageWith('linux/amd64', [moduleOf('x@1', { id, version })]), platform: { os: id, architecture, variant: version, 'os.version': id } }
        const inspection = inspectionOf([image], { mediaType: 'application/vnd.oci.image.index.v1+json', source: { type: 'registry', name: version } })
        for (const line of renderMermaid(inspection).trimEnd().split('\n').slice(1)) expect(line).toMatch(mermaidLine)
        for (const line of renderDot(inspection).trimEnd().split('\n').slice(1, -1)) expect(line).toMatch(dotLine)
      }),
    )
  })
})
