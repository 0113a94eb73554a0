import { checkPlatform, chooseImage, declares } from '../buildpacks/choose.ts'
import type { ForeignModule, RootedModule } from '../buildpacks/listing.ts'
import type { ModuleFacts } from '../buildpacks/module.ts'
import { isComposite, moduleName } from '../buildpacks/module.ts'
import type { ImageDependency, LocalModule } from '../buildpacks/open.ts'
import type { BuilderModule } from '../config/builder.ts'
import type { ModuleInfo } from '../config/fields.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, locatedError } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { nearestImage, variantOf } from '../targets/nearest-image.ts'
import { platformRoot } from '../targets/root.ts'
import type { Target } from '../targets/target.ts'
import { settled } from './settle.ts'

/** One of `[[buildpacks]]` or `[[extensions]]`, opened. */
export interface DeclaredModule {
  readonly kind: ModuleFacts['kind']
  /** `buildpacks[0]` */
  readonly key: string
  readonly file: string
  readonly declaration: BuilderModule
  readonly opened: LocalModule | ImageDependency
}

/** A module that a target's builder gets. */
export interface BuilderPart {
  readonly facts: ModuleFacts
  /** As the builder's metadata describe it: a package says less of its modules than their own files do. */
  readonly info: ModuleInfo
  readonly from: (RootedModule & { readonly kind: 'local' }) | (ForeignModule & { readonly kind: 'image' })
  /** Where builder.toml names it, or the package that brings it. */
  readonly at: Omit<Problem, 'message'>
}

export interface TargetParts {
  readonly parts: readonly BuilderPart[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Warning[]
}

/**
 * The modules for one target, in the order of builder.toml, each package's main module before the others, which are sorted.
 * A package is chosen by its platform, the base's distribution first; a folder gives the root for both.
 *
 * @throws PackagerError `CONFIG` where a package has no image for the target
 */
export async function modulesFor(target: Target, declared: readonly DeclaredModule[]): Promise<TargetParts> {
  const found = await settled(declared.map((one) => partsOf(one, target)))
  const [parts, warnings] = [found.map((each) => each.parts), found.flatMap((each) => each.warnings)]
  const problems = declared.flatMap((one, index) => checkMain(one, parts[index]?.[0]))
  return { parts: parts.flat(), problems, warnings }
}

async function partsOf({ opened, ...declared }: DeclaredModule, target: Target): Promise<Pick<TargetParts, 'parts' | 'warnings'>> {
  const { file, key, declaration } = declared
  const at = { file, line: declaration.line, column: declaration.column, key }
  if (opened.kind === 'local') {
    const root = platformRoot(rootTarget(opened, target), (path) => opened.source.isFolder(path), isComposite(opened.config))
    return { parts: [{ facts: opened.config, info: opened.config, from: { kind: 'local', module: opened, root }, at }], warnings: [] }
  }
  const children = await opened.reader.children(opened.root)
  // Its modules' targets say whether an image for another distribution, or for none, will do.
  const { distro: _distro, ...plain } = target
  const { child, warning } = imageFor(children, nearestImage(children, target) === undefined ? plain : target, opened.uri, at)
  const { main, modules, platform } = await opened.reader.image(child)
  checkPlatform(opened.uri, child, platform)
  const isMain = ({ facts }: (typeof modules)[number]): boolean => modules.length === 1 || (facts.id === main?.id && facts.version === main.version)
  const sorted = modules.toSorted((a, b) => Number(isMain(b)) - Number(isMain(a)) || compareBytes(a.facts.id, b.facts.id) || compareBytes(a.facts.version, b.facts.version))
  const parts = sorted.map((module): BuilderPart => {
    // An extension out of a package has no targets in the builder's label.
    const facts = module.facts.kind === 'extension' ? { ...module.facts, targets: [] } : module.facts
    return { facts, info: infoOf(facts), from: { kind: 'image', facts, module, dependency: opened }, at }
  })
  return { parts, warnings: warning === undefined ? [] : [warning] }
}

/** What is wrong is shown where builder.toml names the package. */
function imageFor(children: readonly Descriptor[], target: Target, uri: string, at: BuilderPart['at']): ReturnType<typeof chooseImage> {
  try {
    return chooseImage(children, target, uri)
  } catch (cause) {
    if (!(cause instanceof PackagerError)) throw cause
    throw locatedError(cause, { step: 'take package', value: uri, at, hint: 'publish that package for this target, or leave the target out' })
  }
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** What builder.toml says of a module has to be so. */
function checkMain({ kind, key, file, declaration }: DeclaredModule, main: BuilderPart | undefined): readonly Problem[] {
  if (main === undefined) return []
  const { line, column } = declaration
  const { facts } = main
  const problem = (part: string, message: string): Problem => ({ file, line, column, key: part === '' ? key : `${key}.${part}`, message })
  if (facts.kind !== kind) {
    return [
      problem(
        '',
        `${moduleName(facts)} is ${facts.kind === 'extension' ? 'an extension: name it in [[extensions]]' : 'a buildpack: name it in [[buildpacks]]'}`,
      ),
    ]
  }
  return (['id', 'version'] as const).flatMap((word) => {
    const said = declaration[word]
    return said === '' || said === facts[word] ? [] : [problem(word, `is "${said}", but ${declaration.uri === '' ? declaration.image : declaration.uri} holds ${moduleName(facts)}`)]
  })
}

/** The module's own declaration of the target may name the folder, and spell the variant its way. */
function rootTarget({ config }: LocalModule, target: Target): Target {
  const declared = config.targets.find((declaration) => declares(declaration, target))
  if (declared?.path !== undefined) return { ...target, path: declared.path }
  const isOwnWord = target.variant === undefined && declared?.variant !== undefined && variantOf(target.arch, undefined) === declared.variant
  return isOwnWord ? { ...target, variant: declared.variant } : target
}

function infoOf({ id, version, name, homepage }: ModuleFacts): ModuleInfo {
  return { id, version, name, homepage, description: '', keywords: [], execEnv: [], clearEnv: false, licenses: [] }
}
