import type { ImageModule } from '../buildpacks/image.ts'
import { listPlatforms } from '../buildpacks/image.ts'
import type { ModuleFacts } from '../buildpacks/module.ts'
import { isComposite, moduleName } from '../buildpacks/module.ts'
import type { TargetDeclaration } from '../config/buildpack.ts'
import { PackagerError } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { formatTarget } from '../targets/grammar.ts'
import { platformOf } from '../targets/platform.ts'
import type { PlatformRoot } from '../targets/root.ts'
import { platformRoot } from '../targets/root.ts'
import type { Target } from '../targets/target.ts'
import type { Dependency, ImageDependency, LocalModule } from './dependencies.ts'

/** A module of one image, where its content comes from: a platform root of this machine, or a layer of another image. */
export type Part =
  | { readonly kind: 'local'; readonly facts: ModuleFacts; readonly module: LocalModule; readonly root: PlatformRoot }
  | { readonly kind: 'image'; readonly facts: ModuleFacts; readonly module: ImageModule; readonly dependency: ImageDependency }

/** What one image is made of: dependencies as package.toml lists them, the main module last (SPEC-package.md section 7). */
export interface Composition {
  readonly target: Target
  readonly parts: readonly Part[]
  readonly warnings: readonly Warning[]
}

/** Chooses, for one target, the root of each local module and the image of each package, and takes equal modules once. */
export async function compose(target: Target, main: LocalModule, dependencies: readonly Dependency[]): Promise<Composition> {
  const parts: Part[] = []
  const warnings: Warning[] = []
  for (const dependency of dependencies) {
    if (dependency.platforms !== undefined && !dependency.platforms.some((platform) => covers(platform, target))) continue
    if (dependency.kind === 'local') parts.push(localPart(dependency, childTarget(dependency, target)))
    else {
      const { child, warning } = await childFor(dependency, target)
      if (warning !== undefined) warnings.push(warning)
      const { modules } = await dependency.reader.image(child)
      parts.push(...modules.map((module) => ({ kind: 'image', facts: module.facts, module, dependency }) as const))
    }
  }
  return { target, parts: [...withoutRepeats(parts), localPart(main, target)], warnings }
}

function localPart(module: LocalModule, target: Target): Part {
  const root = platformRoot(target, (path) => module.source.isFolder(path), isComposite(module.config))
  return { kind: 'local', facts: module.config, module, root }
}

/** The same module from the same place counts once; from two places it must be the same layer, which is seen when both are made. */
function withoutRepeats(parts: readonly Part[]): readonly Part[] {
  return parts.filter((part, index) => parts.findIndex((other) => sameOrigin(other, part)) === index)
}

function sameOrigin(a: Part, b: Part): boolean {
  if (moduleName(a.facts) !== moduleName(b.facts) || a.facts.kind !== b.facts.kind) return false
  if (a.kind === 'image' && b.kind === 'image') return a.module.diffID === b.module.diffID
  return a.kind === 'local' && b.kind === 'local' && a.module.source.place === b.module.source.place
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
      found: `${moduleName(module.config)} declares ${targets.map((one) => [one.os, one.arch, one.variant].filter(Boolean).join('/')).join(', ')}`,
      wanted: `a target that fits ${formatTarget(target)}`,
      hint: `add the target to ${module.config.file}, or leave the dependency out there with [[dependencies]] uri and platforms in bp-package.toml`,
    })
  }
  const { path: _path, ...plain } = target
  return declared?.path === undefined ? plain : { ...plain, path: declared.path }
}

function declares(declaration: TargetDeclaration, target: Target): boolean {
  if (!fits(declaration.os, target.os) || !fits(declaration.arch, target.arch) || !fits(declaration.variant, target.variant)) return false
  const { distro } = target
  return distro === undefined || declaration.distros.length === 0 || declaration.distros.some((one) => one.name === distro.name && fits(one.version, distro.version))
}

/** A word that a declaration leaves out fits any. */
function fits(declared: string | undefined, wanted: string | undefined): boolean {
  return declared === undefined || declared === '' || declared === wanted
}

/** Whether a platform of bp-package.toml means this target: what it leaves out it leaves open. */
function covers(platform: Target, target: Target): boolean {
  if (platform.os !== target.os || platform.arch !== target.arch) return false
  if (platform.variant !== undefined && platform.variant !== target.variant) return false
  return platform.distro === undefined || (platform.distro.name === target.distro?.name && (platform.distro.version ?? target.distro.version) === target.distro.version)
}

/** The image for a target: equal platform, then without the distribution, then without the variant, then by os alone. */
async function childFor(dependency: ImageDependency, target: Target): Promise<{ child: Descriptor; warning?: Warning }> {
  const children = (await dependency.reader.children(dependency.root)).filter((child) => child.platform?.os === target.os)
  const wanted = platformOf(target)
  const sameArch = children.filter(({ platform }) => platform?.architecture === target.arch)
  const sameVariant = sameArch.filter(({ platform }) => variantOf(target.arch, platform?.variant) === variantOf(target.arch, target.variant))
  const exact = sameVariant.find(({ platform }) => platform?.['os.version'] === wanted['os.version'])
  const close = exact ?? sameVariant[0] ?? sameArch.find(({ platform }) => compatible(platform?.variant, variantOf(target.arch, target.variant)))
  if (close !== undefined) return { child: close }
  const open = children.find(({ platform }) => platform?.architecture === '')
  if (open !== undefined) {
    const message = `${dependency.uri} names no architecture: it is taken for ${formatTarget(target)}`
    return { child: open, warning: { message, hint: 'publish that package anew with a target that names one' } }
  }
  const all = await dependency.reader.children(dependency.root)
  throw new PackagerError({
    code: 'CONFIG',
    step: 'take dependency',
    value: dependency.uri,
    found: all.length === 0 ? 'an index without images' : `images for ${listPlatforms(all)}`,
    wanted: `one for ${formatTarget(target)}`,
    hint: 'publish that package for this target, or leave it out there with [[dependencies]] uri and platforms in bp-package.toml',
  })
}

/** Every arm64 is v8, and arm without a word means v7. */
function variantOf(arch: string, variant: string | undefined): string | undefined {
  if (variant !== undefined && variant !== '') return variant
  return arch === 'arm64' ? 'v8' : arch === 'arm' ? 'v7' : undefined
}

/** An image without a variant runs on any; one for an older variant runs on a newer. */
function compatible(has: string | undefined, wanted: string | undefined): boolean {
  if (has === undefined || has === '') return true
  return wanted !== undefined && Number(has.replace(/^v/, '')) <= Number(wanted.replace(/^v/, ''))
}
