import type { TargetDeclaration } from './buildpack.ts'
import type { Checked } from './checked.ts'
import { readTargets } from './fields.ts'
import type { Findings } from './findings.ts'
import type { Section } from './section.ts'
import { readDocument } from './section.ts'
import type { Position } from './toml.ts'
import type { TomlSource } from './toml-bytes.ts'

/** One `[[dependencies]]` of package.toml: exactly one of the two is set. */
export interface DependencyDeclaration {
  readonly uri?: string
  /** Deprecated form of an image reference. */
  readonly image?: string
  readonly line: number
  readonly column: number
}

/** package.toml, read and checked (SPEC-package.md section 1). */
export interface PackageConfig {
  readonly file: string
  /** Which table names the source; `buildpack` where neither does: what lies there decides. */
  readonly kind: 'buildpack' | 'extension'
  /** `[buildpack] uri` or `[extension] uri`, as written; `.`, package.toml's own folder, where neither table is there. */
  readonly uri: string
  /** False where `uri` is that default, for the hint of an error about it. */
  readonly uriDeclared?: boolean
  /** Where `uri` stands, if it does. */
  readonly uriAt?: Position
  readonly dependencies: readonly DependencyDeclaration[]
  readonly targets: readonly TargetDeclaration[]
  /** Deprecated `[platform] os`. */
  readonly platformOs?: 'linux' | 'windows'
}

/**
 * Reads package.toml. Unknown keys are problems, as they are for pack: it belongs to the packager alone.
 *
 * A file without `[buildpack]` and `[extension]` means its own folder. The contract asks for a `uri`, and most real
 * files of Java buildpacks have none because their tool packages the folder they lie in; SPEC.md says the same
 * ("else `.`"). Where that folder holds no buildpack.toml (vector config-no-uri), reading the source fails, and the
 * error can say that package.toml names no source (`uriDeclared`). A table without a `uri` is a slip, refused here.
 */
export function readPackageToml(source: TomlSource, file: string): Checked<PackageConfig> {
  return readDocument(source, file, (root, findings) => {
    const buildpack = readUri(root, 'buildpack', findings)
    const extension = readUri(root, 'extension', findings)
    if (buildpack !== undefined && extension !== undefined) findings.problem(['extension'], 'stands beside [buildpack]: name one source')
    const dependencies = root.sections('dependencies').map((section) => readDependency(section, findings))
    const targets = readTargets(root, 'refuse')
    const platformOs = readPlatformOs(root, findings)
    root.close('refuse', Object.fromEntries(['id', 'api', 'order', 'stacks', 'metadata'].map((key) => [key, 'buildpack.toml'])))
    const { uri, at: uriAt } = buildpack ?? extension ?? { uri: '.', at: undefined }
    const kind = buildpack === undefined && extension !== undefined ? 'extension' : 'buildpack'
    const uriDeclared = buildpack !== undefined || extension !== undefined
    return { file, kind, uri, uriDeclared, ...(uriAt === undefined ? {} : { uriAt }), dependencies, targets, ...(platformOs === undefined ? {} : { platformOs }) }
  })
}

function readUri(root: Section, kind: PackageConfig['kind'], findings: Findings): { readonly uri: string; readonly at: Position | undefined } | undefined {
  const section = root.section(kind)
  if (section === undefined) return undefined
  const uri = section.text('uri')
  if (uri === '') findings.problem(section.at('uri'), `is required: write uri = "." for the folder of package.toml`)
  section.close('refuse', { id: `${kind}.toml`, version: `${kind}.toml`, name: `${kind}.toml` })
  return { uri, at: section.places(['uri'])['uri'] }
}

function readDependency(section: Section, findings: Findings): DependencyDeclaration {
  const uri = section.text('uri')
  const image = section.text('image')
  if (uri !== '' && image !== '') findings.problem(section.path, 'has uri and image: give one of them')
  if (uri === '' && image === '') findings.problem(section.path, 'has no uri: name a folder, an archive or an image')
  section.close('refuse')
  return { ...(uri === '' ? {} : { uri }), ...(image === '' ? {} : { image }), ...section.position }
}

function readPlatformOs(root: Section, findings: Findings): PackageConfig['platformOs'] {
  const section = root.section('platform')
  const os = section?.text('os') ?? ''
  section?.close('refuse')
  if (os === '' || os === 'linux' || os === 'windows') return os === '' ? undefined : os
  findings.problem(['platform', 'os'], `is "${os}", must be linux or windows`)
  return undefined
}
