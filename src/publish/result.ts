import type { PutStatus, Warning } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { MadeImage } from './image.ts'
import type { Names } from './names.ts'
import { formatTag } from './tags.ts'
import type { ImageResult, RunOptions, RunResult } from './options.ts'

/** The result as `--json` and `--metadata-file` write it (SPEC.md, "Results"). Keys stand in the order of that example. */
export function runResult(
  options: Pick<RunOptions, 'destination'>,
  names: Names & { readonly files?: readonly string[] },
  root: Descriptor,
  images: readonly MadeImage[],
  statuses: ReadonlyMap<Digest, PutStatus>,
  warnings: readonly Warning[],
): RunResult {
  return {
    schemaVersion: 1,
    name: names.name,
    tags: names.byDigest === true ? [] : names.tags.map(formatTag),
    destination: options.destination,
    ...(names.files !== undefined ? { files: names.files } : names.path === undefined ? {} : { path: names.path }),
    digest: root.digest,
    mediaType: root.mediaType,
    size: root.size,
    images: images.map((image) => imageResult(names, image, statuses, options.destination !== 'file')),
    warnings: warnings.map((warning) => warning.message),
  }
}

function imageResult(names: Names, image: MadeImage, statuses: ReadonlyMap<Digest, PutStatus>, isTagged: boolean): ImageResult {
  const { digest, mediaType, size } = image.manifest.descriptor
  return {
    name: names.repository,
    target: formatTarget(image.target),
    platform: image.platform,
    ...(isTagged && image.tag !== undefined ? { tag: formatTag(image.tag) } : {}),
    digest,
    mediaType,
    size,
    layers: image.layers.map((layer) => {
      const blob = layer.blob.descriptor
      return { module: layer.modules.join(', '), diffID: layer.diffID, digest: blob.digest, size: blob.size, status: statuses.get(blob.digest) ?? 'written' }
    }),
  }
}
