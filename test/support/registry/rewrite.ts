import { sha256 } from './contents.ts'
import type { TestRegistry } from './registry.ts'

/** JSON that a test changes as it likes. */
export type Json = Record<string, unknown>

export interface Change {
  readonly config?: (config: Json) => Json
  readonly manifest?: (manifest: Json) => Json
}

/** Makes of a tag's single image another one, as a foreign or a hostile tool would have made it, and moves the tag there. */
export function rewriteImage(registry: TestRegistry, repository: string, tag: string, { config = same, manifest = same }: Change): string {
  const { blobs, manifests, tags } = registry.repository(repository)
  const old = JSON.parse(manifests.get(tags.get(tag) ?? '')?.bytes.toString('utf8') ?? '{}') as Json
  const { digest } = old['config'] as { readonly digest: string }
  const bytes = jsonBytes(config(JSON.parse(blobs.get(digest)?.toString('utf8') ?? '{}') as Json))
  const added = registry.addBlob(repository, bytes)
  const fresh = manifest({ ...old, config: { ...(old['config'] as Json), ...added } })
  return putManifest(registry, repository, tag, fresh)
}

/** Puts a manifest or index by force: whatever it names need not be there. */
export function putManifest(registry: TestRegistry, repository: string, tag: string, manifest: Json): string {
  const bytes = jsonBytes(manifest)
  const digest = sha256(bytes)
  registry.repository(repository).manifests.set(digest, { mediaType: String(manifest['mediaType']), bytes })
  registry.repository(repository).tags.set(tag, digest)
  return digest
}

/** A descriptor of a manifest that a tag or digest names, for an index made by hand. */
export function descriptorOf(registry: TestRegistry, repository: string, name: string, platform?: Json): Json {
  const { manifests, tags } = registry.repository(repository)
  const digest = tags.get(name) ?? name
  const found = manifests.get(digest)
  return { mediaType: found?.mediaType, size: found?.bytes.length, digest, ...(platform === undefined ? {} : { platform }) }
}

export function indexOf(manifests: readonly Json[]): Json {
  return { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }
}

function jsonBytes(value: Json): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function same(value: Json): Json {
  return value
}
