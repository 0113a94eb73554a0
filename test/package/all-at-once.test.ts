import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PackagerError, formatProblem } from '../../src/errors.ts'
import type { PackageOptions } from '../../src/package/options.ts'
import type { InlineFiles } from '../support/tree/tree.ts'
import { openGround, program, tomlFor } from './support/ground.ts'

const programs = { 'bin/build': program, 'bin/detect': program }

async function refusal(files: InlineFiles, options: Partial<PackageOptions> = {}): Promise<PackagerError> {
  await using ground = await openGround(files)
  const error: unknown = await ground.run({ cwd: ground.bp, path: '.', ...options }).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (error instanceof PackagerError) return error
  throw new Error('no refusal', { cause: error })
}

async function problems(files: InlineFiles, options: Partial<PackageOptions> = {}): Promise<readonly string[]> {
  const error = await refusal(files, options)
  expect(error.code).toBe('CONFIG')
  return error.problems.map(formatProblem)
}

test('problems of package.toml, bp-package.toml, buildpack.toml and its targets come together, file by file, in their order', async () => {
  const files = {
    'package.toml': '[buildpack]\nuri = "."\nid = "x"\n',
    'bp-package.toml': 'repo = "x"\n',
    'buildpack.toml': '[[targets]]\nos = "linux"\narch = "quantum"\n[[targets]]\nos = 5\narch = "amd64"\n[buildpack]\nid = "a/b"\n',
  }
  expect(await problems(files)).toEqual([
    'package.toml:3:1: buildpack.id: unknown key; it belongs in buildpack.toml',
    'bp-package.toml:1:1: repo: unknown key; did you mean repository?',
    expect.stringMatching(/^buildpack\.toml:3:1: targets\[0\]\.arch: unknown architecture "quantum", want one of 386, amd64/),
    'buildpack.toml:5:1: targets[1].os: is a number (5), must be a string: write os = "5"',
    'buildpack.toml:7:1: buildpack.version: is required',
  ])
})

test.each([
  ['that is no TOML, for the folder it lies in', 'nonsense\n', {}],
  ['that is no TOML, for --path', 'nonsense\n', { path: '.', config: 'package.toml' }],
  ['that names another place, for that place', '[buildpack]\nuri = "."\nname = "x"\n', { path: undefined, config: 'package.toml' }],
])('a package.toml %s, hides nothing of buildpack.toml', async (_, text, { path, config }: { path?: string | undefined; config?: string | undefined }) => {
  const options = { ...(path === undefined ? {} : { path }), ...(config === undefined ? {} : { config }) }
  const found = await problems({ 'package.toml': text, 'buildpack.toml': '[buildpack]\nid = "a/b"\n' }, options)
  expect(found).toHaveLength(2)
  expect(found[0]).toMatch(/^package\.toml:[13]:\d+: /)
  expect(found[1]).toBe('buildpack.toml:1:1: buildpack.version: is required')
})

test('where a wrong package.toml leads to no buildpack its own problems are all there is to say', async () => {
  expect(await problems({ 'package.toml': 'nonsense\n' })).toHaveLength(1)
})

test('what bp-package.toml says in place of flags is checked as they are, at its place', async () => {
  const project = 'colour = 1\nrepository = "host.example/Acme"\ntags = ["good", "a b"]\n[annotations]\n"idnex:a" = "b"\n[[dependencies]]\nuri = "x"\nplatforms = ["linux/amd64", "arm64"]\n'
  expect(await problems({ ...programs, 'buildpack.toml': tomlFor('linux/amd64'), 'bp-package.toml': project })).toEqual([
    'bp-package.toml:1:1: colour: unknown key',
    expect.stringContaining('bp-package.toml:2:1: repository: "host.example/Acme": upper case in "Acme"'),
    'bp-package.toml:3:1: tags[1]: "a b": neither a tag nor a name',
    expect.stringMatching(/^bp-package\.toml:4:1: annotations: "idnex:a": got an unknown scope, want index:, .* \(did you mean index:\?\)$/),
    'bp-package.toml:6:1: dependencies[0].platforms[1]: "arm64": got an architecture without its os, want os/arch, such as linux/arm64',
  ])
})

test('targets of package.toml are checked for a composite, together with the rest', async () => {
  const order = '[[order]]\n[[order.group]]\nid = "a/c"\n'
  const files = { 'package.toml': '[buildpack]\nuri = "."\n[[targets]]\nos = "linx"\narch = "amd64"\n', 'buildpack.toml': `[buildpack]\nid = "a/b"\nversion = "1"\n${order}` }
  const found = await problems(files)
  expect(found).toEqual([
    expect.stringMatching(/^package\.toml:4:1: targets\[0\]\.os: unknown os "linx", want one of .* \(did you mean linux\?\)$/),
    expect.stringMatching(/^buildpack\.toml:5:1: order\[0\]\.group\[0\]\.version: is required/),
  ])
})

test('targets of the file are no problem where flags name others', async () => {
  await using ground = await openGround({ ...programs, 'buildpack.toml': tomlFor('linux/quantum') })
  expect((await ground.run({ targets: ['linux/amd64'] })).images).toHaveLength(1)
})

test('a dependency that is not there stands beside the problems of buildpack.toml', async () => {
  const files = { 'package.toml': '[buildpack]\nuri = "."\n[[dependencies]]\nuri = "./nothing"\n', 'buildpack.toml': '[buildpack]\nid = "a/b"\n' }
  expect(await problems(files)).toEqual([
    expect.stringMatching(/^package\.toml:3:1: dependencies\[0\]: .*no such file or folder/),
    'buildpack.toml:1:1: buildpack.version: is required',
  ])
})

test.each([
  ['extension', 'other', '"other" holds buildpack.toml: write [buildpack] uri = "other"'],
  ['buildpack', 'curl', '"curl" holds extension.toml: write [extension] uri = "curl"'],
  ['buildpack', 'empty', '"empty" holds neither buildpack.toml nor extension.toml'],
])('a package.toml whose [%s] names %s, which is something else, is told with all else', async (kind, uri, message) => {
  const files = {
    'package.toml': `[${kind}]\nuri = "${uri}"\n[[dependencies]]\nuri = "./nothing"\n`,
    'other/buildpack.toml': '[buildpack]\nid = "a/b"\nversion = "1"\n',
    'curl/extension.toml': '[extension]\nid = "a/c"\nversion = "1"\n',
    'empty/README.md': '',
  }
  expect(await problems({ ...files, 'bp-package.toml': 'colour = 1\n' }, Object.fromEntries([['path', undefined], ['config', 'package.toml']]))).toEqual([
    `package.toml:2:1: ${kind}.uri: ${message}`,
    expect.stringContaining('package.toml:3:1: dependencies[0]: open buildpack "./nothing": got no such file or folder'),
    expect.stringContaining('bp-package.toml:1:1: colour: unknown key'),
  ])
})

test('a package.toml without a source leaves it to what lies beside it whether that is a buildpack or an extension', async () => {
  await using ground = await openGround({ 'package.toml': '[[targets]]\nos = "linux"\narch = "amd64"\n', 'extension.toml': '[extension]\nid = "a/c"\nversion = "1"\n', 'bin/detect': program })
  expect((await ground.run()).name).toBe('a/c:1')
})

test('wrong flags are told together, one on each line', async () => {
  const error = await refusal(
    { ...programs, 'buildpack.toml': tomlFor('linux/amd64') },
    { targets: ['linux/amd64', 'linux/quantum', 'plan10/amd64'], labels: ['nothing', 'a=b'], annotations: ['indx:a=b'], compression: 'gzip:13', flattenExclude: ['a'], env: { SOURCE_DATE_EPOCH: 'now' } },
  )
  expect(error.code).toBe('USAGE')
  expect(error.message.split('\n')).toEqual([
    'read the command line: 7 problems',
    expect.stringMatching(/^read --target: "linux\/quantum": unknown architecture "quantum", want /),
    expect.stringMatching(/^read --target: "plan10\/amd64": unknown os "plan10", want /),
    'read --label "nothing": got no "=", want key=value',
    expect.stringMatching(/^read --annotation "indx:a": got an unknown scope, want /),
    expect.stringMatching(/^read --flatten-exclude: got "a", want id@version$/),
    expect.stringMatching(/gzip:13/),
    expect.stringMatching(/SOURCE_DATE_EPOCH "now": got no time, want /),
  ])
  expect(error.hint).toContain('a target is os/arch')
})

test('one wrong flag is told by itself', async () => {
  const error = await refusal({ ...programs, 'buildpack.toml': tomlFor('linux/amd64') }, { labels: ['nothing'] })
  expect(error.message).toBe('read --label "nothing": got no "=", want key=value')
})

test.each([
  ['--path', { path: 'nowhere' }, 'USAGE', 'open buildpack "nowhere": got no such file or folder'],
  ['--config', { config: 'nowhere.toml' }, 'USAGE', 'read --config "nowhere.toml": got no such file, want a package.toml'],
  ['--config, a folder', { config: 'bin' }, 'USAGE', 'read --config "bin": got a folder, want a package.toml'],
] as const)('what is not there is the mistake of %s', async (_, options, code, message) => {
  const error = await refusal({ ...programs, 'buildpack.toml': tomlFor('linux/amd64') }, options)
  expect(error.code).toBe(code)
  expect(error.message).toContain(message)
})

test.each([
  ['nowhere', '"nowhere": no such file or folder, want a folder with buildpack.toml'],
  ['https://example.com/a.tgz', '"https://example.com/a.tgz": a remote address, want a folder or archive on this machine'],
])('a uri of package.toml that leads nowhere is a mistake at its place: %s', async (uri, message) => {
  await using ground = await openGround({ 'package.toml': `[buildpack]\nuri = "${uri}"\n` })
  const { path: _path, ...options } = ground.options
  const { packageBuildpack } = await import('../../src/package/run.ts')
  const error = await packageBuildpack({ ...options, cwd: ground.bp }).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'CONFIG', problems: [{ file: 'package.toml', line: 2, column: 1, key: 'buildpack.uri', message: expect.stringContaining(message) }] })
})

test.each(['buildpack.toml', 'package.toml', 'bp-package.toml'])('a %s that is not UTF-8 is a mistake at its first such byte', async (name) => {
  await using ground = await openGround({ ...programs, 'buildpack.toml': tomlFor('linux/amd64') })
  await writeFile(join(ground.bp, name), Buffer.from('# one\n# caf\u00e9\n', 'latin1'))
  const error = await ground.run({ cwd: ground.bp, path: '.' }).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'CONFIG', problems: [{ file: name, line: 2, column: 6, message: 'not TOML: byte 0xe9 is not UTF-8: save the file as UTF-8' }] })
})

test('--flatten on one module is told to do nothing', async () => {
  await using ground = await openGround({ ...programs, 'buildpack.toml': tomlFor('linux/amd64', 'linux/arm64') })
  const { warnings } = await ground.run({ flatten: true })
  expect(warnings).toEqual(['--flatten does nothing here: buildpack acme/hello@1.0.0 is one module, in one layer'])
})
