import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { recordingLibrary, scene } from './support/screen.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bp-package-completion-'))
  writeFileSync(join(folder, 'buildpack.toml'), '')
  writeFileSync(join(folder, 'build notes.txt'), '')
  mkdirSync(join(folder, 'builds'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function script(shell: string): Promise<string> {
  const context = scene()
  expect(await run(['completion', shell], '1.2.3', context, recordingLibrary())).toBe(0)
  return context.stdout.text
}

/** What bash offers for the last of these words, with the script sourced. */
async function offered(...words: string[]): Promise<string[]> {
  const ask = `${await script('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
_bp_package
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', ask, 'bash', 'bp-package', ...words], { cwd: folder, encoding: 'utf8' })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout.split('\n').filter((line) => line !== '')
}

test('bash offers the commands that there are as the first word', async () => {
  expect(await offered('')).toEqual(['package', 'inspect', 'manifest', 'builder', 'completion', 'help'])
  expect(await offered('co')).toEqual(['completion'])
})

test('bash offers options without the command too', async () => {
  expect(await offered('--pub')).toEqual(['--publish', '--publish-by-digest'])
  expect(await offered('package', 'name', '--no-')).toEqual(['--no-default-excludes', '--no-cache', '--no-progress'])
  expect(await offered('--insec')).toEqual(['--insecure-registry', '--insecure'])
})

test('bash offers the values that an option can have, after a space or an equals sign', async () => {
  expect(await offered('--format', '')).toEqual(['layout', 'file', 'image'])
  expect(await offered('-f', 'la')).toEqual(['layout'])
  expect(await offered('--format', '=')).toEqual(['layout', 'file', 'image'])
  expect(await offered('--format', '=', 'fi')).toEqual(['file'])
})

test('bash offers files and folders for what is inspected, and options after a dash', async () => {
  expect((await offered('inspect', 'build')).sort()).toEqual(['build notes.txt', 'buildpack.toml', 'builds'])
  expect(await offered('inspect', 'x', '--f')).toEqual(['--format', '--files'])
  expect(await offered('inspect', '-f', 'js')).toEqual(['json'])
})

test('zsh and fish offer them too', async () => {
  expect(await script('zsh')).toMatch(/^ +inspect\)\n(?: .*\n)*? +'\*:source:_files'\n +;;$/mu)
  expect(await script('fish')).toMatch(/^complete -c bp-package -n '__fish_seen_subcommand_from inspect[^']*' -F$/mu)
})

test('bash offers the commands of a command, and their options by either name', async () => {
  expect(await offered('manifest', '')).toEqual(['create', 'add', 'annotate', 'rm', 'remove', 'exists', 'push', 'inspect', '-h', '--help'])
  expect(await offered('manifest', 'an')).toEqual(['annotate'])
  expect(await offered('manifest', 'push', '--p')).toEqual(['--purge', '--plain-http'])
  expect(await offered('manifest', 'remove-entry', 'list', '--keep')).toEqual(['--keep-attestations'])
  expect(await offered('manifest', 'delete', '--if')).toEqual(['--if-exists'])
})

test('bash offers files, also with spaces in their names, and folders', async () => {
  expect((await offered('-p', 'build')).sort()).toEqual(['build notes.txt', 'buildpack.toml', 'builds'])
  expect(await offered('--cache-dir', 'build')).toEqual(['builds'])
})

test('bash offers nothing where only the author knows', async () => {
  expect(await offered('--tag', '')).toEqual([])
})

test('bash offers the commands below a command, and what they take', async () => {
  expect(await offered('builder', 'c')).toEqual(['create'])
  expect(await offered('builder', 'create', 'name', '--lifecycle')).toEqual(['--lifecycle-template', '--lifecycle-any-arch'])
  expect(await offered('builder', 'create', '--config', 'buildpack')).toEqual(['buildpack.toml'])
})

test('bash offers the commands that help tells of', async () => {
  expect(await offered('help', 'man')).toEqual(['manifest'])
  expect(await offered('help', 'manifest', 'p')).toEqual(['push'])
})

test('bash offers the formats of a list', async () => {
  expect(await offered('manifest', 'create', '--format', '')).toEqual(['oci', 'docker'])
  expect(await offered('manifest', 'push', '-f', 'd')).toEqual(['docker'])
})

test('bash offers the shells', async () => {
  expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish', '-h', '--help'])
})

test.each(['zsh', 'fish'])('the script for %s knows every option and no command that is not there yet', async (shell) => {
  const text = await script(shell)
  for (const name of ['append-image-name-suffix', 'plain-http', 'insecure-registry', 'no-default-excludes', 'help']) expect(text).toContain(name)
  expect(text).toContain('layout file image')
  expect(text).not.toMatch(/vendor/u)
})

test('zsh reads descriptions with quotes, brackets and colons as text', async () => {
  const text = await script('zsh')
  expect(text).toContain(String.raw`'*'{-t,--target}'[os/arch\[/variant\]\[\:distro@version\], repeatable]:value: '`)
  expect(text).toContain(String.raw`composite'\''s modules`)
})

test('fish gives files to options that take them, and folders', async () => {
  const text = await script('fish')
  expect(text).toMatch(/ -s p -l path -r -F -d /u)
  expect(text).toContain('-l cache-dir -x -a "(__fish_complete_directories)"')
  expect(text).toContain(String.raw`composite\'s modules`)
})
