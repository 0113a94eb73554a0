import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readLabelledModules } from '../../src/buildpacks/label-reader.ts'
import { packageLabels } from '../../src/buildpacks/labels.ts'
import type { ModuleFacts } from '../../src/buildpacks/module.ts'
import { readBuildpackToml } from '../../src/config/module-reader.ts'
import { PackagerError } from '../../src/errors.ts'
import { digestOf } from '../../src/oci/digest.ts'
import { packageCaseNames, readPackageCase } from '../support/vectors/case.ts'

const { value: main } = readBuildpackToml('api = "0.10"\n[buildpack]\nid = "acme/main"\nversion = "1"\n', 'buildpack.toml')
const diffID = digestOf(Buffer.from('a layer'))
const own = new Set(['io.buildpacks.buildpack.layers', 'io.buildpacks.extension.layers'])

/** The labels that name layers, as they are written for these modules. */
function written(modules: readonly { facts: ModuleFacts; diffID: `sha256:${string}` }[]): Record<string, string> {
  if (main === undefined) throw new Error('not read')
  const labels = packageLabels(main, [], modules)
  return Object.fromEntries(Object.entries(labels).filter(([name]) => own.has(name)))
}

function key({ kind, id, version }: ModuleFacts): string {
  return `${kind} ${id}@${version}`
}

function sorted(list: readonly ModuleFacts[]): ModuleFacts[] {
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** The label of an image with so many versions of one module. */
function labelled(count: number, more: object = {}): Record<string, string> {
  const versions = Object.fromEntries(Array.from({ length: count }, (_, at) => [String(at), { api: '0.10', layerDiffID: diffID, ...more }]))
  return { 'io.buildpacks.buildpack.layers': JSON.stringify({ 'acme/many': versions }) }
}

describe('labels of packages', () => {
  const images = packageCaseNames().flatMap((name) => {
    const { peer, wanted = peer } = readPackageCase(name).expected
    return wanted.outputs.flatMap((output) => output.images).map((image, at) => ({ name: `${name} ${at}`, labels: Object.fromEntries(Object.entries(image.labels).map(([key, { raw }]) => [key, raw])) }))
  })

  test.each(images)('of pack come out the same when they are read and written: $name', ({ labels }) => {
    const again = written(readLabelledModules(labels, 'an image'))
    expect(again).toEqual(Object.fromEntries(Object.entries(labels).filter(([name]) => own.has(name))))
  })

  test('give whatever was written', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,6}[a-z0-9])?$/)
    const facts = fc.record({
      kind: fc.constantFrom('buildpack', 'extension'),
      id: name,
      version: name,
      api: word,
      name: fc.string({ unit: 'grapheme' }),
      homepage: fc.webUrl(),
      stacks: fc.array(fc.record({ id: word, mixins: fc.array(word) }), { maxLength: 2 }),
      targets: fc.array(fc.record({ os: fc.string(), arch: fc.string(), variant: word, distros: fc.array(fc.record({ name: word, version: word }), { maxLength: 2 }) }), { maxLength: 2 }),
      order: fc.array(fc.array(fc.record({ id: word, version: fc.string(), optional: fc.boolean(), extra: fc.constantFrom({}, { why: 'so' }) })), { maxLength: 2 }),
    })
    fc.assert(
      fc.property(fc.uniqueArray(facts, { minLength: 1, maxLength: 4, selector: (one) => key(one as ModuleFacts) }), (modules) => {
        const read = readLabelledModules(written(modules.map((one) => ({ facts: one as ModuleFacts, diffID }))), 'an image')
        expect(sorted(read.map(({ facts }) => facts))).toEqual(sorted(modules as ModuleFacts[]))
        expect(new Set(read.map((one) => one.diffID))).toEqual(new Set([diffID]))
      }),
    )
  })

  test('that are anything else are refused with the image and the label, and by nothing but a refusal', () => {
    const entry = fc.dictionary(fc.constantFrom('api', 'layerDiffID', 'stacks', 'targets', 'order', 'name'), fc.oneof(fc.jsonValue(), fc.constant(diffID)))
    const label = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), entry))))
    fc.assert(
      fc.property(fc.oneof(label.map((value) => JSON.stringify(value)), fc.string()), (text) => {
        try {
          for (const { facts } of readLabelledModules({ 'io.buildpacks.buildpack.layers': text }, 'acme/image:1')) {
            expect(facts.id).not.toBe('')
            expect(facts.version).not.toMatch(/^(\.\.?|)$|\//)
          }
        } catch (cause) {
          expect(cause).toBeInstanceOf(PackagerError)
          expect(String(cause)).toContain('acme/image:1')
          expect(String(cause)).toContain('io.buildpacks.buildpack.layers')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('are read for extensions too', () => {
    const text = JSON.stringify({ 'acme/curl': { '1': { api: '0.10', layerDiffID: diffID } } })
    expect(readLabelledModules({ 'io.buildpacks.extension.layers': text }, 'an image')).toMatchObject([{ facts: { kind: 'extension', id: 'acme/curl', version: '1' }, diffID }])
  })

  test('may have two thousand modules, and no more', () => {
    expect(readLabelledModules(labelled(2000), 'an image')).toHaveLength(2000)
    expect(() => readLabelledModules(labelled(2001), 'an image')).toThrow('read package "an image": got 2001 modules, want at most 2000')
  })

  test.each([{ deep: { a: 1 } }, { list: [1] }])('with more than words in a member of a group are refused: %j', (extra) => {
    const order = [{ group: [{ id: 'acme/a', version: '1', ...extra }] }]
    expect(() => readLabelledModules(labelled(1, { order }), 'an image')).toThrow('got a group member with more than words in label io.buildpacks.buildpack.layers')
  })

  test('with keywords and licenses in a member of a group keep them: builders have such composites', () => {
    const extra = { keywords: ['a', 'b'], licenses: [{ Type: 'MIT', URI: '' }] }
    const order = [{ group: [{ id: 'acme/a', version: '1', ...extra }] }]
    expect(readLabelledModules(labelled(1, { order }), 'an image')[0]?.facts.order[0]?.[0]?.extra).toEqual(extra)
  })

  test('with other words in a member of a group keep them', () => {
    const order = [{ group: [{ id: 'acme/a', version: '1', why: 'so', often: 2 }] }]
    expect(readLabelledModules(labelled(1, { order }), 'an image')[0]?.facts.order[0]?.[0]?.extra).toEqual({ why: 'so', often: 2 })
  })
})
