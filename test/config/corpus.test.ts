import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readBuilderToml } from '../../src/config/builder-reader.ts'
import { readBuildpackToml, readExtensionToml } from '../../src/config/module-reader.ts'
import type { Checked } from '../../src/config/checked.ts'
import { readPackageToml } from '../../src/config/package.ts'

/**
 * Real files of other people, read where they lie: nothing of them is in this repository. Where the folder is not there,
 * the tests are left out with a word, except where they must run (CI, BP_REQUIRE_CORPUS).
 */
const corpus = process.env['BP_CORPUS'] ?? fileURLToPath(new URL('../../../shared/corpus', import.meta.url))
const present = existsSync(corpus)
const required = (process.env['CI'] ?? process.env['BP_REQUIRE_CORPUS'] ?? '') !== ''

const readers: Readonly<Record<string, (text: string, file: string) => Checked<unknown>>> = {
  buildpack: readBuildpackToml,
  extension: readExtensionToml,
  package: readPackageToml,
  builder: readBuilderToml,
}

/** Which are refused, and the first thing that is wrong with each: the key, or what is said of the whole file. */
const refused: Readonly<Record<string, string>> = {
  'buildpack/2oppin__heroku-wp-buildpack__buildpack.toml': 'buildpack.id',
  'buildpack/Arman2409__Chat-app__buildpack.toml': 'buildpack.id',
  'buildpack/GoogleCloudPlatform__buildpacks__tools-buildpack.toml.template.toml': 'api',
  'buildpack/buildpacks__lifecycle__acceptance-testdata-builder-container-cnb-buildpacks-hello_world-0.0.1-buildpack--90621952.toml': 'api',
  'buildpack/buildpacks__lifecycle__testdata-buildpack-buildpack.toml': 'no [buildpack] table',
  'buildpack/buildpacks__pack__internal-commands-testdata-buildpack.toml': 'no [buildpack] table',
  'buildpack/buildpacks__pack__pkg-blob-testdata-buildpack-buildpack.toml': 'stacks',
  'buildpack/buildpacks__samples__buildpacks-hello-world-buildpack.toml': 'no [buildpack] table',
  'buildpack/buildpacks__samples__java-buildpack-buildpack.toml': 'no [buildpack] table',
  'buildpack/heroku__libcnb.rs__libcnb-test-tests-fixtures-buildpacks-invalid-buildpack-toml-buildpack.toml': 'order[0].group[0].version',
  'buildpack/paketo-buildpacks__jam__integration-testdata-example-language-family-cnb-multi-arch-buildpack.toml': 'targets',
  'buildpack/paketo-buildpacks__java__buildpack--c5e835ce.toml': 'order[0].group[0].version',
  'buildpack/paketo-buildpacks__node-engine__buildpack--d04712d1.toml': 'buildpack.version',
  'buildpack/paketo-buildpacks__node-engine__buildpack--d2f6e9fa.toml': 'buildpack.version',
  'buildpack/paketo-buildpacks__node-engine__buildpack.toml': 'not TOML: unexpected character, expected only whitespace or comments till end of line',
  'buildpack/paketo-buildpacks__nodejs__buildpack--310bb8c9.toml': 'buildpack.version',
  'buildpack/paketo-buildpacks__nodejs__buildpack--4c4ea09e.toml': 'buildpack.version',
  'buildpack/paketo-buildpacks__nodejs__buildpack.toml': 'buildpack.version',
  'extension/buildpacks__lifecycle__acceptance-testdata-detector-container-cnb-extensions-simple_extension-simple_extension_version-extension--462bf4e2.toml': 'no [extension] table',
  'extension/paketo-buildpacks__ubi-nodejs-extension__extension.toml': 'extension.version',
  'package/buildpacks__pack__acceptance-testdata-pack_current-package_aggregate.toml': 'default',
  'package/buildpacks__pack__acceptance-testdata-pack_fixtures-package.toml': 'platform.os',
  'package/buildpacks__pack__acceptance-testdata-pack_fixtures-package_aggregate.toml': 'platform.os',
  'package/buildpacks__pack__acceptance-testdata-pack_fixtures-package_for_build_cmd.toml': 'platform.os',
  'package/buildpacks__samples__buildpacks-dotnet-framework-package.toml': 'buildpacks',
  'builder/Krawk013__LiceuChat__builder.toml': 'buildpacks[0]',
  'builder/buildpacks__pack__acceptance-testdata-pack_fixtures-builder.toml': 'not TOML: unexpected character "{"',
  'builder/buildpacks__pack__acceptance-testdata-pack_fixtures-builder_extensions.toml': 'not TOML: unexpected character "{"',
  'builder/buildpacks__pack__acceptance-testdata-pack_fixtures-builder_with_assets.toml': 'not TOML: unexpected character "{"',
  'builder/buildpacks__pack__acceptance-testdata-pack_fixtures-invalid_builder.toml': 'buildpacks[0]',
  'builder/buildpacks__pack__testdata-builder.toml': 'build.image',
  'builder/buildpacks__samples__builder.toml': 'buildpacks[0].latest',
  'builder/buildpacks__samples__builders-bionic-builder.toml': 'packages',
  'builder/buildpacks__samples__builders-bionic-ext-builder.toml': 'order-ext',
  'builder/buildpacks__samples__builders-dotnet-framework-2004-builder.toml': 'not TOML: unexpected character, expected only whitespace or comments till end of line',
  'builder/buildpacks__samples__builders-nanoserver-1809-builder.toml': 'run.images',
  'builder/heroku__cnb-builder-images__builder.toml': 'buildpacks[0].latest',
  'builder/heroku__cnb-builder-images__functions-builder.toml': 'order[0].groups',
  'builder/paketo-buildpacks__node-engine__fixtures-lifecycle-builder.toml.tmpl.toml': 'build.image',
}

/** Another corpus of the same kind may stand in (BP_CORPUS): then only what holds for any file is asked. */
const known = Object.keys(refused).every((file) => existsSync(`${corpus}/${file}`))

const cases = Object.entries(readers).flatMap(([kind, read]) => {
  const names = existsSync(`${corpus}/${kind}`) ? readdirSync(`${corpus}/${kind}`).toSorted() : []
  return names.map((name) => ({ file: `${kind}/${name}`, text: readFileSync(`${corpus}/${kind}/${name}`, 'utf8'), read }))
})

describe('the corpus', () => {
  it('is there, or its absence is said', ({ skip }) => {
    const remedy = `no corpus at ${corpus}: set BP_CORPUS to its folder`
    expect(present || !required, remedy).toBe(true)
    skip(!present, remedy)
    expect(cases.length).toBeGreaterThan(0)
  })
})

describe.runIf(present)('every file of the corpus', () => {
  it.each(cases)('$file is read, or refused with a place in it', ({ file, text, read }) => {
    const { value, problems, warnings } = read(text, file)
    expect(value === undefined).toBe(problems.length > 0)
    const lines = text.split('\n')
    for (const { line, column, message } of [...problems, ...warnings]) {
      expect(message).not.toBe('')
      expect(lines.length).toBeGreaterThanOrEqual(line)
      expect((lines[line - 1] ?? '').length + 1).toBeGreaterThanOrEqual(column)
    }
  })

  it.runIf(known).each(cases)('$file is refused for the reason on record, or read', ({ file, text, read }) => {
    const [first] = read(text, file).problems
    expect(first === undefined ? undefined : `${first.key}: ${first.message}`).toEqual(
      refused[file] === undefined ? undefined : expect.stringContaining(refused[file]),
    )
  })

  it.each(cases)('$file says the same of CRLF, at the same places', ({ file, text, read }) => {
    const unix = text.replaceAll('\r\n', '\n')
    expect(read(`\uFEFF${unix.replaceAll('\n', '\r\n')}`, file)).toEqual(read(unix, file))
  })
})
