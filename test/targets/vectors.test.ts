import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ModuleConfig } from '../../src/config/buildpack.ts'
import { readBuildpackToml, readExtensionToml } from '../../src/config/module-reader.ts'
import type { Checked } from '../../src/config/checked.ts'
import type { PackageConfig } from '../../src/config/package.ts'
import { readPackageToml } from '../../src/config/package.ts'
import { configError, PackagerError } from '../../src/errors.ts'
import type { Platform } from '../../src/oci/platform.ts'
import { platformOf } from '../../src/targets/platform.ts'
import { resolveTargets } from '../../src/targets/resolve.ts'

interface Tree {
  readonly entries: readonly { readonly path: string; readonly type: string; readonly content?: unknown }[]
  readonly commands: readonly { readonly cwd: string; readonly args: readonly string[] }[]
}

interface Output {
  readonly kind: string
  readonly manifests?: readonly { readonly platform: Platform }[]
  readonly images?: readonly { readonly config: Readonly<Record<string, string | null>> }[]
}

interface Expected {
  readonly judge?: string
  readonly peer: { readonly exit: number; readonly outputs: readonly Output[] }
  readonly wanted?: { readonly exit: number; readonly outputs: readonly Output[] }
}

const folder = new URL('../vectors/package/', import.meta.url)

function vector(name: string): { readonly tree: Tree; readonly expected: Expected } {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`${name}/${file}`, folder), 'utf8'))
  return { tree: read('tree.json') as Tree, expected: read('expected.json') as Expected }
}

/** What a case's last command asks for: the files it is about, as far as config and targets read them. */
class Case {
  readonly #files: ReadonlyMap<string, string>
  readonly #cwd: string
  readonly #args: readonly string[]

  constructor({ entries, commands }: Tree) {
    this.#files = new Map(entries.flatMap(({ path, content }) => (typeof content === 'string' ? [[posix.normalize(path), content]] : [])))
    this.#cwd = commands.at(-1)?.cwd ?? '.'
    this.#args = commands.at(-1)?.args ?? []
  }

  option(...names: readonly string[]): readonly string[] {
    return this.#args.filter((_, index) => names.includes(this.#args[index - 1] ?? ''))
  }

  packageConfig(): Checked<PackageConfig> | undefined {
    const path = posix.join(this.#cwd, this.option('-c')[0] ?? posix.join(this.option('-p')[0] ?? '.', 'package.toml'))
    const text = this.#files.get(path)
    return text === undefined ? undefined : readPackageToml(text, path)
  }

  module(config: PackageConfig | undefined): Checked<ModuleConfig> | undefined {
    const beside = config === undefined ? '.' : posix.join(posix.dirname(config.file), config.uri)
    const source = this.option('-p')[0] === undefined ? beside : posix.join(this.#cwd, this.option('-p')[0] ?? '')
    for (const [name, read] of [['buildpack.toml', readBuildpackToml], ['extension.toml', readExtensionToml]] as const) {
      const path = posix.join(config === undefined && this.option('-p').length === 0 ? this.#cwd : source, name)
      const text = this.#files.get(path)
      if (text !== undefined) return read(text, path)
    }
    return undefined
  }
}

function valueOf<T>(checked: Checked<T> | undefined): T | undefined {
  if (checked === undefined) return undefined
  if (checked.value === undefined) throw configError('read', checked.problems)
  return checked.value
}

/** The platforms that a case's images are for; undefined where its source is not a folder of the tree. */
function platforms(tree: Tree): readonly Platform[] | undefined {
  const asked = new Case(tree)
  const config = valueOf(asked.packageConfig())
  const module = valueOf(asked.module(config))
  if (module === undefined) return undefined
  const { targets } = resolveTargets({
    flags: asked.option('--target', '-t'),
    moduleTargets: module.targets,
    moduleFile: module.file,
    packageTargets: config?.targets ?? [],
    isComposite: module.order.length > 0,
    platformOs: config?.platformOs,
    hostArch: 'amd64',
  })
  return targets.map(platformOf)
}

function expectedPlatforms({ kind, manifests, images }: Output): readonly unknown[] {
  if (kind === 'index') return (manifests ?? []).map(({ platform }) => platform)
  return (images ?? []).map(({ config }) => {
    const platform = { architecture: config['architecture'], os: config['os'], variant: config['variant'], 'os.version': config['os.version'] }
    const entries = Object.entries(platform).filter(([, value]) => value !== null && value !== undefined && value !== '')
    return Object.fromEntries(entries.map(([key, value]) => [key, value === '{host}' ? 'amd64' : value]))
  })
}

const refused: Readonly<Record<string, RegExp>> = {
  'api-garbage': /^api: is "banana"/,
  'composite-order-no-version': /^order\[0\]\.group\[0\]\.version: is required/,
  'config-platform-os-bad': /^platform\.os: is "darwin", must be linux or windows/,
  'config-unknown-key': /^buildpak: unknown key; did you mean buildpack\?/,
  'config-uri-and-image': /^dependencies\[0\]: has uri and image/,
  'distro-no-name': /version "22.04" without the name of a distribution/,
  'distro-two-versions-flag': /distribution "ubuntu@22.04@24.04"/,
  'extension-id-missing': /^extension\.id: is required/,
  'id-missing': /^buildpack\.id: is required/,
  'order-and-stacks': /^stacks: cannot stand beside/,
  'order-and-targets': /^targets: cannot stand beside/,
  'target-darwin': /os "darwin", want one that images run on/,
  'target-flag-os-only': /no architecture/,
  'target-os-only': /^targets\[0\]\.arch: is required/,
  'target-second-fails': /os "darwin", want one that images run on/,
  'target-toml-unknown-arch': /^targets\[0\]\.arch: unknown architecture "quantum"/,
  'target-unknown-arch': /unknown architecture "quantum"/,
  'target-unknown-os': /unknown os "beos"/,
  'target-unknown-variant': /unknown variant "v9"/,
  'toml-broken': /^: not TOML: unterminated string/,
  'toml-wrong-type': /^buildpack\.version: is a number \(1\.0\), must be a string/,
  'version-missing': /^buildpack\.version: is required/,
}

/** Their source is an archive or a symlink, not a folder of the tree. */
const elsewhere = new Set(['archive-tgz', 'path-symlinked'])

/** Cases that succeed and give images to a registry, with the platforms of these. */
const built = readdirSync(folder).toSorted().flatMap((name) => {
  const { tree, expected } = vector(name)
  const { exit, outputs } = expected.wanted ?? expected.peer
  const output = outputs.find(({ kind }) => kind === 'index' || kind === 'image')
  if (expected.judge === 'free' || exit !== 0 || output === undefined || elsewhere.has(name)) return []
  return [{ name, tree, wanted: expectedPlatforms(output) }]
})

describe('the cases of the contract', () => {
  it.each(Object.entries(refused))('%s is refused', (name, pattern) => {
    try {
      platforms(vector(name).tree)
    } catch (error) {
      if (!(error instanceof PackagerError)) throw error
      expect(error.problems.map(({ key, message }) => `${key}: ${message}`)[0] ?? error.message).toMatch(pattern)
      return
    }
    expect.unreachable(`${name} is not refused`)
  })

  it.each(built)('$name is for the platforms it should be for', ({ tree, wanted }) => {
    expect(wanted).not.toEqual([])
    expect(platforms(tree)).toEqual(wanted)
  })

  it('leaves the source of a package.toml without one to the folder it lies in, where config-no-uri has no buildpack', () => {
    const asked = new Case(vector('config-no-uri').tree)
    const config = valueOf(asked.packageConfig())
    expect(config).toMatchObject({ uri: '.', uriDeclared: false })
    expect(asked.module(config)).toBeUndefined()
  })
})
