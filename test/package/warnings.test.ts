import { expect, test } from 'vitest'
import { component, composite, packageToml } from './support/composite.ts'
import type { InlineFiles } from '../support/tree/tree.ts'
import { openGround } from './support/ground.ts'

/** A composite at the top of a folder, its components below. */
const nested: InlineFiles = {
  ...composite('', 'acme/meta@1', ['acme/a@1', 'acme/b@1']),
  ...component('parts/a', 'acme/a@1'),
  ...component('b', 'acme/b@1'),
  'package.toml': packageToml('.', ['./parts/a', './b'], ['linux/amd64', 'linux/arm64']),
}

async function warnings(files: InlineFiles): Promise<readonly string[]> {
  await using ground = await openGround(files)
  return (await ground.run()).warnings
}

test('a composite that holds its components is told once, with their folders and the lines that leave them out', async () => {
  await using ground = await openGround(nested)
  const result = await ground.run()
  expect(result.images).toHaveLength(2)
  const told = ground.events.filter((event) => event.type === 'warning')
  expect(told).toEqual([
    {
      type: 'warning',
      message: 'the layer of acme/meta@1 holds the folders of its own dependencies as well: parts/a/, b/',
      hint: 'leave them out with lines of .bpignore: /parts/a/ and /b/',
    },
  ])
})

test('a composite that leaves its components out has nothing to be told', async () => {
  expect(await warnings({ ...nested, '.bpignore': '/parts/a/\n/b/\n' })).toEqual([])
  expect(await warnings({ ...nested, '.bpignore': '/parts/\n' })).toEqual([expect.stringMatching(/as well: b\/$/)])
})

test('a component beside the composite, in a folder whose name begins alike, is not inside', async () => {
  await using ground = await openGround({
    ...composite('meta', 'acme/meta@1', ['acme/a@1']),
    ...component('meta-a', 'acme/a@1'),
    'meta/package.toml': packageToml('.', ['../meta-a'], ['linux/amd64']),
  })
  expect((await ground.run({ path: 'bp/meta' })).warnings).toEqual([])
})
