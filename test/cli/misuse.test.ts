import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../support/cli.ts'
import type { CliResult } from '../support/cli.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bp-package-misuse-'))
})
afterAll(async () => rm(folder, { recursive: true }))

async function bpPackage(...args: string[]): Promise<CliResult> {
  return runCli(args, { cwd: folder, home: folder })
}

/** The errors as they stand on stderr, each with what is below it. */
async function told(...args: string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await bpPackage(...args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  return stderr.trimEnd().split(/\n(?=error: )/u)
}

test('mistakes of every kind on one command line are told together, each with its own hint', async () => {
  const errors = await told(
    ...'host.example/Hello:1 --publish --concurrency 0 --archive-limit 8GB --compression gzip:13 --label nothing'.split(' '),
    ...'--format fle --target linux/quantum --annotation a --flatten-exclude x --registry-mirror none'.split(' '),
    ...'--path nowhere --config none.toml --metadata-file no/such/result.json --publsh --nonsense -q -v'.split(' '),
    '--tag', 'a b', '--tag', 'good', '--tag', '-bad', '--repository',
  )
  expect(errors.map((error) => error.split('\n')[0])).toEqual([
    'error: read the command line: option \'--repository <repository>\' argument missing',
    'error: read the command line: option \'--publish\' cannot be used with option \'-f, --format <format>\'',
    'error: read the command line: option \'-q, --quiet\' cannot be used with option \'-v, --verbose\'',
    'error: read the command line: unknown option \'--publsh\'',
    'error: read the command line: unknown option \'--nonsense\'',
    'error: read --format: got "fle", want layout, file or image',
    'error: read --archive-limit: got "8GB", want a whole number with KiB, MiB, GiB or TiB, such as 8GiB',
    'error: read --concurrency: got "0", want a whole number from 1 to 9999',
    'error: write --metadata-file "no/such/result.json": got a parent folder that does not exist, want a file in an existing folder',
    expect.stringContaining('error: open buildpack "nowhere": got no such file or folder'),
    'error: read --config "none.toml": got no such file, want a package.toml',
    expect.stringContaining('error: read image name "host.example/Hello:1": got upper case in "Hello"'),
    'error: read --tag "a b": neither a tag nor a name',
    'error: read --tag "-bad": neither a tag nor a name',
    expect.stringContaining('error: read --target: "linux/quantum": unknown architecture'),
    'error: read --label "nothing": got no "=", want key=value',
    'error: read --annotation "a": got no "=", want key=value',
    'error: read --flatten-exclude: got "x", want id@version',
    expect.stringContaining('gzip:13'),
    expect.stringContaining('error: read --registry-mirror "none"'),
  ])
  expect(errors[3]).toContain('\nhint: did you mean --publish?')
  expect(errors[5]).toContain('\nhint: did you mean file?')
  expect(errors[11]).toContain('\nhint: repositories are lower case: hello')
})

test('a hint that several mistakes share is told once, after the last of them', async () => {
  const errors = await told('--target', 'linux/quantum', '--target', 'plan10/amd64', '--label', 'x')
  expect(errors.map((error) => error.includes('hint: a target is'))).toEqual([false, true, false])
})

test.each([
  [['--output', '--publish'], "'-o, --output <path>'", '"--publish" is an option; as a value it is written --output=--publish'],
  [['--metadata-file', '--json=x'], "'--metadata-file <file>'", '--metadata-file=--json=x'],
  [['-l', '-q'], "'-l, --label <key=value>'", '--label=-q'],
  [['--insecure', '--plain-http', 'localhost'], "'--insecure-registry, --insecure <host>'", '--insecure=--plain-http'],
])('an option is no value of the one before it: %j', async (words, option, hint) => {
  const errors = await told('acme/hello:1', '--path', 'nowhere', ...words)
  expect(errors[0]).toContain(`option ${option} argument missing`)
  expect(errors[0]).toContain(hint)
})

test('what looks like an option and is none, or is bound to one, is a value', async () => {
  const errors = await told('acme/hello:1', '--path=--publish', '--target', '-none', '--label', '--')
  expect(errors.map((error) => error.split('\n')[0])).toEqual([
    expect.stringContaining('open buildpack "--publish"'),
    expect.stringContaining('read --target: "-none"'),
    expect.stringContaining('read --label "--"'),
  ])
})

test.each(['--path', '--config', '--output', '--cache-dir', '--metadata-file'])('an empty %s is refused, since it would be the current folder', async (option) => {
  const errors = await told('acme/hello:1', option, '')
  expect(errors[0]).toBe(`error: read ${option}: got an empty path, want a file or folder\nhint: leave the option out, or write . for the current folder`)
})

test('one mistake is told as it always is', async () => {
  expect(await told('--concurrency', '0')).toEqual(['error: read --concurrency: got "0", want a whole number from 1 to 9999'])
})

test('as JSON several mistakes are one error with a line for each', async () => {
  const { code, stderr } = await bpPackage('--json', '--concurrency', '0', '--label', 'nothing', '--publsh')
  expect(code).toBe(2)
  const { error } = JSON.parse(stderr) as { error: { code: string; message: string; hint: string; problems: unknown[] } }
  expect(error).toMatchObject({ code: 'USAGE', problems: [], hint: 'did you mean --publish?' })
  expect(error.message.split('\n')).toEqual([
    'read the command line: 3 problems',
    'read the command line: unknown option \'--publsh\'',
    'read --concurrency: got "0", want a whole number from 1 to 9999',
    'read --label "nothing": got no "=", want key=value',
  ])
})

test('what follows an unknown option is neither a name nor too many of them', async () => {
  expect(await told('--platform', 'linux/amd64', 'host.example/Hello:1')).toHaveLength(1)
  expect(await told('manifest', 'push', 'host.example/a:1', 'host.example/b:1', '--nonsense', 'x', 'y')).toHaveLength(1)
  expect(await told('builder', 'create', '--platform', 'linux/amd64', 'host.example/b:1', '-c', 'builder.toml')).toHaveLength(1)
})

test('builder create tells its own mistakes together too', async () => {
  const errors = await told('builder', 'create', 'host.example/Builder', '--concurrency', 'x', '--label', 'x', '--push', '--tag', ':')
  expect(errors.map((error) => error.split('\n')[0])).toEqual([
    "error: read the command line: required option '-c, --config <file>' not specified",
    "error: read the command line: unknown option '--push'",
    'error: read --concurrency: got "x", want a whole number from 1 to 9999',
    expect.stringContaining('error: read image name "host.example/Builder": got upper case'),
    'error: read --tag ":": neither a tag nor a name',
    'error: read --label "x": got no "=", want key=value',
  ])
})

test.each([
  [['--platform', 'linux/amd64'], '--target os/arch'],
  [['--platform=linux/amd64'], '--target os/arch'],
  [['--platfrom', 'linux/amd64'], '--target os/arch'],
  [['manifest', 'create', 'x', '--annotation', 'a=b'], '--index-annotation'],
  [['--targets', 'linux/amd64'], 'did you mean --target?'],
  [['--push'], '--publish'],
  [['--repo', 'host.example/a'], '--repository'],
  [['--file', 'package.toml'], '--config'],
  [['--buildpack', '.'], '--path'],
  [['-b', '.'], '--path'],
  [['--output-type', 'file'], '--format'],
  [['--load'], '--format image'],
  [['--name', 'x'], 'the name stands without an option'],
  [['--insecure-registries', 'x'], '--insecure-registry HOST'],
  [['--tls-verify=false'], '--skip-tls-verify HOST'],
  [['--creds', 'a:b'], 'docker login'],
  [['inspect', 'x', '--target', 'linux/amd64'], '--platform os/arch'],
  [['inspect', 'x', '--type', 'json'], 'here it is --format'],
  [['inspect', 'x', '--load'], 'bp-package inspect --help lists all options'],
  [['manifest', 'create', 'x', '--push'], '--publish'],
  [['manifest', 'exists', 'x', '--push'], 'bp-package manifest exists --help lists all options'],
  [['--xyzzy'], 'bp-package --help lists all options'],
])('%j of another tool is refused with what to write here', async (words, hint) => {
  const [error, ...others] = await told(...words)
  expect(others).toEqual([])
  expect(error).toMatch(/^error: read the command line: unknown option '/u)
  expect(error?.split('\nhint: ')[1]).toContain(hint)
})

test.each([
  [['manifest', 'nosuch'], "unknown command 'nosuch'", 'bp-package manifest --help lists all commands'],
  [['manifest', 'puhs', '--nonsense'], "unknown command 'puhs'", 'did you mean push?'],
  [['help', 'manifest', 'nosuch'], "unknown command 'nosuch'", 'bp-package manifest --help lists all commands'],
  [['help', 'manifest', 'puhs'], "unknown command 'puhs'", 'did you mean push?'],
  [['help', 'nosuch'], 'help "nosuch": not a command', 'bp-package --help lists all commands'],
  [['help', 'nosuch', 'create'], 'help "nosuch create": not a command', 'bp-package --help'],
  [['help', 'package', 'create'], 'help "package create": not a command', 'bp-package package --help'],
  [['help', 'manifest', 'create', 'x'], 'help "manifest create x": not a command', 'bp-package manifest create --help'],
])('%j is no command', async (words, message, hint) => {
  const [error, ...others] = await told(...words)
  expect(others).toEqual([])
  expect(error).toContain(message)
  expect(error).toContain(hint)
})

test('a command that was misspelt is told alone: what follows it may be right there', async () => {
  expect(await told('manfest', 'push', '--purge', '--concurrency', '0')).toEqual(['error: run "manfest": not a command\nhint: did you mean "manifest"?'])
})

test.each([
  [['localhost:5000', '--publish'], 'read NAME "localhost:5000": got a host alone, want host[:port]/path[/path...][:tag]\nhint: such as localhost:5000/acme/hello:1.0.0'],
  [['registry.example:5000', '--publish'], 'read NAME "registry.example:5000": got a host alone'],
  [['registry.example/', '--publish'], 'read image name "registry.example/": got no repository after the host'],
  [['--tag', 'x'.repeat(129), '--publish'], 'neither a tag nor a name'],
  [['--repository', 'host.example/Acme', '--publish'], 'read --repository "host.example/Acme": upper case in "Acme"'],
  [['--repository', 'host.example/acme:1', '--publish'], 'read --repository "host.example/acme:1": got the tag "1", want a repository such as registry.example/acme'],
  [['-t', 'arm64'], 'read --target: "arm64": an architecture without its os, want os/arch, such as linux/arm64\n'],
  [['-t', 'linux/amd64,,linux/arm64'], 'read --target: "": an empty target, want os/arch\n'],
  [['--format', 'oci'], 'hint: did you mean layout?'],
  [['--format', 'docker'], 'hint: did you mean image?'],
])('%j is told in words that lead on', async (words, text) => {
  const errors = await told(...words)
  expect(errors).toHaveLength(1)
  expect(`${errors[0]}\n`).toContain(text)
})
