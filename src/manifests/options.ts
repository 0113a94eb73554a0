import type { PutStatus, Report } from '../events.ts'
import type { Digest } from '../oci/digest.ts'
import type { NetworkOptions } from '../publish/options.ts'
import type { LockOwner } from '../stores/list-lock.ts'
import type { ListFormat } from '../stores/lists.ts'

export type { ListFormat, LockOwner, NetworkOptions, Report }

/** What the commands that change local lists need to know beside the registries. */
export interface LocalOptions extends NetworkOptions {
  readonly owner: LockOwner
  /** How long to wait for another holder of a list's lock; 10 seconds unless told. */
  readonly patienceMs?: number
}

/** Words of a platform as flags give them. Empty: the word is taken away. */
export interface PlatformFlags {
  readonly os?: string
  readonly arch?: string
  readonly variant?: string
  readonly osVersion?: string
  readonly osFeatures?: readonly string[]
  readonly features?: readonly string[]
}

/** What becomes of annotations: those of an entry and those of the index. */
export interface AnnotationChange {
  readonly entry: Readonly<Record<string, string>>
  readonly index: Readonly<Record<string, string>>
  readonly removeEntry: readonly string[]
  readonly removeIndex: readonly string[]
}

/** Which images of an index are taken. */
export interface Selection {
  /** `os/arch[/variant[:osversion]]`; empty: all. */
  readonly platforms: readonly string[]
  readonly attestations: boolean
}

/** Where a finished index goes, beyond the reference that names it. */
export interface SendOptions {
  /** `--tag` values: tags, or references in the same repository. */
  readonly tags?: readonly string[]
  readonly dryRun?: boolean
  /** Requests and uploads at a time; 4 unless told. */
  readonly concurrency?: number
}

/** How a child came to be in the destination's repository. */
export type Copied = Exclude<PutStatus, 'written'>

export interface PushedPlatform {
  readonly os: string | null
  readonly architecture: string | null
  readonly variant: string | null
  readonly 'os.version': string | null
  readonly 'os.features': readonly string[]
}

export interface PushedImage {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  readonly platform: PushedPlatform
  readonly annotations: Readonly<Record<string, string>>
  readonly copied: Copied
}

/** The result as `--json` writes it (SPEC-manifest.md, "JSON"): every key is always there. */
export interface PushResult {
  readonly reference: string
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  readonly tags: readonly string[]
  readonly images: readonly PushedImage[]
  readonly purged: boolean
}

/** An entry that a command added, changed or took out, as it is told. */
export interface Touched {
  readonly digest: Digest
  /** `linux/arm64/v8`, or `no platform`. */
  readonly platform: string
}
