import type { Descriptor } from '../../../src/oci/descriptor.ts'
import type { ExpectedLayer, ExpectedOutput, OuterEntry } from '../vectors/case.ts'

/** What a registry holds under one name, or what a file holds, read with none of this package's own code. */
export interface ReadOutput extends ExpectedOutput {
  readonly digest: string
  /** Of every manifest, config and layer below the name, the index included. */
  readonly mediaTypes: readonly string[]
  /** By diffID. */
  readonly layers: Readonly<Record<string, ExpectedLayer>>
  /** How the file itself is made, where it is one. */
  readonly archive?: ArchiveShape
}

/** What a `.cnb` is beside its images: its own entries and the files of its layout. */
export interface ArchiveShape {
  /** Names of blobs are given as `/blobs/sha256/DIGEST`; that they are sorted by their real names is checked on the way. */
  readonly outer: readonly OuterEntry[]
  readonly trailingZeroBlocks: number
  readonly layout: unknown
  /** index.json without its manifests. */
  readonly index: unknown
  readonly manifests: readonly Descriptor[]
}
