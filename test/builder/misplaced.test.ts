import { describe, expect, test } from 'vitest'
import { baseConfig, baseImage, buildpack, modules, openBuilderGround, tomlWith } from './support/ground.ts'

const hello = buildpack('acme/hello', '1.0.0')
const underscored = buildpack('acme_hello', '1.0.0')

/** A buildpack that is made of one other. */
function composite(name: string, member: string): Record<string, string> {
  return {
    [`${name}/buildpack.toml`]: `api = "0.10"\n[buildpack]\nid = "acme/${name}"\nversion = "1"\n[[order]]\n[[order.group]]\nid = "acme/${member}"\nversion = "1"\n`,
  }
}

describe('modules that would lie in one folder', () => {
  test('are refused, where one would hide files of the other', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello', 'acme_hello')), { ...hello, ...underscored })
    const said = await ground.refusal({ targets: ['linux/amd64'] })
    expect(said).toContain('builder.toml:3:1: buildpacks[1]: acme_hello@1.0.0 would lie in /cnb/buildpacks/acme_hello/1.0.0, as acme/hello@1.0.0 does: give one of them another id or version')
    expect(said).toContain('1 problem')
  })

  test('are refused where the base has one of them', async () => {
    const layers = JSON.stringify({ acme_hello: { '1.0.0': { api: '0.10', layerDiffID: `sha256:${'0'.repeat(64)}` } } })
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello')), hello)
    await ground.push('acme/build:1', [baseImage('amd64', { ...baseConfig, Labels: { 'io.buildpacks.buildpack.layers': layers } })])
    expect(await ground.refusal({ targets: ['linux/amd64'] })).toContain('buildpacks[0]: acme/hello@1.0.0 would lie in /cnb/buildpacks/acme_hello/1.0.0, as acme_hello@1.0.0 does')
  })

  test('may have other versions', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello', 'acme_hello')), { ...hello, ...buildpack('acme_hello', '2.0.0') })
    await ground.run({ targets: ['linux/amd64'] })
  })
})

describe('composites', () => {
  test('that are members of themselves are refused with the way they are', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/outer', 'acme/a', 'acme/b')), { ...composite('outer', 'a'), ...composite('a', 'b'), ...composite('b', 'a') })
    const circles = await ground.refusal({ targets: ['linux/amd64'] })
    expect(circles).toContain('buildpacks[1]: acme/a@1 is a member of itself: acme/a@1 > acme/b@1 > acme/a@1')
    expect(circles).toContain('buildpacks[2]: acme/b@1 is a member of itself: acme/b@1 > acme/a@1 > acme/b@1')
    expect(circles).toContain('2 problems')
  })
})
