import { PackageReader } from '../buildpacks/image.ts'
import { PackagerError } from '../errors.ts'
import type { Descriptor, InlineBlob } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Annotations } from '../oci/manifest.ts'
import { encodeIndex } from '../oci/manifest.ts'
import { dockerManifest, dockerTypes, ociTypes } from '../oci/media-types.ts'
import { samePlatform } from '../oci/platform.ts'
import type { Source } from '../stores/store.ts'

/** An index that holds what a name already stood for, and what this run made. */
export interface Appended {
  readonly index: InlineBlob
  /** What the name stood for when it was read; undefined: nothing. */
  readonly base: Digest | undefined
}

/** Says which image an attestation is about (BuildKit's annotation). */
const attests = 'vnd.docker.reference.digest'

/**
 * Puts new images into an index (SPEC.md, `--append`): one for a platform that the index has takes that one's place, with its
 * attestations gone, others come last; everything else is kept as it is, annotations too. A name that stands for a single
 * image has it as the first child, a name that stands for nothing gets an index of the new ones alone.
 *
 * @throws PackagerError `UNSUPPORTED` where the name stands for media types of the other family: Docker's and OCI's are never mixed
 */
export async function appendTo(source: Source, tag: string, place: string, images: readonly Descriptor[], annotations: Annotations, signal: AbortSignal): Promise<Appended> {
  const root = await resolveOrNothing(source, tag, signal)
  const isDocker = images.every(({ mediaType }) => mediaType === dockerManifest)
  const { index: mediaType, manifest } = isDocker ? dockerTypes : ociTypes
  if (root === undefined) return { index: encodeIndex(images, annotations, { mediaType }), base: undefined }
  if (root.mediaType !== mediaType && root.mediaType !== manifest) {
    const wanted = isDocker ? "a list or an image of Docker's media types, as what is added is" : 'an OCI index or image'
    throw new PackagerError({
      code: 'UNSUPPORTED',
      step: 'append to',
      value: place,
      found: `media type ${JSON.stringify(root.mediaType)}`,
      wanted,
      hint: 'publish without --append to replace it',
    })
  }
  const reader = new PackageReader(source, place, signal)
  const content = root.mediaType === mediaType ? await reader.object(root) : {}
  const children = root.mediaType === mediaType ? await reader.descriptors(root) : [{ ...plain(root), platform: await reader.platform(root) }]
  const index = encodeIndex(merge(children, images), { ...annotationsOf(content['annotations']), ...annotations }, { mediaType })
  return { index, base: root.digest }
}

/** What the name stands for now, to be compared with `base` right before it is written. */
export async function resolveOrNothing(source: Source, tag: string, signal: AbortSignal): Promise<Descriptor | undefined> {
  return source.resolve(tag, signal).catch((cause: unknown) => {
    if (cause instanceof PackagerError && cause.code === 'NOT_FOUND') return undefined
    throw cause
  })
}

/** Equal platforms are replaced in place. */
export function merge(children: readonly Descriptor[], images: readonly Descriptor[]): readonly Descriptor[] {
  const replacement = (child: Descriptor): Descriptor | undefined => {
    const { platform } = child
    return platform === undefined ? undefined : images.find((image) => image.platform !== undefined && samePlatform(image.platform, platform))
  }
  const gone = new Set(children.filter((child) => replacement(child) !== undefined && replacement(child)?.digest !== child.digest).map((child) => child.digest as string))
  const kept = children.filter((child) => !gone.has(child.annotations?.[attests] ?? '')).map((child) => replacement(child) ?? child)
  const all = [...kept, ...images]
  return all.filter((entry, at) => all.findIndex((other) => other.digest === entry.digest) === at)
}

function plain({ mediaType, size, digest }: Descriptor): Descriptor {
  return { mediaType, size, digest }
}

function annotationsOf(value: unknown): Annotations {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
