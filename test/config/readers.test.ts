import { stringify } from '@iarna/toml'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBuilderToml } from '../../src/config/builder-reader.ts'
import { readBuildpackToml, readExtensionToml } from '../../src/config/module-reader.ts'
import { readPackageToml } from '../../src/config/package.ts'
import { readProjectToml } from '../../src/config/project.ts'

const readers = { readBuildpackToml, readExtensionToml, readPackageToml, readProjectToml, readBuilderToml }

/** Every key that any reader asks for, and some that none does, with values of any type. */
const key = fc.constantFrom(
  'api', 'buildpack', 'extension', 'id', 'version', 'name', 'keywords', 'licenses', 'type', 'uri', 'image', 'stacks', 'mixins', 'targets',
  'os', 'arch', 'distros', 'path', 'order', 'group', 'optional', 'metadata', 'dependencies', 'platform', 'annotations', 'tags', 'shared',
  'platforms', 'build', 'env', 'run', 'images', 'stack', 'lifecycle', 'system', 'pre', 'buildpacks', 'ID', 'Order', 'unknown', 'x.y', 'constructor',
)
const { table } = fc.letrec<{ table: Record<string, unknown>; value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    fc.oneof(fc.constantFrom('', 'linux', '1.0', '{{.x}}'), fc.string(), fc.integer(), fc.boolean(), fc.double({ noNaN: true })),
    fc.array(fc.constantFrom('a', 'b')),
    tie('table'),
    fc.array(tie('table'), { maxLength: 3 }),
  ),
  table: fc.dictionary(key, tie('value'), { maxKeys: 6 }),
}))

describe.each(Object.entries(readers))('%s', (_, read) => {
  it('reads any tables, or says where they are wrong', () => {
    fc.assert(
      fc.property(table, (value) => {
        const text = stringify(value as Parameters<typeof stringify>[0])
        const lines = text.split('\n')
        const { value: config, problems, warnings } = read(text, 'f.toml')
        expect(config === undefined).toBe(problems.length > 0)
        for (const { file, line, column, message } of [...problems, ...warnings]) {
          expect(file).toBe('f.toml')
          expect(message).not.toMatch(/undefined|\[object/)
          expect((lines[line - 1] ?? '').length + 1).toBeGreaterThanOrEqual(column)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('says the same of the same text', () => {
    fc.assert(
      fc.property(table, (value) => {
        const text = stringify(value as Parameters<typeof stringify>[0])
        expect(read(text, 'f.toml')).toEqual(read(text.replaceAll('\n', '\r\n'), 'f.toml'))
      }),
    )
  })
})
