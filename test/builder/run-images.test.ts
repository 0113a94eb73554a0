import { describe, expect, test } from 'vitest'
import { refuse } from '../support/registry/faults.ts'
import { baseConfig, baseImage, buildpack, modules, openBuilderGround, tomlWith, twoTargets } from './support/ground.ts'

const hello = buildpack('acme/hello', '1.0.0')
const missing = '[[run.images]]\nimage = "HOST/acme/run:1"\nmirrors = ["HOST/acme/gone:1", "HOST/acme/run:1"]\n'

function stack(id: string): ReturnType<typeof baseImage> {
  return baseImage('amd64', { ...baseConfig, Labels: { 'io.buildpacks.stack.id': id } })
}

describe('run images', () => {
  test('that are missing are a warning, and each address is asked for once, whatever number of targets there are', async () => {
    await using ground = await openBuilderGround(tomlWith(`${modules('acme/hello')}${twoTargets}`, { run: missing }), hello)
    await ground.run()
    expect(ground.warnings()).toEqual([`run image "${ground.registry.host}/acme/gone:1": no such manifest in the registry`])
    expect(ground.registry.requests.filter(({ method, path }) => method === 'HEAD' && path.endsWith('/acme/run/manifests/1')).length).toBe(1)
  })

  test('are not looked for with --skip-run-image-check', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello'), { run: missing }), hello)
    await ground.run({ skipRunImageCheck: true, targets: ['linux/amd64'] })
    expect(ground.warnings()).toEqual([])
    expect(ground.registry.requests.filter(({ method, path }) => method !== 'POST' && method !== 'PUT' && /\/acme\/(run|gone)\//.test(path))).toEqual([])
  })

  test('without the platform are a warning for one target, and refused for several', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello')), hello)
    await ground.push('acme/run:1', [baseImage('amd64')])
    await ground.run({ targets: ['linux/arm64'] })
    const found = `run image "${ground.registry.host}/acme/run:1": got images for linux/amd64, want one for linux/arm64`
    expect(ground.warnings()).toEqual([found])
    expect(await ground.refusal({ targets: ['linux/amd64', 'linux/arm64'] })).toContain(`run.images[0]: ${found}`)
  })

  test('that no registry answers for are a warning too', async () => {
    await using ground = await openBuilderGround(tomlWith(modules('acme/hello')), hello)
    ground.registry.fail({ path: /\/acme\/run\//, times: 99, strike: refuse(403, 'DENIED', 'not yours') })
    await ground.run({ targets: ['linux/amd64'] })
    expect(ground.warnings().join()).toContain('403')
  })

  test('have the stack that builder.toml names, as the build image has', async () => {
    const toml = tomlWith(`${modules('acme/hello')}[stack]\nid = "acme.stack"\n`)
    await using ground = await openBuilderGround(toml, hello)
    await ground.push('acme/run:1', [stack('other.stack')])
    const said = await ground.refusal({ targets: ['linux/amd64'] })
    expect(said).toContain('2 problems')
    expect(said).toContain(`run.images[0]: ${ground.registry.host}/acme/run:1 has the stack "other.stack" for linux/amd64, want "acme.stack" as stack.id says`)
    expect(said).toContain(`build.image: ${ground.registry.host}/acme/build:1 has no label io.buildpacks.stack.id, want "acme.stack" as stack.id says`)
    for (const name of ['acme/run:1', 'acme/build:1']) await ground.push(name, [stack('acme.stack')])
    await ground.run({ targets: ['linux/amd64'] })
  })
})
