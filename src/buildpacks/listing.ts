import { join } from 'node:path'
import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { Entries, Excludes } from '../layers/entries.ts'
import { bytesEntry } from '../layers/entries.ts'
import { excludesFor } from '../layers/excludes.ts'
import { findSecrets } from '../layers/secrets.ts'
import type { Layer } from '../layers/spool.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { dockerLayerGzip, ociLayer, ociLayerGzip } from '../oci/media-types.ts'
import type { PlatformRoot } from '../targets/root.ts'
import type { ImageModule } from './image.ts'
import { below, withoutEmptied } from './left-out.ts'
import type { ModuleFacts } from './module.ts'
import type { ImageDependency, LocalModule } from './open.ts'
import type { ModuleSource } from './source.ts'
import { takenLayer } from './taken-layer.ts'

/** What a platform root, or a module's part of a foreign layer, holds. */
export interface Listing {
  readonly entries: Entries
  readonly excluded: readonly string[]
  /** What lies beside the platform folders, at the top of the module's: it is in no platform's layer. */
  readonly outside?: readonly string[]
  /** Names of files that look as if they should not be published. */
  readonly secrets?: readonly string[]
}

/** A local module, and the folder of it that a target gets. */
export interface RootedModule {
  readonly module: LocalModule
  readonly root: PlatformRoot
}

/** A module in a layer of somebody else's image. */
export interface ForeignModule {
  readonly facts: ModuleFacts
  readonly module: ImageModule
  readonly dependency: ImageDependency
}

/** What is left out of a local module's layer. */
export interface ListingRules {
  readonly defaultExcludes: boolean | undefined
  /** As lines of .bpignore. */
  readonly patterns: readonly string[]
  /** What this run writes, absolute. */
  readonly ownFiles: readonly string[]
  readonly signal: AbortSignal | undefined
}

/** A local module's platform root. The module's own toml stands in every root, in the place of one that lies there. */
export async function listLocal({ module, root: { root } }: RootedModule, { defaultExcludes, patterns, ownFiles, signal }: ListingRules): Promise<Listing> {
  throwIfCancelled(signal, 'list files')
  const { source, tomlName, toml, ignoreFile } = module
  const rules = {
    defaults: defaultExcludes !== false,
    ignoreFile,
    patterns,
    keep: [tomlName],
    isLayoutFolder: (path: string) => source.isLayoutFolder(path),
  }
  const overlay = root === '.' ? [] : [bytesEntry(tomlName, toml)]
  const own = source.folder === undefined ? [] : below(ownFiles, join(source.folder, root))
  const excludes = excludesFor(rules, root)
  const listed = await source.list(root, (path, isFolder) => own.includes(path) || excludes(path, isFolder), overlay, signal)
  const entries = withoutEmptied(listed.entries, own)
  const outside = root === '.' ? [] : await topNames(source, excludesFor(rules, '.'), tomlName, signal)
  return { ...listed, entries, secrets: findSecrets(entries), outside }
}

/** What lies at the top of a module's folder and would be packaged if that were the root, folders with a slash at their end. */
async function topNames(source: ModuleSource, excludes: Excludes, tomlName: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const names: string[] = []
  // Nothing is listed and no folder looked into: whatever is asked about lies at the top.
  const noting: Excludes = (path, isFolder) => {
    if (!path.includes('/') && path !== tomlName && !excludes(path, isFolder)) names.push(isFolder ? `${path}/` : path)
    return true
  }
  await source.list('.', noting, [], signal)
  return names.sort()
}

/** A package's layer, taken as it is. */
export function takeLayer(part: Pick<ForeignModule, 'module' | 'dependency'>, signal: AbortSignal | undefined): Layer {
  const { layer, diffID } = part.module
  const { content, origin, uri } = part.dependency
  return takenLayer({ content, descriptor: layer, diffID, mediaType: ociType(layer, uri), place: uri, origin }, signal)
}

/** An image made here has OCI types alone; the bytes of a Docker layer are the same. */
function ociType(layer: Descriptor, uri: string): string {
  if (layer.mediaType === dockerLayerGzip || layer.mediaType === ociLayerGzip) return ociLayerGzip
  if (layer.mediaType === ociLayer) return ociLayer
  throw new PackagerError({ code: 'UNSUPPORTED', step: 'take layer', value: uri, found: `media type ${JSON.stringify(layer.mediaType)}`, wanted: 'a tar, plain or gzip' })
}
