import type { ErrorCode } from '../errors.ts'
import { PackagerError } from '../errors.ts'
import type { Warning } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { dockerIndex, dockerManifest, isIndexType, ociIndex, ociManifest } from '../oci/media-types.ts'
import { throwAll } from './failures.ts'
import { readParts } from './fetch.ts'
import type { ListFormat } from './options.ts'
import { isAttestation, isComplete, platformText } from './platforms.ts'

export const indexTypes: Readonly<Record<ListFormat, string>> = { oci: ociIndex, docker: dockerIndex }

export function formatOf(mediaType: string): ListFormat {
  return mediaType === dockerIndex ? 'docker' : 'oci'
}

/** A `--format` value; Docker's older word for it is `v2s2`, and matching ignores case. */
export function parseFormat(word: string): ListFormat {
  const format = word.toLowerCase()
  if (format === 'oci') return 'oci'
  if (format === 'docker' || format === 'v2s2') return 'docker'
  throw new PackagerError({ code: 'USAGE', step: 'read --format', value: word, found: 'an unknown format', wanted: 'oci or docker (v2s2)' })
}

/**
 * The table of SPEC-manifest.md, "Media types": what an index of that format can hold. Children are never rewritten.
 *
 * @param known entries that the index had before: what others have put there is theirs
 */
export function checkFormat(content: IndexContent, format: ListFormat, list: string, known: readonly Descriptor[] = []): void {
  const fresh = content.manifests.filter((entry) => !known.includes(entry))
  const faults = fresh.flatMap((entry) => (format === 'docker' ? dockerFaults(entry) : ociFaults(entry)))
  if (format === 'docker' && Object.keys(content.annotations).length > 0) faults.push(['ANNOTATION_UNSUPPORTED', list, 'annotations of the list', ociHint])
  throwAll(
    faults.map(
      ([code, value, found, hint]) =>
        new PackagerError({
          code,
          step: 'check list',
          value,
          found,
          wanted: format === 'docker' ? 'what a Docker list can hold' : 'what an OCI index can hold',
          hint,
        }),
    ),
  )
}

type Fault = readonly [code: ErrorCode, value: string, found: string, hint: string]

const ociHint = 'Docker lists have no place for it: create the list with --format oci'

function dockerFaults(entry: Descriptor): Fault[] {
  const { digest, mediaType, annotations = {} } = entry
  const faults: Fault[] = []
  if (mediaType !== dockerManifest) {
    const hint = isAttestation(entry) ? `${ociHint}, or leave attestations out with --no-attestations` : 'children are never rewritten: create the list with --format oci'
    faults.push(['MIXED_TYPES', digest, `${isAttestation(entry) ? 'an attestation' : 'an image'} of type ${mediaType}`, hint])
  } else if (Object.keys(annotations).length > 0) {
    faults.push(['ANNOTATION_UNSUPPORTED', digest, `annotations of ${platformText(entry.platform)}`, ociHint])
  }
  return faults
}

function ociFaults({ digest, mediaType, platform }: Descriptor): Fault[] {
  const known = mediaType === ociManifest || mediaType === dockerManifest || isIndexType(mediaType)
  if (!known) return [['MIXED_TYPES', digest, `a manifest of type ${mediaType}`, 'no index can hold it; build or push the image anew']]
  if (platform?.features === undefined) return []
  return [['UNSUPPORTED', digest, `features ${platform.features.join(', ')} of the platform`, 'OCI has --os-features; --features is for lists of --format docker']]
}

/** What an author should know of a list that is none the less taken. */
export function listWarnings(content: IndexContent, format: ListFormat, list: string, manifests: ReadonlyMap<Digest, Uint8Array>, known: readonly Descriptor[] = []): readonly Warning[] {
  const fresh = content.manifests.filter((entry) => !known.includes(entry))
  const docker = format === 'oci' ? fresh.filter(({ mediaType }) => mediaType === dockerManifest) : []
  const bare = fresh.filter((entry) => lacksPlatform(entry, manifests))
  return [
    ...(docker.length === 0
      ? []
      : [
          {
            message: `Docker images in an OCI index, which some registries refuse: ${docker.map(({ digest }) => digest).join(', ')}`,
            hint: 'a list of Docker images alone can be created with --format docker',
          },
        ]),
    ...bare.map((entry) => ({
      message: `${entry.digest} has ${missingWords(entry)} and cannot be published so`,
      hint: repair(entry, list, false),
    })),
  ]
}

/**
 * What no list may be when it is published: empty, or with an image that nobody can choose.
 *
 * @param straight the list is a registry's: the repairing command has `--publish`
 * @throws PackagerError `LIST_EMPTY`, `PLATFORM_MISSING`
 */
export function checkPublishable(content: IndexContent, list: string, manifests: ReadonlyMap<Digest, Uint8Array>, hint: (entry: Descriptor) => string): void {
  if (content.manifests.length === 0) {
    throw new PackagerError({ code: 'LIST_EMPTY', step: 'publish list', value: list, found: 'no entries', wanted: 'at least one image', hint: `bp-package manifest add ${list} IMAGE` })
  }
  const bare = content.manifests.filter((entry) => lacksPlatform(entry, manifests))
  throwAll(
    bare.map(
      (entry) =>
        new PackagerError({
          code: 'PLATFORM_MISSING',
          step: 'publish list',
          value: list,
          found: `${entry.digest} with ${missingWords(entry)}`,
          wanted: 'os and architecture',
          hint: hint(entry),
        }),
    ),
  )
}

/** Only what is no image, such as an artifact, may do without. */
function lacksPlatform(entry: Descriptor, manifests: ReadonlyMap<Digest, Uint8Array>): boolean {
  if (isComplete(entry.platform) || isIndexType(entry.mediaType)) return false
  const bytes = manifests.get(entry.digest)
  if (bytes === undefined) return entry.artifactType === undefined || entry.platform !== undefined
  const parts = readParts(JSON.parse(Buffer.from(bytes).toString('utf8')) as Readonly<Record<string, unknown>>, entry.digest)
  return parts.isImage || entry.platform !== undefined
}

function missingWords({ platform }: Descriptor): string {
  return ['os', 'architecture'].filter((word) => (platform?.[word as 'os' | 'architecture'] ?? '') === '').map((word) => `no ${word}`).join(' and ')
}

/** The command that repairs an entry without platform. */
export function repair({ digest, platform }: Descriptor, list: string, straight: boolean): string {
  const os = (platform?.os ?? '') === '' ? ' --os linux' : ''
  const arch = (platform?.architecture ?? '') === '' ? ' --arch amd64' : ''
  return `name what it runs on, such as: bp-package manifest annotate${straight ? ' --publish' : ''} ${list} ${digest}${os}${arch}`
}
