import { mkdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { readConfigFile, shorter } from '../buildpacks/config-file.ts'
import { Findings } from '../buildpacks/findings.ts'
import { readModule } from '../buildpacks/local-module.ts'
import type { ModuleDeclaration } from '../buildpacks/open.ts'
import { joined, openModules } from '../buildpacks/open.ts'
import type { ModuleSource } from '../buildpacks/source.ts'
import type { BuilderConfig } from '../config/builder.ts'
import { readBuilderToml } from '../config/builder-reader.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, reason } from '../errors.ts'
import type { Warning } from '../events.ts'
import { silent } from '../events.ts'
import { parseReference } from '../oci/reference.ts'
import type { RunContext } from '../publish/resources.ts'
import { targetProblems } from '../targets/resolve.ts'
import type { DeclaredModule } from './modules.ts'
import type { BuilderOptions } from './options.ts'

/** builder.toml and the modules that it names, read and free of mistakes. */
export interface GatheredBuilder {
  readonly config: BuilderConfig
  /** builder.toml's. */
  readonly folder: string
  readonly modules: readonly DeclaredModule[]
  readonly warnings: readonly Warning[]
}

/**
 * Reads builder.toml and opens what it names: all mistakes in it and in the modules' own files are told together.
 *
 * @throws PackagerError `CONFIG` with every problem, `USAGE` where there is no such file, and what opening modules throws
 */
export async function gatherBuilder(options: BuilderOptions, context: RunContext): Promise<GatheredBuilder> {
  const path = resolve(options.cwd, options.config)
  const shown = shorter(options.cwd, path)
  const bytes = (await isFolder(path)) ? undefined : await readConfigFile(path, shown)
  if (bytes === undefined) {
    throw new PackagerError({
      code: 'USAGE',
      step: 'read --config',
      value: options.config,
      found: (await isFolder(path)) ? 'a folder' : 'no such file',
      wanted: 'a builder.toml',
    })
  }
  const report = new Findings(options.onEvent ?? silent, [shown])
  const read = readBuilderToml(bytes, shown)
  const config = report.take(read)
  const draft = read.value ?? read.draft
  if (draft === undefined) return report.fail()
  report.add([...wrongTargets(options, draft), ...wrongNames(draft)])
  const modules = await openDeclared(draft, dirname(path), report, options, context).catch((cause: unknown) => report.failWith(cause))
  if (config === undefined || report.failed) return report.fail()
  return { config, folder: dirname(path), modules, warnings: report.warnings }
}

/** An architecture that is left out is asked for by the image that would have to have it. */
function wrongTargets(options: BuilderOptions, { targets, file, buildImage }: BuilderConfig): readonly Problem[] {
  const flags = options.targets ?? []
  const others =
    flags.length > 0
      ? []
      : targets.flatMap(({ os, line, column, places = {} }, at): Problem[] =>
          os === '' || os === 'linux'
            ? []
            : [{ file, line, column, ...places['os'], key: `targets[${at}].os`, message: `is "${os}": builders are made for linux alone` }],
        )
  const problems = [...others, ...targetProblems({ flags, isComposite: false, moduleTargets: targets, moduleFile: file, packageTargets: [] })]
  if (buildImage === '') return problems
  return problems.map((problem) =>
    problem.key.endsWith('.arch') && problem.message.startsWith('is required')
      ? { ...problem, message: `${problem.message}; the build image is ${buildImage}` }
      : problem,
  )
}

/** What is no image's name never becomes one, unlike an image that is not there yet. */
function wrongNames({ file, buildImage, buildImageAt, runImages }: BuilderConfig): readonly Problem[] {
  const names = runImages.flatMap(({ image, mirrors = [], line, column }, index) => {
    const at = { file, line, column }
    const key = `run.images[${index}]`
    return [...(image === '' ? [] : [{ ...at, key: `${key}.image`, name: image }]), ...mirrors.map((name, mirror) => ({ ...at, key: `${key}.mirrors[${mirror}]`, name }))]
  })
  const build = buildImage === '' ? [] : [{ file, ...buildImageAt, key: 'build.image', name: buildImage }]
  return [...build, ...names].flatMap(({ name, ...at }) => {
    try {
      parseReference(name)
      return []
    } catch (cause) {
      return [{ ...at, message: reason(cause) }]
    }
  })
}

async function openDeclared(config: BuilderConfig, folder: string, report: Findings, options: BuilderOptions, context: RunContext): Promise<readonly DeclaredModule[]> {
  const opened = await together((['buildpack', 'extension'] as const).map(async (kind) => {
    const entries = (kind === 'buildpack' ? config.buildpacks : config.extensions).flatMap((declaration, index) => {
      const isNamed = declaration.uri !== '' || declaration.image !== ''
      return isNamed ? [{ kind, key: `${kind}s[${index}]`, file: config.file, declaration }] : []
    })
    const found = await openModules(entries.map(toDeclaration), openContext(kind, folder, config.file, report, options, context))
    return entries.flatMap((entry, index) => {
      const module = found[index]
      return module === undefined ? [] : [{ ...entry, opened: module }]
    })
  }))
  return opened.flat()
}

/** What cannot be opened of either kind is one error, where it has a place in builder.toml. */
async function together<T>(opening: readonly Promise<T>[]): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(opening)
  const failures = outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []))
  if (failures.length > 0) throw joined(failures, 'open the modules')
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
}

function toDeclaration({ key, file, declaration }: Omit<DeclaredModule, 'opened'>): ModuleDeclaration {
  const { uri, image, line, column } = declaration
  return { ...(uri === '' ? { image } : { uri }), file, line, column, key }
}

function openContext(kind: DeclaredModule['kind'], folder: string, file: string, report: Findings, options: BuilderOptions, context: RunContext): Parameters<typeof openModules>[1] {
  let spools = 0
  const spool = async (): Promise<string> => {
    const own = join(await context.spool(), `${kind}-${(spools += 1)}`)
    await mkdir(own)
    return own
  }
  return {
    what: 'module',
    folder,
    spool,
    openRepository: context.openRepository,
    download: async (url) => context.download(url, await spool()),
    findInRegistry: context.findInRegistry,
    readModule: async (source, uri) =>
      readModule(
        source,
        uri,
        { kind: await kindOf(source, kind), file, hint: 'a buildpack is named in [[buildpacks]], an extension in [[extensions]]' },
        report,
      ),
    archiveLimit: options.archiveLimit,
    stamps: true,
    signal: options.signal,
  }
}

/** A module of the other kind is read as what it is, and told with all else that is wrong. */
async function kindOf(source: ModuleSource, said: DeclaredModule['kind']): Promise<DeclaredModule['kind']> {
  const other = said === 'buildpack' ? 'extension' : 'buildpack'
  const isOther = (await source.read(`${said}.toml`)) === undefined && (await source.read(`${other}.toml`)) !== undefined
  return isOther ? other : said
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then((stats) => stats.isDirectory(), () => false)
}
