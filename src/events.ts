import type { Digest } from './oci/digest.ts'

/** How a blob or manifest came to be at its destination (SPEC.md, "Results"). `written`: destinations that are not registries. */
export type PutStatus = 'uploaded' | 'mounted' | 'present' | 'written'

/** Something an author should know that does not stop the run; `--strict` turns it into an error. */
export interface Warning {
  readonly message: string
  readonly hint?: string
}

/**
 * What a run tells whoever watches it. Byte counts are absolute, so a retry can move them back.
 * `layer` names one distinct layer for the length of a run; `digest` names one blob.
 */
export type Event =
  | ({ readonly type: 'warning' } & Warning)
  | { readonly type: 'step'; readonly message: string }
  /** What only somebody who looks for a cause wants to know. */
  | { readonly type: 'detail'; readonly message: string }
  /** A folder that the run removes at its end, or moves to its place; a process that cannot wait for that removes it. */
  | { readonly type: 'temporary'; readonly folder: string }
  | {
      readonly type: 'plan'
      readonly name: string
      readonly destination: string
      readonly targets: readonly string[]
      readonly layers: number
      readonly what?: 'builder'
    }
  | {
      readonly type: 'layer-started'
      readonly layer: string
      readonly module: string
      readonly targets: readonly string[]
      readonly total: number
    }
  | {
      readonly type: 'layer-progress'
      readonly layer: string
      readonly bytes: number
      /** Read to be looked for in the cache, and not made yet. */
      readonly checking?: true
    }
  | {
      readonly type: 'layer-built'
      readonly layer: string
      readonly module: string
      readonly diffID: Digest
      readonly digest: Digest
      readonly bytes: number
      readonly size: number
      readonly cached: boolean
    }
  | { readonly type: 'blob-started'; readonly digest: Digest; readonly what: string; readonly total: number }
  | { readonly type: 'blob-progress'; readonly digest: Digest; readonly bytes: number }
  | { readonly type: 'blob-done'; readonly digest: Digest; readonly what: string; readonly size: number; readonly status: PutStatus }
  | { readonly type: 'retry'; readonly action: string; readonly reason: string; readonly attempt: number; readonly delayMs: number }
  | { readonly type: 'image-done'; readonly target: string; readonly digest: Digest; readonly status: PutStatus }
  | { readonly type: 'index-done'; readonly digest: Digest; readonly status: PutStatus }
  | { readonly type: 'tagged'; readonly name: string; readonly digest: Digest; readonly status: PutStatus }

/** Where events go. A report never throws and never waits. */
export type Report = (event: Event) => void

/** For callers that do not watch. */
export const silent: Report = () => undefined
