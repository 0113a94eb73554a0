import { expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { recordingLibrary, scene } from './support/screen.ts'

async function parse(...words: string[]) {
  const context = scene()
  const library = recordingLibrary()
  const code = await run(words, '1.2.3', context, library)
  return { code, asked: library.asked[0], stdout: context.stdout.text, stderr: context.stderr.text }
}

test('without a word the current folder is packaged as a layout', async () => {
  const { asked } = await parse()
  expect(asked).toMatchObject({ cwd: '/here', hostArch: 'amd64', destination: 'layout', cache: true, defaultExcludes: true })
  expect(Object.keys(asked ?? {}).sort()).toEqual(['cache', 'cwd', 'defaultExcludes', 'destination', 'env', 'hostArch', 'onEvent', 'registry', 'signal'])
})

test('every option reaches the library', async () => {
  const words = [
    ['registry.example/a:1', '-p', 'bp', '-c', 'package.toml', '-t', 'linux/amd64', '--target', 'linux/arm64', '--publish', '--tag', 'x', '--tag', 'y'],
    ['--repository', 'r', '--append-image-name-suffix', '-l', 'a=1,2', '--label', 'b=', '--annotation', 'index:k=v', '--flatten-exclude', 'a@1'],
    ['--exclude', '*.md', '--no-default-excludes', '--strict', '--no-cache', '--concurrency', '3', '--compression', 'gzip:9'],
    ['--plain-http', 'h1', '--skip-tls-verify', 'h2', '--ca-file', 'ca.pem', '--insecure', 'h3', '--insecure-registry', 'h4', '-q'],
  ]
  const { code, asked } = await parse(...words.flat())
  expect(code).toBe(0)
  expect(asked).toMatchObject({
    name: 'registry.example/a:1',
    path: 'bp',
    config: 'package.toml',
    targets: ['linux/amd64', 'linux/arm64'],
    destination: 'registry',
    tags: ['x', 'y'],
    repository: 'r',
    appendImageNameSuffix: true,
    labels: ['a=1,2', 'b='],
    annotations: ['index:k=v'],
    flatten: true,
    flattenExclude: ['a@1'],
    exclude: ['*.md'],
    defaultExcludes: false,
    strict: true,
    cache: false,
    concurrency: 3,
    compression: 'gzip:9',
    registry: { plainHttp: ['h1'], skipTlsVerify: ['h2'], insecure: ['h3', 'h4'], caFiles: ['ca.pem'] },
  })
})

test.each(['layout', 'file', 'image'])('--format %s and the other paths go through', async (format) => {
  const { asked } = await parse('package', '--format', format, '-o', 'out', '--cache-dir', 'cache')
  expect(asked).toMatchObject({ destination: format, output: 'out', cacheDir: 'cache' })
})

test('the command may be named, and a name may be the word of a command then', async () => {
  expect((await parse('package', 'manifest')).asked).toMatchObject({ name: 'manifest' })
})

test.each([
  [['manfest', 'create', 'x'], 'run "manfest": not a command', 'did you mean "manifest"?'],
  [['-q', 'bulider', 'create'], 'run "bulider": not a command', 'did you mean "builder"?'],
  [['hello', 'world'], 'got a second name "world" after "hello", want one name', 'quote a path'],
  [['--publsh'], "unknown option '--publsh'", 'did you mean --publish?'],
  [['--xyzzy'], "unknown option '--xyzzy'", '--help lists all options'],
  [['--publish', '--format', 'file'], "option '--publish' cannot be used with option '-f, --format", 'hint'],
  [['--publish-by-digest', '--output', 'x'], "option '--publish-by-digest' cannot be used with option '-o, --output", 'hint'],
  [['-q', '-v'], "option '-q, --quiet' cannot be used with option '-v, --verbose'", 'hint'],
  [['--no-cache', '--cache-dir', 'x'], "option '--no-cache' cannot be used with option '--cache-dir", 'hint'],
  [['--dry-run', '--metadata-file', 'x'], "option '--dry-run' cannot be used with option '--metadata-file", 'hint'],
  [['--concurrency', '0'], 'read --concurrency: got "0", want a whole number from 1', ''],
  [['--concurrency', '1.5'], 'read --concurrency: got "1.5"', ''],
  [['--format', 'zip'], 'read --format: got "zip", want layout, file or image', ''],
  [['--path'], "option '-p, --path <path>' argument missing", 'hint'],
  [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish', 'hint'],
  [['completion'], "missing required argument 'shell'", 'hint'],
])('%j is refused', async (words, message, hint) => {
  const { code, asked, stdout, stderr } = await parse(...words)
  expect({ code, asked, stdout }).toEqual({ code: 2, asked: undefined, stdout: '' })
  expect(stderr).toMatch(/^error: /u)
  expect(stderr).toContain(message)
  expect(stderr).toContain(hint)
})

test.each(['vendor'])('%s is refused by name and not taken for a name', async (name) => {
  for (const words of [[name], [name, 'create', 'x', '--publish'], [name, '--help'], ['help', name]]) {
    const { code, asked, stderr } = await parse(...words)
    expect({ code, asked }).toEqual({ code: 2, asked: undefined })
    expect(stderr).toContain(`error: run "${name}": not part of this version`)
  }
})

test('an error in the command line is JSON too where --json stands', async () => {
  const { code, stderr } = await parse('--json', '--publsh')
  expect(code).toBe(2)
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'USAGE', hint: 'did you mean --publish?' } })
})

test('--help tells the options of the default command and no command that is not there yet', async () => {
  const { code, stdout, stderr } = await parse('--help')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('--append-image-name-suffix')
  expect(stdout).toContain('completion <shell>')
  expect(stdout).not.toMatch(/^ +vendor /mu)
})

test('--help has every option below a heading, one on each line of a hundred columns, and fits two screens', async () => {
  const { stdout } = await parse('--help')
  const lines = stdout.split('\n')
  const headings = ['What is packaged:', 'Where it goes:', 'How:', 'Registries, each flag for one host:', 'What is printed:', 'Commands:', 'Examples:']
  expect(lines.filter((line) => /^\S.*:$/u.test(line))).toEqual(headings)
  expect(lines.length).toBeLessThan(80)
  const options = lines.slice(lines.indexOf('What is packaged:'), lines.indexOf('Commands:')).filter((line) => line.startsWith(' '))
  expect(options.filter((line) => !/^ {2}-\S/u.test(line))).toEqual([])
  expect((await parse('package', '--help')).stdout).toContain('\nWhere it goes:\n')
})

test('help of one command, and the version, go to stdout', async () => {
  expect((await parse('completion', '--help')).stdout).toContain('Usage: bp-package completion')
  expect((await parse('help', 'help')).stdout).toBe((await parse('--help')).stdout)
  expect((await parse('help', 'manifest')).stdout).toContain('Usage: bp-package manifest <command>')
  expect((await parse('help', 'manifest', 'create')).stdout).toContain('Usage: bp-package manifest create [options]')
  expect(await parse('package', '-h')).toMatchObject({ code: 0, stderr: '' })
  expect(await parse('-q', '--version')).toMatchObject({ code: 0, stdout: '1.2.3\n', stderr: '' })
})
