import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModuleFacts } from '../../src/buildpacks/module.ts'
import { moduleName } from '../../src/buildpacks/module.ts'
import { checkOrders } from '../../src/buildpacks/order.ts'

/** `id@version`, and for each group of its order the members, `?` behind an optional one. */
function module(name: string, order: readonly (readonly string[])[] = [], kind: ModuleFacts['kind'] = 'buildpack'): ModuleFacts {
  const [id = '', version = ''] = name.split('@')
  const groups = order.map((group) =>
    group.map((member) => {
      const [id = '', version = ''] = member.replace('?', '').split('@')
      return { id, version, optional: member.endsWith('?'), extra: {} }
    }),
  )
  return { kind, id, version, api: '0.10', name: '', homepage: '', stacks: [], targets: [], order: groups }
}

const fine = { unresolved: [], unused: [] }

describe('the orders of a package', () => {
  test('are fine where each entry is a module and each module an entry', () => {
    expect(checkOrders(module('m@1', [['a@1', 'b@1?'], ['b@1']]), [module('a@1'), module('b@1')])).toEqual(fine)
  })

  test('of a component are none', () => {
    expect(checkOrders(module('m@1'), [])).toEqual(fine)
  })

  test('need every entry, an optional one as well: the lifecycle looks for it', () => {
    expect(checkOrders(module('m@1', [['a@1', 'b@1?']]), [module('a@1')]).unresolved).toEqual([{ entry: 'b@1', of: 'm@1', near: [] }])
  })

  test('of dependencies need theirs too', () => {
    expect(checkOrders(module('m@1', [['n@1']]), [module('n@1', [['a@1']])]).unresolved).toEqual([{ entry: 'a@1', of: 'n@1', near: [] }])
  })

  test('that miss an entry tell what is near: another version, and the same last word', () => {
    const { unresolved } = checkOrders(module('m@1', [['acme/node@2', 'acme/go@1']]), [module('acme/node@1'), module('other/node@2'), module('acme/golang@1')])
    expect(unresolved.map(({ near }) => near)).toEqual([['acme/node@1', 'other/node@2'], []])
  })

  test('tell an entry once for each order that has it, whatever the number of groups', () => {
    const { unresolved } = checkOrders(module('m@1', [['a@1', 'n@1'], ['a@1']]), [module('n@1', [['a@1']])])
    expect(unresolved.map(({ entry, of }) => [entry, of])).toEqual([
      ['a@1', 'm@1'],
      ['a@1', 'n@1'],
    ])
  })

  test('leave a module unused that only an unused one names', () => {
    expect(checkOrders(module('m@1', [['a@1']]), [module('a@1'), module('n@1', [['b@1']]), module('b@1')]).unused).toEqual(['n@1', 'b@1'])
  })

  test('need no entry for an extension, but beside a component it is unused', () => {
    const extension = module('e@1', [], 'extension')
    expect(checkOrders(module('m@1', [['a@1']]), [module('a@1'), extension])).toEqual(fine)
    expect(checkOrders(module('m@1', [['a@1', 'e@1']]), [module('a@1'), extension])).toEqual(fine)
    expect(checkOrders(module('m@1'), [extension]).unused).toEqual(['e@1'])
  })

  test('end where they go in a circle', () => {
    expect(checkOrders(module('m@1', [['n@1']]), [module('n@1', [['m@1', 'n@1']])])).toEqual(fine)
  })
})

test('whatever the graph: unresolved and unused are what a walk from the main module says', () => {
  const names = ['m@1', 'a@1', 'b@1', 'c@1', 'd@1']
  const orders = fc.tuple(...names.map(() => fc.subarray(names)))
  fc.assert(
    fc.property(orders, fc.subarray(names.slice(1)), (edges, present) => {
      const modules = ['m@1', ...present].map((name) => module(name, [edges[names.indexOf(name)] ?? []]))
      const [main = module('m@1'), ...dependencies] = modules
      const has = (name: string): boolean => modules.some((one) => moduleName(one) === name)
      const reached = new Set(['m@1'])
      for (let size = 0; size < reached.size; ) {
        size = reached.size
        for (const name of [...reached].filter(has)) for (const next of edges[names.indexOf(name)] ?? []) reached.add(next)
      }
      const { unresolved, unused } = checkOrders(main, dependencies)
      expect(unused).toEqual(present.filter((name) => !reached.has(name)))
      expect(unresolved.map(({ entry, of }) => `${of} ${entry}`)).toEqual(modules.flatMap((one) => (edges[names.indexOf(moduleName(one))] ?? []).filter((name) => !has(name)).map((name) => `${moduleName(one)} ${name}`)))
    }),
  )
})
