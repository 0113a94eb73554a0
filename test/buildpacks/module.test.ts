import { expect, test } from 'vitest'
import { isComposite, moduleName } from '../../src/buildpacks/module.ts'
import { readBuildpackToml } from '../../src/config/module-reader.ts'

function config(toml: string) {
  const { value } = readBuildpackToml(`api = "0.10"\n[buildpack]\nid = "acme/hello"\nversion = "1.2.3+b"\n${toml}`, 'buildpack.toml')
  if (value === undefined) throw new Error('not read')
  return value
}

test('a module is named by its id and version, as an order names it', () => {
  expect(moduleName(config(''))).toBe('acme/hello@1.2.3+b')
})

test('a composite is what has an order', () => {
  expect(isComposite(config(''))).toBe(false)
  expect(isComposite(config('[[order]]\n[[order.group]]\nid = "acme/x"\nversion = "1"\n'))).toBe(true)
})
