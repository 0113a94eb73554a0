import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { digestIn, fixture, packaged } from './support/cli.ts'
import { exec } from './support/exec.ts'

const project = new URL('../..', import.meta.url).pathname

/** A folder of someone who has installed the tarball that a release would publish, with no network to get anything else. */
let home: Tree
let options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> }
/** What the project's own build makes of the same buildpack. */
let wanted: string

beforeAll(async () => {
  home = await emptyTree()
  const cwd = join(home.path, 'project')
  await mkdir(cwd)
  options = { cwd, env: { HOME: home.path } }
  const [packed] = JSON.parse(await exec('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', home.path], { cwd: project, env: options.env }))
  await exec('npm', ['init', '--yes'], options)
  await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', join(home.path, packed.filename)], options)
  const metadata = join(home.path, 'own.json')
  await packaged(['-p', fixture('hello-shared'), '-o', join(home.path, 'own.oci'), '--metadata-file', metadata], { home: home.path })
  wanted = digestIn(await readFile(metadata, 'utf8'))
})

afterAll(async () => {
  await home.remove()
})

test('the installed command packages as the one of the project does', async () => {
  const command = join(options.cwd, 'node_modules/.bin/bp-package')
  const metadata = join(home.path, 'result.json')
  await exec(command, ['-p', fixture('hello-shared'), '-o', join(home.path, 'installed.oci'), '--metadata-file', metadata], options)
  expect(digestIn(await readFile(metadata, 'utf8'))).toBe(wanted)
})

test('the command says the version of the package', async () => {
  const { version } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))
  expect((await exec(join(options.cwd, 'node_modules/.bin/bp-package'), ['--version'], options)).trim()).toBe(version)
})

test('the library is there to be imported, prints nothing, and packages', async () => {
  const script = `
    import { packageBuildpack } from 'bp-package'
    const result = await packageBuildpack({ cwd: process.cwd(), env: { HOME: process.env.HOME }, hostArch: 'amd64', destination: 'layout', path: ${JSON.stringify(fixture('hello-shared'))}, output: 'library.oci' })
    process.stdout.write(JSON.stringify({ digest: result.digest, images: result.images.length }))
  `
  const result = JSON.parse(await exec(process.execPath, ['--input-type=module', '-e', script], options))
  expect(result).toEqual({ digest: wanted, images: 3 })
})
