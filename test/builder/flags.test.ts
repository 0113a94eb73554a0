import { describe, expect, test } from 'vitest'
import { builderLabelsOf } from '../../src/builder/flags.ts'
import { flattenGroups } from '../../src/builder/flatten.ts'
import { buildpack, modules, openBuilderGround, tomlWith } from './support/ground.ts'

describe('--label', () => {
  test('gives several, split where a key follows, by the first equals sign', () => {
    expect(builderLabelsOf(['a=1,b=2', 'c=x=y', 'd=one, two', 'e='])).toEqual({ a: '1', b: '2', c: 'x=y', d: 'one, two', e: '' })
  })

  test.each([['novalue', 'no "="'], ['=x', 'an empty key'], ['a=1,=2', 'an empty key']])('%s is refused: %s', (text, found) => {
    expect(() => builderLabelsOf([text])).toThrow(found)
  })

  test('cannot say what the build image holds', () => {
    expect(() => builderLabelsOf(['io.buildpacks.stack.mixins=[]'])).toThrow('read --label "io.buildpacks.stack.mixins": got a label that says what the build image holds')
  })
})

describe('--flatten', () => {
  test('is a group for each use, spaces cut', () => {
    expect(flattenGroups(['acme/a@1, acme/b@2 ', 'acme/c@3'])).toEqual([['acme/a@1', 'acme/b@2'], ['acme/c@3']])
  })

  test.each(['acme/a', 'acme/a@', '@1', 'a@1@2', 'a@1,,b@2'])('%s is refused', (text) => {
    expect(() => flattenGroups([text])).toThrow(`read --flatten "${text}": got`)
  })
})

test('all that is wrong with the flags is told at once, before a file is read', async () => {
  await using ground = await openBuilderGround('no toml at all')
  const said = await ground.refusal({ labels: ['x'], flatten: ['y'], targets: ['linux/pdp11'], pullPolicy: 'never', env: { SOURCE_DATE_EPOCH: 'soon', CNB_BUILD_CONFIG_DIR: 'relative' } })
  expect(said).toContain('USAGE read the command line: 6 problems')
  for (const text of ['read --label "x"', 'read --flatten "y"', 'pdp11', '--publish with --pull-policy never', 'SOURCE_DATE_EPOCH', 'CNB_BUILD_CONFIG_DIR']) expect(said).toContain(text)
})

test('a label that is written anyway, and a suffix for one image, have no effect, which is said', async () => {
  await using ground = await openBuilderGround(tomlWith(modules('acme/hello')), buildpack('acme/hello', '1.0.0'))
  await ground.run({ labels: ['io.buildpacks.buildpack.order=[]'], appendImageNameSuffix: true, targets: ['linux/amd64'] })
  expect(ground.warnings()).toEqual(['--label io.buildpacks.buildpack.order has no effect: builder create writes it itself', '--append-image-name-suffix has no effect: it tags the images of several targets that are published'])
  expect(await ground.refusal({ labels: ['io.buildpacks.buildpack.order=[]'], strict: true, targets: ['linux/amd64'] })).toContain('CONFIG plan with --strict: a warning')
})
