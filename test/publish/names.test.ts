import { describe, expect, test } from 'vitest'
import type { ModuleConfig } from '../../src/config/buildpack.ts'
import { readBuildpackToml } from '../../src/config/module-reader.ts'
import type { ProjectConfig } from '../../src/config/project.ts'
import { readProjectToml } from '../../src/config/project.ts'
import type { NameOptions, Names } from '../../src/publish/names.ts'
import { planNames } from '../../src/publish/names.ts'
import { formatTag } from '../../src/publish/tags.ts'

function buildpack(id = 'acme/hello', version = '1.0.0'): ModuleConfig {
  const { value } = readBuildpackToml(`[buildpack]\nid = ${JSON.stringify(id)}\nversion = ${JSON.stringify(version)}\n`, 'buildpack.toml')
  if (value === undefined) throw new Error('unread')
  return value
}

function project(toml: string): ProjectConfig | undefined {
  return readProjectToml(toml, 'bp-package.toml').value
}

function names(rest: Partial<NameOptions> = {}, module = buildpack(), toml = ''): Names {
  return planNames({ cwd: '/here', env: {}, destination: 'registry', ...rest }, module, project(toml))
}

describe('a registry', () => {
  test('is given NAME, written out', () => {
    expect(names({ name: 'registry.example/acme/hello:2' })).toEqual({
      name: 'registry.example/acme/hello:2',
      repository: 'registry.example/acme/hello',
      tags: [{ registry: 'registry.example', repository: 'acme/hello', tag: '2' }],
    })
  })

  test('without a tag means latest', () => {
    expect(names({ name: 'localhost:5000/hello' }).tags.map(formatTag)).toEqual(['localhost:5000/hello:latest'])
  })

  test.each<[string, Partial<NameOptions>, string, string]>([
    ['--repository', { repository: 'r.example/a', env: { BP_PACKAGE_REPOSITORY: 'r.example/b' } }, 'repository = "r.example/c"', 'r.example/a/hello:1.0.0'],
    ['BP_PACKAGE_REPOSITORY', { env: { BP_PACKAGE_REPOSITORY: 'r.example/b' } }, 'repository = "r.example/c"', 'r.example/b/hello:1.0.0'],
    ['bp-package.toml', {}, 'repository = "r.example/c/"', 'r.example/c/hello:1.0.0'],
  ])('is otherwise made of %s, the id and the version', (_, options, toml, wanted) => {
    expect(names(options, buildpack(), toml).name).toBe(wanted)
  })

  test('takes of id and version what a name may hold', () => {
    expect(names({ repository: 'r.example/x' }, buildpack('acme/tools/Hello.World', '1.0.0+build~7')).name).toBe('r.example/x/hello.world:1.0.0_build_7')
    expect(names({ repository: 'r.example/x' }, buildpack('hello', '-1')).name).toBe('r.example/x/hello:_1')
  })

  test('without any name is refused with the three ways to give one', () => {
    for (const options of [{}, { env: { BP_PACKAGE_REPOSITORY: '' } }]) {
      let failure: unknown
      try {
        names(options)
      } catch (cause) {
        failure = cause
      }
      expect(failure).toMatchObject({ code: 'USAGE', hint: expect.stringMatching(/NAME.*--repository.*BP_PACKAGE_REPOSITORY.*bp-package\.toml/) })
    }
  })

  test.each([
    ['registry.example/Acme/Hello', /got upper case in "Acme"/],
    [`registry.example/acme/hello@sha256:${'0'.repeat(64)}`, /got a digest, want a name with a tag/],
    ['https://registry.example/acme/hello', /https?:/],
    ['registry.example/acme/hello:ta g', /ta g/],
    ['', /NAME|name/],
  ])('refuses "%s"', (name, message) => {
    expect(() => names({ name })).toThrow(message)
  })

  test('takes more tags, of its own repository and of others, each once', () => {
    const tags = ['2', 'latest', '1', 'registry.example/acme/hello:2', 'other.example/x', 'registry.example/acme/copy:1']
    expect(names({ name: 'registry.example/acme/hello:1', tags }).tags.map(formatTag)).toEqual([
      'registry.example/acme/hello:1',
      'registry.example/acme/hello:2',
      'registry.example/acme/hello:latest',
      'other.example/x:latest',
      'registry.example/acme/copy:1',
    ])
  })

  test('takes the tags of bp-package.toml where no --tag is given', () => {
    const toml = 'tags = ["stable"]'
    expect(names({ name: 'r.example/a:1' }, buildpack(), toml).tags.map((tag) => tag.tag)).toEqual(['1', 'stable'])
    expect(names({ name: 'r.example/a:1', tags: ['mine'] }, buildpack(), toml).tags.map((tag) => tag.tag)).toEqual(['1', 'mine'])
  })
})

describe('a layout', () => {
  const layout = { destination: 'layout' } as const

  test('lies in the working folder under the last part of the id and the version', () => {
    expect(names(layout)).toEqual({ name: 'acme/hello:1.0.0', repository: 'acme/hello', tags: [{ registry: '', repository: '', tag: '1.0.0' }], path: '/here/hello-1.0.0.oci' })
  })

  test('never lies elsewhere because of what id and version hold', () => {
    expect(names(layout, { ...buildpack('acme/hello', '1'), version: '../../1/0' }).path).toBe('/here/hello-.._.._1_0.oci')
  })

  test('lies where --output says', () => {
    expect(names({ ...layout, output: 'out/there' }).path).toBe('/here/out/there')
    expect(names({ ...layout, output: '/abs', name: './other.oci' }).path).toBe('/abs')
  })

  test.each([
    ['./here', '/here/here'],
    ['../up', '/up'],
    ['/abs/olute', '/abs/olute'],
    ['name.oci', '/here/name.oci'],
    ['.', '/here'],
  ])('lies at NAME where that is a path: %s', (name, path) => {
    expect(names({ ...layout, name })).toMatchObject({ path, name: 'acme/hello:1.0.0' })
  })

  test('is called NAME where that is none', () => {
    expect(names({ ...layout, name: 'r.example/acme/hello:3' })).toMatchObject({ name: 'r.example/acme/hello:3', repository: 'r.example/acme/hello', path: '/here/hello-1.0.0.oci', tags: [{ tag: '3' }] })
  })

  test('takes no word for a repository that is a tag with a letter too many', () => {
    expect(names({ name: 'r.example/a:1', tags: ['x'.repeat(128)] }).tags).toHaveLength(2)
    for (const destination of ['registry', 'layout'] as const) {
      expect(() => names({ destination, name: 'r.example/a:1', tags: ['x'.repeat(129)] })).toThrow(/^read --tag "x{129}": neither a tag nor a name$/)
    }
  })

  test('takes the tags of --tag, whatever repository they name', () => {
    expect(names({ ...layout, tags: ['2', 'r.example/a:3', '1.0.0'] }).tags.map(formatTag)).toEqual(['1.0.0', '2', '3'])
  })
})
