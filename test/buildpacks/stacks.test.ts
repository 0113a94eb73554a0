import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModuleFacts } from '../../src/buildpacks/module.ts'
import { mergeStacks } from '../../src/buildpacks/stacks.ts'
import type { Stack } from '../../src/config/buildpack.ts'

type Kind = 'component' | 'composite' | 'extension'

/** Stacks as `id` or `id mixin mixin`. */
function module(stacks: readonly string[], kind: Kind = 'component'): ModuleFacts {
  return {
    kind: kind === 'extension' ? 'extension' : 'buildpack',
    id: 'acme/x',
    version: '1',
    api: '0.10',
    name: '',
    homepage: '',
    stacks: stacks.map(parse),
    targets: [],
    order: kind === 'composite' ? [[{ id: 'acme/y', version: '1', optional: false, extra: {} }]] : [],
  }
}

function parse(text: string): Stack {
  const [id = '', ...mixins] = text.split(' ')
  return { id, mixins }
}

function merged(main: ModuleFacts, ...dependencies: readonly ModuleFacts[]): string[] | undefined {
  return mergeStacks(main, dependencies)?.map(({ id, mixins }) => [id, ...mixins].join(' '))
}

const meta = module([], 'composite')

describe('the stacks of a package', () => {
  test.each<[string, string[] | undefined, ModuleFacts, ModuleFacts[]]>([
    ['of a component are its own', ['b', 'a'], module(['b', 'a']), []],
    ['of a component without any are any', ['*'], module([]), []],
    ['of a composite are those of its first dependency with some', ['s1', 's2'], meta, [module([], 'composite'), module(['s1', 's2'])]],
    ['are any where all run on any', ['*'], meta, [module([]), module(['*'])]],
    ['are those of the one that does not run on any', ['s1'], meta, [module(['*']), module(['s1']), module([])]],
    ['are those that all have, in the order of the last', ['s3', 's2'], meta, [module(['s1', 's2', 's3']), module(['s3', 's4', 's2'])]],
    ['have the mixins of both, each once and sorted', ['s1 a b c'], meta, [module(['s1 c a']), module(['s1 b c'])]],
    ['are none where two share none', undefined, meta, [module(['s1']), module(['s2'])]],
    ['stay none, whatever comes after', undefined, meta, [module(['s1']), module(['s2']), module(['s1'])]],
    ['take no notice of extensions, which have none', ['s1'], meta, [module(['s1']), module([], 'extension')]],
    ['of a composite of composites alone are an empty list', [], meta, [module([], 'composite')]],
  ])('%s', (_what, wanted, main, dependencies) => {
    expect(merged(main, ...dependencies)).toEqual(wanted)
  })
})

const ids = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd'), { minLength: 1 })

describe('whatever the dependencies', () => {
  test('the stacks are those that every one of them has', () => {
    fc.assert(
      fc.property(fc.array(ids, { minLength: 1, maxLength: 4 }), (lists) => {
        const wanted = ['a', 'b', 'c', 'd'].filter((id) => lists.every((list) => list.includes(id)))
        const found = merged(meta, ...lists.map((list) => module(list)))
        expect(found === undefined ? [] : [...found].sort()).toEqual(wanted)
      }),
    )
  })

  test('one that runs on any changes nothing, wherever it stands', () => {
    fc.assert(
      fc.property(fc.array(ids, { minLength: 1, maxLength: 3 }), fc.nat(3), (lists, at) => {
        const modules = lists.map((list) => module(list))
        expect(merged(meta, ...modules.toSpliced(at, 0, module([])))).toEqual(merged(meta, ...modules))
      }),
    )
  })
})
