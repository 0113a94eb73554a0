import { compareVersions } from '../buildpacks/version-order.ts'
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/platform.ts'
import { variantOf } from '../targets/nearest-image.ts'
import { describeFile, differ, ModuleFolders } from './file-differences.ts'
import { columns, formatOrder } from './differences.ts'
import type { InspectedFile, InspectedModule, InspectedPlatform, InspectedSource, Inspection } from './inspection.ts'
import { platformNames } from './platform-names.ts'

/** What one source is, in a comparison. */
export interface ComparedSource {
  readonly source: InspectedSource
  readonly digest: Digest | null
  readonly mediaType: string | null
}

/** A module that is not the same in both. `rebuilt`: the same version, and another layer or api. */
export interface ModuleChange {
  readonly kind: 'added' | 'removed' | 'version' | 'rebuilt'
  readonly type: 'buildpack' | 'extension'
  readonly id: string
  readonly from: string | null
  readonly to: string | null
  /** Those in both sources where this holds. */
  readonly platforms: readonly string[]
}

/** An order that is not the same: a composite's by its id, a builder's by its label. */
export interface OrderChange {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly platforms: readonly string[]
}

export interface SizeChange {
  readonly platform: string
  readonly from: number | null
  readonly to: number | null
}

/** A file of a module, by its path in the module's folder, which has another name with each version. */
export interface FileChange {
  readonly kind: 'added' | 'removed' | 'changed'
  /** The module's id; empty for a file of no module. */
  readonly module: string
  readonly path: string
  readonly from: string | null
  readonly to: string | null
  readonly platforms: readonly string[]
}

/** What became of a package, for the notes of a release: from `a` to `b`. */
export interface Comparison {
  readonly a: ComparedSource
  readonly b: ComparedSource
  readonly platforms: { readonly added: readonly string[]; readonly removed: readonly string[]; readonly both: readonly string[] }
  readonly modules: readonly ModuleChange[]
  readonly orders: readonly OrderChange[]
  /** Of the platforms in both. */
  readonly sizes: readonly SizeChange[]
  /** Null unless files were read. */
  readonly files: readonly FileChange[] | null
}

/** A platform that both have. */
interface Pair {
  readonly name: string
  readonly from: InspectedPlatform
  readonly to: InspectedPlatform
}

type Change<T> = Omit<T, 'platforms'>

/**
 * Compares two packages, platform by platform. What is the same on several platforms is told once. A variant that only one
 * of the two writes out does not make another platform: `linux/arm64` is `linux/arm64/v8`.
 */
export function compare(a: Inspection, b: Inspection): Comparison {
  const [namesA, namesB] = [namesIn(a), namesIn(b)]
  const [keysA, keysB] = [namesIn(a, plainPlatform), namesIn(b, plainPlatform)]
  const pairs = b.platforms.flatMap((to, index): readonly Pair[] => {
    const from = a.platforms[keysA.indexOf(keysB[index] ?? '')]
    return from === undefined ? [] : [{ name: namesB[index] ?? '', from, to }]
  })
  const hasFiles = [...a.platforms, ...b.platforms].some(({ files }) => files !== undefined)
  return {
    a: comparedSource(a),
    b: comparedSource(b),
    platforms: {
      added: namesB.filter((_, index) => !keysA.includes(keysB[index] ?? '')),
      removed: namesA.filter((_, index) => !keysB.includes(keysA[index] ?? '')),
      both: pairs.map(({ name }) => name),
    },
    modules: gathered(pairs, ({ from, to }) => [...moduleChanges('buildpack', from.buildpacks, to.buildpacks), ...moduleChanges('extension', from.extensions, to.extensions)]),
    orders: gathered(pairs, orderChanges),
    sizes: pairs.map(({ name, from, to }) => ({ platform: name, from: from.size, to: to.size })),
    files: hasFiles ? gathered(pairs, fileChanges) : null,
  }
}

function namesIn({ platforms }: Inspection, of = (platform: Platform): Platform => platform): readonly string[] {
  return platformNames(platforms.map(({ platform }) => of(platform)))
}

function comparedSource({ source, digest, mediaType }: Inspection): ComparedSource {
  return { source, digest, mediaType }
}

/** Without a variant that goes without saying. */
function plainPlatform(platform: Platform): Platform {
  const { variant, ...plain } = platform
  return variantOf(platform.architecture, variant) === variantOf(platform.architecture, undefined) ? plain : platform
}

/** Each change once, with the platforms where it holds. */
function gathered<T extends object>(pairs: readonly Pair[], changesOf: (pair: Pair) => readonly T[]): readonly (T & { readonly platforms: readonly string[] })[] {
  const changes = new Map<string, { readonly change: T; readonly platforms: string[] }>()
  for (const pair of pairs) {
    for (const change of changesOf(pair)) {
      const key = JSON.stringify(change)
      const known = changes.get(key)
      if (known === undefined) changes.set(key, { change, platforms: [pair.name] })
      else known.platforms.push(pair.name)
    }
  }
  return [...changes.values()].map(({ change, platforms }) => ({ ...change, platforms }))
}

function moduleChanges(type: ModuleChange['type'], before: readonly InspectedModule[], after: readonly InspectedModule[]): readonly Change<ModuleChange>[] {
  return columns([before, after]).flatMap(({ id, modules: [from = [], to = []] }): readonly Change<ModuleChange>[] => {
    const gone = from.filter(({ version }) => !to.some((other) => other.version === version))
    const come = to.filter(({ version }) => !from.some((other) => other.version === version))
    const kept = to.flatMap((module) => {
      const old = from.find(({ version }) => version === module.version)
      return old === undefined || isSame(old, module) ? [] : [{ kind: 'rebuilt', type, id, from: module.version, to: module.version } as const]
    })
    const [old] = gone
    const [fresh] = come
    if (gone.length === 1 && come.length === 1 && old !== undefined && fresh !== undefined) return [{ kind: 'version', type, id, from: old.version, to: fresh.version }, ...kept]
    return [
      ...gone.map(({ version }) => ({ kind: 'removed', type, id, from: version, to: null }) as const),
      ...come.map(({ version }) => ({ kind: 'added', type, id, from: null, to: version }) as const),
      ...kept,
    ]
  })
}

/** A folder's modules have no layer yet; those of a flattened package share theirs with the others. */
function isSame(old: InspectedModule, fresh: InspectedModule): boolean {
  return old.api === fresh.api && (old.layerDiffID === null || fresh.layerDiffID === null || old.layerDiffID === fresh.layerDiffID)
}

/** Composites by id, whatever their version: an order is what a release of a composite is about. */
function orderChanges({ from, to }: Pair): readonly Change<OrderChange>[] {
  const composites = columns([from.buildpacks, to.buildpacks]).flatMap(({ id, modules: [before = [], after = []] }) => {
    const [old, fresh] = [before, after].map(newest)
    return old === undefined || fresh === undefined ? [] : [{ id, from: formatOrder(old.order), to: formatOrder(fresh.order) }]
  })
  const builders = (['order', 'orderExtensions'] as const).map((key) => ({
    id: key === 'order' ? 'io.buildpacks.buildpack.order' : 'io.buildpacks.buildpack.order-extensions',
    from: formatOrder(from.builder?.[key] ?? []),
    to: formatOrder(to.builder?.[key] ?? []),
  }))
  return [...composites, ...builders].filter((change) => change.from !== change.to)
}

function newest(modules: readonly InspectedModule[]): InspectedModule | undefined {
  return [...modules].sort((one, other) => compareVersions(other.version, one.version))[0]
}

function fileChanges({ from, to }: Pair): readonly Change<FileChange>[] {
  const [before, after] = [filesByModule(from), filesByModule(to)]
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort()
  return keys.flatMap((key): readonly Change<FileChange>[] => {
    const [old, fresh] = [before.get(key), after.get(key)]
    const place = fresh ?? old
    if (place === undefined || !isFileChange(old?.file, fresh?.file)) return []
    const kind = old === undefined ? 'added' : fresh === undefined ? 'removed' : 'changed'
    return [{ kind, module: place.module, path: place.path, from: old === undefined ? null : describeFile(old.file), to: fresh === undefined ? null : describeFile(fresh.file) }]
  })
}

function isFileChange(old: InspectedFile | undefined, fresh: InspectedFile | undefined): boolean {
  return old?.machine !== fresh?.machine || old?.digest !== fresh?.digest || differ([old, fresh])
}

interface PlacedFile {
  readonly module: string
  readonly path: string
  readonly file: InspectedFile
}

/** By module and path in it; of an id that the image has in several versions, each version is a module of its own. */
function filesByModule(image: InspectedPlatform): ReadonlyMap<string, PlacedFile> {
  const folders = new ModuleFolders(image)
  const ids = [...image.buildpacks, ...image.extensions].map(({ id }) => id)
  const several = new Set(ids.filter((id, index) => ids.indexOf(id) !== index))
  const files = (image.files ?? []).filter(({ type }) => type !== 'folder')
  return new Map(
    files.map((file) => {
      const { id, module, path } = folders.locate(file.path)
      const name = several.has(id) ? module : id
      return [`${name}\0${path}`, { module: name, path, file }]
    }),
  )
}
