import { buffer } from 'node:stream/consumers'
import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { ImageManifest } from '../oci/manifest.ts'
import { isIndexType } from '../oci/media-types.ts'
import type { Source } from './store.ts'

/** An image on its way into an engine, with what an engine will say of it. */
export interface StagedImage {
  readonly manifest: Descriptor
  readonly content: Pick<ImageManifest, 'config' | 'layers'>
  readonly os: string
  readonly architecture: string
  readonly diffIDs: readonly string[]
}

/** Reads back a manifest that was put, and its config. An index is refused: an engine holds images. */
export async function readStaged(source: Source, manifest: Descriptor, signal?: AbortSignal): Promise<StagedImage> {
  if (isIndexType(manifest.mediaType)) {
    throw new PackagerError({ code: 'UNSUPPORTED', step: 'load image into the engine', value: manifest.digest, found: 'an image index', wanted: 'the image for one platform' })
  }
  const content = (await readJson(source, manifest, signal)) as ImageManifest
  const config = (await readJson(source, content.config, signal)) as { readonly os?: string; readonly architecture?: string; readonly rootfs: { readonly diff_ids: readonly string[] } }
  return { manifest, content, os: config.os ?? '', architecture: config.architecture ?? '', diffIDs: config.rootfs.diff_ids }
}

async function readJson(source: Source, descriptor: Descriptor, signal: AbortSignal | undefined): Promise<unknown> {
  return JSON.parse((await buffer(await source.open(descriptor, signal))).toString('utf8'))
}
