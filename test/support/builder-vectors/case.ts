import { readFileSync, readdirSync } from 'node:fs'
import type { FixedFields } from '../archives/fixed-tar.ts'
import type { TreeEntry } from '../tree/tree.ts'

/** A layer of an image that a case needs: a tar of these entries. */
export interface CaseLayer extends FixedFields {
  readonly entries: readonly TreeEntry[]
}

export interface CaseImage {
  readonly platform: Readonly<Record<string, string>>
  readonly config: Readonly<Record<string, unknown>> & { readonly Labels?: Readonly<Record<string, unknown>> }
  readonly mediaTypes?: 'oci' | 'docker'
  readonly layers: readonly CaseLayer[]
}

/** An image, or an index over several, that is in the registry before the command runs. */
export interface CaseBase {
  readonly ref: string
  readonly index?: boolean
  readonly mediaTypes?: 'oci' | 'docker'
  readonly images: readonly CaseImage[]
}

/** An archive of some entries, whose prefix is taken off, or a `.cnb` of images. */
export interface CaseArchive extends FixedFields {
  readonly path: string
  readonly from?: string
  readonly gzip?: boolean
  readonly images?: readonly CaseImage[]
}

export interface BuilderCommand {
  readonly cwd: string
  /** After `builder create`. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface BuilderEntry {
  readonly name: string
  readonly type: string
  readonly mode: string
  readonly uid: number
  readonly gid: number
  readonly uname: string
  readonly gname: string
  readonly size: number
  readonly mtime: number | string
  readonly link: string
  readonly format: string
  readonly pax?: Readonly<Record<string, string>>
  readonly text?: string
}

export interface BuilderLayer {
  readonly role: string
  readonly diffId: string
  readonly bytes: number
  readonly entries?: readonly BuilderEntry[]
  /** Its text names the registry: the diffID is the one of another address. */
  readonly hostDependent?: boolean
  /** The peer writes the entries in an order of chance. */
  readonly unordered?: boolean
}

export interface BuilderImage {
  readonly platform: Readonly<Record<string, string>>
  readonly mediaTypes: { readonly manifest: string; readonly config: string } | null
  readonly created: string
  readonly author: string | null
  readonly config: Readonly<Record<string, unknown>>
  readonly labels: Readonly<Record<string, string>>
  readonly labelsJson: Readonly<Record<string, unknown>>
  readonly history: readonly { readonly created: string }[]
  readonly diffIds: readonly string[]
  readonly layers: readonly BuilderLayer[]
}

export interface BuilderOutput {
  readonly ref: string
  readonly kind: 'image' | 'index' | 'daemon' | 'absent'
  readonly index?: { readonly mediaType: string; readonly manifests: readonly { readonly mediaType: string; readonly platform: Readonly<Record<string, string>> }[] }
  readonly images?: readonly BuilderImage[]
}

/** A vector of vectors/builder, its README says what each part means. */
export interface BuilderCase {
  readonly name: string
  readonly describe: string
  readonly entries: readonly TreeEntry[]
  readonly archives?: readonly CaseArchive[]
  readonly bases: readonly CaseBase[]
  readonly commands: readonly BuilderCommand[]
  readonly expected: {
    readonly commands: readonly { readonly exitCode: number; readonly mustMention?: readonly string[] }[]
    readonly outputs: readonly BuilderOutput[]
    /** What the peer gets wrong, where the expectation is the contract's. */
    readonly peerDiffers?: string
  }
}

const root = new URL('../../vectors/builder/', import.meta.url)

/** The names of all builder vectors, sorted. */
export function builderCaseNames(): string[] {
  return readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort()
}

export function readBuilderCase(name: string): BuilderCase {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`${name}/${file}`, root), 'utf8'))
  return { ...(read('tree.json') as Omit<BuilderCase, 'name' | 'expected'>), name, expected: read('expected.json') as BuilderCase['expected'] }
}
