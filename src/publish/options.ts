import type { Report, PutStatus } from '../events.ts'
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/platform.ts'
import type { PullPolicy } from '../stores/pulled.ts'

/** `registry` a push, `layout` an OCI image layout folder, `file` a `.cnb`, `image` an engine. */
export type Destination = 'registry' | 'layout' | 'file' | 'image'

/** Per host, as the flags of the same names (SPEC.md). Loopback hosts speak http by themselves. */
export interface RegistrySettings {
  readonly plainHttp?: readonly string[]
  readonly skipTlsVerify?: readonly string[]
  readonly insecure?: readonly string[]
  readonly caFiles?: readonly string[]
  /** `HOST[/PATH]=MIRROR[/PATH]`: where images are read from before HOST itself is asked. Nothing is ever pushed there. */
  readonly mirrors?: readonly string[]
}

/** What every run that talks to a registry can be told. Relative paths are relative to `cwd`. Nothing here is read from `process`. */
export interface NetworkOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly registry?: RegistrySettings
  /** When registries are asked what the names of images that are only read stand for; `always` unless told. */
  readonly pullPolicy?: PullPolicy
  /** A clone's folder or an address, where `namespace/name@version` is looked up. */
  readonly registryIndex?: string
  readonly onEvent?: Report
  readonly signal?: AbortSignal
}

/** What every run that makes images can be told, whatever is in them. */
export interface RunOptions extends NetworkOptions {
  readonly name?: string
  readonly repository?: string
  /** `--target` values, unparsed. */
  readonly targets?: readonly string[]
  readonly destination: Destination
  readonly output?: string
  readonly tags?: readonly string[]
  readonly appendImageNameSuffix?: boolean
  /** Keep what NAME's index already has for other platforms. */
  readonly append?: boolean
  /** Push without a tag: NAME is a repository. */
  readonly publishByDigest?: boolean
  /** `key=value` texts. */
  readonly labels?: readonly string[]
  /** `[scope:]key=value` texts. */
  readonly annotations?: readonly string[]
  /** `file`: one archive with all targets' images and their index, in place of one for each target. */
  readonly singleFile?: boolean
  readonly strict?: boolean
  /** Bytes that an archive may unpack to; 8 GiB unless told. */
  readonly archiveLimit?: number
  readonly cacheDir?: string
  readonly cache?: boolean
  readonly concurrency?: number
  /** `gzip`, `gzip:1` to `gzip:12`, or `none`. */
  readonly compression?: string
}

export interface LayerResult {
  /** `id@version`; several, joined by a comma, for a flattened layer. */
  readonly module: string
  readonly diffID: Digest
  readonly digest: Digest
  readonly size: number
  readonly status: PutStatus
}

export interface ImageResult {
  /** The repository, without a tag: an image of an index has only its digest. */
  readonly name: string
  readonly target: string
  readonly platform: Platform
  /** Its own tag, where it has one (`--append-image-name-suffix`). */
  readonly tag?: string
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  readonly layers: readonly LayerResult[]
}

/** The result as `--json` and `--metadata-file` write it (SPEC.md, "Results"). */
export interface RunResult {
  readonly schemaVersion: 1
  readonly name: string
  readonly tags: readonly string[]
  readonly destination: Destination
  /** Where it was written, for a layout or a single file. */
  readonly path?: string
  /** Where each image was written, in their order, for a file for each target; `digest` is then that of the index over them, which no file holds. */
  readonly files?: readonly string[]
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  readonly images: readonly ImageResult[]
  readonly warnings: readonly string[]
}
