import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonText } from '../../src/cli/inspect/json-text.ts'
import { inspectionText } from '../../src/cli/inspect/text.ts'
import { inspectionJson } from '../../src/inspect/json.ts'
import { inspectionOf } from './support/labelled.ts'

const layers = 'io.buildpacks.buildpack.layers'
const hostile = fc.string({ unit: 'binary', maxLength: 12 })
const word = fc.oneof(hostile, fc.constantFrom('__proto__', 'constructor', 'toString', '1.0', '\u001b[2J', '\u202e', '\n', '\u009b'), fc.jsonValue({ maxDepth: 1 }))
const key = fc.oneof(hostile, fc.constantFrom('__proto__', 'toString', 'a', '\u001b]0;x\u0007', '\u2028'))
const member = fc.record({ id: word, version: word, optional: word }, { requiredKeys: [] })
const orders = fc.oneof(fc.jsonValue(), fc.array(fc.record({ group: fc.oneof(word, fc.array(member, { maxLength: 3 })) }), { maxLength: 3 }))
const module = fc.record({ api: word, homepage: word, name: word, layerDiffID: word, order: orders, targets: fc.oneof(word, fc.array(fc.record({ os: word, arch: word, distros: word }), { maxLength: 2 })) }, { requiredKeys: [] })
const modules = fc.dictionary(key, fc.oneof(word, fc.dictionary(key, fc.oneof(word, module), { maxKeys: 3 })), { maxKeys: 4 })
const builder = fc.record({ description: word, stack: fc.oneof(word, fc.record({ runImage: word })), images: fc.oneof(word, fc.array(fc.record({ image: word }))), lifecycle: fc.oneof(word, fc.record({ version: word })), createdBy: fc.oneof(word, fc.record({ name: word })) }, { requiredKeys: [] })
const asLabel = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> => fc.oneof({ weight: 5, arbitrary: value.map((each) => JSON.stringify(each)) }, { weight: 1, arbitrary: hostile })
const labels = fc
  .tuple(
    fc.record(
      {
        [layers]: asLabel(modules),
        'io.buildpacks.extension.layers': asLabel(modules),
        'io.buildpacks.buildpackage.metadata': asLabel(fc.record({ id: word, version: word, stacks: fc.oneof(word, fc.array(fc.record({ id: word }))) }, { requiredKeys: [] })),
        'io.buildpacks.builder.metadata': asLabel(builder),
        'io.buildpacks.buildpack.order': asLabel(orders),
        'io.buildpacks.base.distro.name': hostile,
        'io.buildpacks.stack.id': hostile,
      },
      { requiredKeys: [] },
    ),
    fc.dictionary(key, hostile, { maxKeys: 3 }),
  )
  .map(([known, others]): Readonly<Record<string, string>> => ({ ...others, ...known }))

test('hostile labels never crash it, and never steer a terminal', () => {
  fc.assert(
    fc.property(fc.array(labels, { minLength: 1, maxLength: 3 }), fc.constantFrom(undefined, 20, 80), fc.boolean(), (all, width, verbose) => {
      const inspection = inspectionOf(...all)
      const text = inspectionText(inspection, { width, verbose })
      const json = jsonText(inspectionJson(inspection))
      for (const shown of [text, json]) expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(inspectionJson(inspection))))
    }),
    { numRuns: 500 },
  )
})
