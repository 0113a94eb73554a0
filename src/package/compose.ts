import { checkPlatform, chooseImage, covers, declares } from '../buildpacks/choose.ts'
import type { ImageModule } from '../buildpacks/image.ts'
import type { ModuleFacts } from '../buildpacks/module.ts'
import { isComposite, moduleName } from '../buildpacks/module.ts'
import type { ImageDependency, LocalModule } from '../buildpacks/open.ts'
import { PackagerError } from '../errors.ts'
import type { Warning } from '../events.ts'
import { formatTarget } from '../targets/grammar.ts'
import { variantOf } from '../targets/nearest-image.ts'
import type { PlatformRoot } from '../targets/root.ts'
import { platformRoot } from '../targets/root.ts'
import type { Target } from '../targets/target.ts'
import type { Dependency, Place } from './dependencies.ts'

/** A module of one image, where its content comes from: a platform root of this machine, or a layer of another image. */
export type Part =
  | {
      readonly kind: 'local'
      readonly facts: ModuleFacts
      readonly module: LocalModule
      readonly root: PlatformRoot
      /** Where package.toml names it, where it is a dependency. */
      readonly at?: Place
    }
  | {
      readonly kind: 'image'
      readonly facts: ModuleFacts
      readonly module: ImageModule
      readonly dependency: ImageDependency
      readonly at: Place
    }

/** What one image is made of: dependencies as package.toml lists them, the main module last (SPEC-package.md section 7). */
export interface Composition {
  readonly target: Target
  readonly parts: readonly Part[]
  /** The uris of dependencies that bp-package.toml means for other targets. */
  readonly leftOut: readonly string[]
  /** Why dependencies have nothing for the target: no image of it can be made, and the rest is worth no check. */
  readonly refusals: readonly { readonly at: Place; readonly cause: PackagerError }[]
  readonly warnings: readonly Warning[]
}

/** Chooses, for one target, the root of each local module and the image of each package, and takes equal modules once. */
export async function compose(target: Target, main: LocalModule, dependencies: readonly Dependency[]): Promise<Composition> {
  const parts: Part[] = []
  const warnings: Warning[] = []
  const leftOut: string[] = []
  const refusals: { readonly at: Place; readonly cause: PackagerError }[] = []
  for (const dependency of dependencies) {
    if (dependency.platforms !== undefined && !dependency.platforms.some((platform) => covers(platform, target))) {
      leftOut.push(dependency.uri)
      continue
    }
    try {
      const taken = await take(dependency, target)
      parts.push(...taken.parts)
      warnings.push(...taken.warnings)
    } catch (cause) {
      if (!(cause instanceof PackagerError) || cause.code !== 'CONFIG') throw cause
      refusals.push({ at: dependency.at, cause })
    }
  }
  return { target, parts: [...withoutRepeats(parts), localPart(main, target)], leftOut, refusals, warnings }
}

async function take(dependency: Dependency, target: Target): Promise<Pick<Composition, 'parts' | 'warnings'>> {
  const { at } = dependency
  if (dependency.kind === 'local') return { parts: [{ ...localPart(dependency, childTarget(dependency, target)), at }], warnings: [] }
  const { child, warning } = chooseImage(await dependency.reader.children(dependency.root), target, dependency.uri)
  const { modules, platform } = await dependency.reader.image(child)
  checkPlatform(dependency.uri, child, platform)
  return { parts: modules.map((module) => ({ kind: 'image', facts: module.facts, module, dependency, at }) as const), warnings: warning === undefined ? [] : [warning] }
}

function localPart(module: LocalModule, target: Target): Part {
  const root = platformRoot(target, (path) => module.source.isFolder(path), isComposite(module.config))
  return { kind: 'local', facts: module.config, module, root }
}

/** The same module from the same place counts once; from two places it must be the same layer, which is seen when both are made. */
function withoutRepeats(parts: readonly Part[]): readonly Part[] {
  const known = new Set<string>()
  return parts.filter((part) => {
    const isNew = !known.has(origin(part))
    known.add(origin(part))
    return isNew
  })
}

function origin(part: Part): string {
  const place = part.kind === 'image' ? part.module.diffID : part.module.source.place
  return JSON.stringify([part.facts.kind, moduleName(part.facts), part.kind, place])
}

/** A child that declares targets must declare this one; what it leaves out of a declaration it leaves open. */
function childTarget(module: LocalModule, target: Target): Target {
  const { targets } = module.config
  const declared = targets.find((declaration) => declares(declaration, target))
  if (targets.length > 0 && declared === undefined) {
    throw new PackagerError({
      code: 'CONFIG',
      step: 'package dependency',
      value: module.uri,
      found: `${moduleName(module.config)} for ${targets.map((one) => [one.os, one.arch, one.variant].filter(Boolean).join('/')).join(', ')}`,
      wanted: `a target that fits ${formatTarget(target)}`,
      hint: `add the target to ${module.config.file}, or leave the dependency out there with [[dependencies]] uri and platforms in bp-package.toml`,
    })
  }
  const { path: _path, ...plain } = target
  if (declared?.path !== undefined) return { ...plain, path: declared.path }
  // The child's folder has the child's own word for the variant.
  return target.variant === undefined && declared?.variant !== undefined && variantOf(target.arch, undefined) === declared.variant ? { ...plain, variant: declared.variant } : plain
}
