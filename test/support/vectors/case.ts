import { readdirSync, readFileSync } from 'node:fs'
import type { TreeEntry } from '../tree/tree.ts'

/** One command of a case; the last one is judged, earlier ones prepare. */
export interface CaseCommand {
  readonly cwd: string
  readonly args: readonly string[]
  readonly published: boolean
}

/** A vector's tree.json. */
export interface PackageCase {
  readonly name: string
  readonly describe: string
  readonly kind: 'buildpack' | 'extension'
  readonly entries: readonly TreeEntry[]
  readonly commands: readonly CaseCommand[]
  /** References to read back afterwards. */
  readonly read: readonly string[]
  /** Files to read back afterwards. */
  readonly files: readonly string[]
  readonly expected: Expected
}

export interface ExpectedPlatform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string | null
  readonly 'os.version'?: string | null
  readonly 'os.features'?: readonly string[] | null
}

/** One entry of a layer's listing, as the tar's own header has it. */
export interface ListedEntry {
  readonly name: string
  readonly type: string
  readonly mode: string
  readonly uid: number
  readonly gid: number
  readonly uname: string
  readonly gname: string
  readonly size: number
  readonly mtime: string
  readonly linkname: string
  readonly format: string
  readonly pax: readonly unknown[]
}

export interface ExpectedLayer {
  readonly bytes: number
  readonly trailingZeroBlocks: number
  readonly entries: readonly ListedEntry[]
}

export interface ExpectedImage {
  readonly config: ExpectedPlatform & { readonly created: string; readonly author: string | null }
  readonly history: readonly { readonly created: string }[]
  readonly container: Readonly<Record<string, unknown>>
  readonly labels: Readonly<Record<string, { readonly raw: string; readonly value: unknown }>>
  readonly diff_ids: readonly string[]
}

/** One entry of a `.cnb` itself; the digest in the name of a blob is given as `DIGEST`. */
export type OuterEntry = Pick<ListedEntry, 'name' | 'type' | 'mode' | 'uid' | 'gid' | 'uname' | 'gname' | 'mtime' | 'format'>

export interface ExpectedOutput {
  readonly name: string
  readonly kind: 'index' | 'image' | 'file'
  readonly annotations?: Readonly<Record<string, string>> | null
  readonly manifests?: readonly { readonly platform: ExpectedPlatform | null }[]
  readonly images: readonly ExpectedImage[]
  /** Of a file: its entries, its oci-layout, its index.json without the manifests. */
  readonly outer?: readonly OuterEntry[]
  readonly layout?: unknown
  readonly index?: unknown
}

/** What a run leaves behind. */
export interface Outcome {
  readonly exit: number
  readonly outputs: readonly ExpectedOutput[]
  readonly tags: readonly string[]
  readonly layers: Readonly<Record<string, ExpectedLayer>>
  /** Paths that the run left in, or removed from, the author's folder. */
  readonly left: readonly string[]
  readonly lost: readonly string[]
  /** Added to the last command's arguments. */
  readonly args?: readonly string[]
}

/** A vector's expected.json: `wanted`, where present, is what this package does instead of what the peer did. */
export interface Expected {
  readonly peer: Outcome
  readonly wanted?: Outcome
  readonly judge?: 'free'
  readonly unordered?: boolean | undefined
  readonly note?: string
}

const root = new URL('../../vectors/package/', import.meta.url)

/** The names of all package vectors, sorted. */
export function packageCaseNames(): string[] {
  return readdirSync(root).sort()
}

export function readPackageCase(name: string): PackageCase {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`${name}/${file}`, root), 'utf8'))
  return { ...(read('tree.json') as Omit<PackageCase, 'name' | 'expected'>), name, expected: read('expected.json') as Expected }
}
