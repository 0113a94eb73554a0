import { basename, extname, join, parse, resolve } from 'node:path'
import { PackagerError } from '../errors.ts'
import type { Reference } from '../oci/reference.ts'
import { formatReference, parseReference, repositoryName, tagOf } from '../oci/reference.ts'
import { formatDistro } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'
import type { RunOptions } from './options.ts'
import type { TagPlace } from './tags.ts'
import { formatTag, nowhere, readTag, sameTag, tagged } from './tags.ts'

/** Where a package goes and what it is called there (SPEC.md, "Where NAME comes from"). */
export interface Names {
  /** As the result says it. */
  readonly name: string
  /** Without a tag: the name of an image that has only a digest. */
  readonly repository: string
  /** The first one is NAME's own. Empty `registry` and `repository`: a destination that is not a registry. */
  readonly tags: readonly TagPlace[]
  /** Absolute, for destinations that are not a registry, and for a layout beside a push. */
  readonly path?: string
  /** Pushed without a tag: the first of `tags` says where. */
  readonly byDigest?: boolean
}

/** What names are made of where none is given. */
export interface Named {
  readonly id: string
  readonly version: string
}

/** What bp-package.toml says of names. */
export interface NameDefaults {
  readonly repository?: string
  readonly tags?: readonly string[]
}

export type NameOptions = Pick<RunOptions, 'cwd' | 'env' | 'name' | 'repository' | 'destination' | 'output' | 'tags' | 'append' | 'publishByDigest'>

/** @throws PackagerError `USAGE` where a name is missing or malformed */
export function planNames(options: NameOptions, module: Named, project: NameDefaults | undefined): Names {
  if (options.destination === 'registry') return pushNames(options, registryNames(options, derivedName(options, module, project), project))
  if (options.destination === 'image') return registryNames(options, derivedName(options, module, project) ?? `${module.id.toLowerCase()}:${versionTag(module.version)}`, project)
  return pathNames(options, module, project)
}

/** What can be told of NAME, `--repository` and each `--tag` before it is known what they are the names of; each check throws one `USAGE`. */
export function nameChecks({ tags = [], ...options }: NameOptions): readonly (() => unknown)[] {
  const { name, repository, ...others } = options
  const anything = { id: 'name', version: '0' }
  return [
    () => name !== undefined && planNames({ ...others, name }, anything, undefined),
    () => repository !== undefined && name === undefined && checkRepository(repository, '--repository'),
    ...tags.map((tag) => () => readTag(tag, nowhere)),
  ]
}

/** What a name is made of has itself the form of one, without a tag. */
export function checkRepository(text: string, option: string): void {
  const { tag, digest } = hintedReference(text, option)
  if (tag !== undefined || digest !== undefined) {
    throw new PackagerError({
      code: 'USAGE',
      step: `read ${option}`,
      value: text,
      found: tag === undefined ? 'a digest' : `the tag "${tag}"`,
      wanted: 'a repository such as registry.example/acme',
      hint: 'the name is made of it, the last part of the id and the version',
    })
  }
}

function hintedReference(text: string, option: string): Reference {
  try {
    return parseReference(`${text.replace(/\/+$/, '')}${/^[^/]*[.:][^/]*\/?$|^localhost\/?$/.test(text) ? '/name' : ''}`)
  } catch (cause) {
    if (!(cause instanceof PackagerError)) throw cause
    const found = cause.message.replace(/^read image name "[^"]*": (?:got )?/u, '')
    throw new PackagerError({ code: 'USAGE', step: `read ${option}`, value: text, found, hint: cause.hint, cause })
  }
}

function registryNames(options: NameOptions, derived: string | undefined, project: NameDefaults | undefined): Names {
  const text = options.name ?? derived
  if (text === undefined) {
    throw new PackagerError({
      code: 'USAGE',
      step: 'publish',
      found: 'no name for the package',
      wanted: 'a NAME such as registry.example/acme/hello:1.0.0',
      hint: 'give NAME, or --repository REPOSITORY (also as BP_PACKAGE_REPOSITORY), or repository = "..." in bp-package.toml',
    })
  }
  if (options.destination === 'registry') refuseHostAlone(text)
  const reference = tagged(text, 'NAME')
  const first = { registry: reference.registry, repository: reference.repository, tag: tagOf(reference) }
  const others = extraTags(options, project).map((tag) => readTag(tag, first))
  const tags = [first, ...others].filter((tag, index, all) => all.findIndex((other) => sameTag(tag, other)) === index)
  return { name: formatReference({ ...reference, tag: first.tag }), repository: repositoryName(reference), tags }
}

/** By the grammar `localhost:5000` is Docker Hub's image "localhost" of the tag "5000", which nobody means. */
function refuseHostAlone(text: string): void {
  if (!/^(?:localhost|[^/:@]+\.[^/:@]+(?=:\d{2,5}$))(?::\d{2,5})?$/i.test(text)) return
  throw new PackagerError({ code: 'USAGE', step: 'read NAME', value: text, found: 'a host alone', wanted: 'host[:port]/path[/path...][:tag]', hint: `such as ${text}/acme/hello:1.0.0` })
}

/** What a push can do beside setting tags: none at all, or a layout of the same. */
function pushNames(options: NameOptions, names: Names): Names {
  const [first] = names.tags
  if (options.publishByDigest === true) return { name: names.repository, repository: names.repository, tags: first === undefined ? [] : [first], byDigest: true }
  const elsewhere = names.tags.find((tag) => tag.registry !== first?.registry || tag.repository !== first.repository)
  if (options.append === true && elsewhere !== undefined) {
    throw new PackagerError({
      code: 'USAGE',
      step: 'append',
      found: `a --tag in another repository, ${formatTag(elsewhere)}`,
      wanted: "tags in NAME's repository",
      hint: 'the images that are kept are in that one alone',
    })
  }
  return options.output === undefined ? names : { ...names, path: resolve(options.cwd, options.output) }
}

function pathNames(options: NameOptions, module: Named, project: NameDefaults | undefined): Names {
  const isPath = options.name !== undefined && (options.destination === 'file' ? !/[:@]/.test(options.name.replace(/^[A-Za-z]:\\/, '')) : looksLikePath(options.name))
  const text = isPath ? undefined : (options.name ?? derivedName(options, module, project))
  const reference = text === undefined ? undefined : tagged(text, 'NAME')
  const file = options.output ?? (isPath ? options.name : undefined) ?? `${fileStem(module)}.${options.destination === 'file' ? 'cnb' : 'oci'}`
  const tag = reference === undefined ? versionTag(module.version) : tagOf(reference)
  const extra = extraTags(options, project).map((other) => readTag(other, nowhere).tag)
  return {
    name: reference === undefined ? `${module.id}:${module.version}` : formatReference({ ...reference, tag }),
    repository: reference === undefined ? module.id : repositoryName(reference),
    tags: [...new Set([tag, ...extra])].map((name) => ({ ...nowhere, tag: name })),
    path: resolve(options.cwd, options.destination === 'file' && extname(file) === '' ? `${file}.cnb` : file),
  }
}

/** A file for each target: `hello-linux-arm64-v8-ubuntu@24.04.cnb` beside where one file would be (SPEC-package.md section 10). */
export function targetFile(path: string, target: Target): string {
  const { os, arch, variant, distro } = target
  const parts = [os, arch, variant, distro === undefined ? undefined : formatDistro(distro)].filter((part) => part !== undefined && part !== '')
  const { dir, name, ext } = parse(path)
  return join(dir, `${name}-${parts.join('-').replaceAll(/[/\\]/g, '_')}${ext}`)
}

/** `<repository>/<last part of id>:<version>`, lower-cased as registries ask for. */
function derivedName(options: NameOptions, module: Named, project: NameDefaults | undefined): string | undefined {
  const repository = options.repository ?? options.env['BP_PACKAGE_REPOSITORY'] ?? project?.repository
  if (repository === undefined || repository === '') return undefined
  return `${repository.replace(/\/+$/, '')}/${lastPart(module.id).toLowerCase()}:${versionTag(module.version)}`
}

/** `1.0.0+build` is a version but no tag; what a tag cannot hold becomes `_`. */
function versionTag(version: string): string {
  return version.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^[.-]/, '_').slice(0, 128)
}

function lastPart(id: string): string {
  return basename(id)
}

function fileStem(module: Named): string {
  return `${lastPart(module.id)}-${module.version}`.replace(/[/\\\0]/g, '_')
}

/** A NAME that only a path can be: it begins like one or ends like a layout or a file. */
function looksLikePath(name: string): boolean {
  return /^(\.{0,2}[/\\]|\.{1,2}$|~[/\\]|[A-Za-z]:\\)/.test(name) || /\.(oci|cnb)[/\\]?$/.test(name)
}

function extraTags(options: NameOptions, project: NameDefaults | undefined): readonly string[] {
  return options.tags !== undefined && options.tags.length > 0 ? options.tags : (project?.tags ?? [])
}
