import { readFileSync, readdirSync } from 'node:fs'
import type { ImageRecipe } from '../images/made.ts'
import type { ExpectedPlatform } from './case.ts'

/** An entry of an index, by the name of the image that it stands for. */
export interface CaseEntry {
  readonly image: string
  readonly platform?: ExpectedPlatform
  readonly annotations?: Readonly<Record<string, string>>
}

interface Placed {
  /** `app` unless told. */
  readonly repository?: string
  /** Without one it is pushed by digest. */
  readonly tag?: string
}

export interface CaseIndex extends Placed {
  readonly index: { readonly schemaVersion: 2; readonly mediaType: string; readonly manifests: readonly CaseEntry[] }
}

/** Something in the registry before the commands run. */
export type CaseImage = (ImageRecipe & Placed & { readonly index?: never }) | CaseIndex

/** One thing that happens: a command, commands at once, somebody else's push, or files that appear. */
export interface CaseStep {
  readonly args?: readonly string[]
  readonly exit?: number | 'fail'
  readonly stdout_has?: readonly string[]
  readonly stdout_lacks?: readonly string[]
  readonly stderr_has?: readonly string[]
  readonly stderr_lacks?: readonly string[]
  readonly stdout_is?: string
  readonly stdout_json?: unknown
  readonly push?: Readonly<Record<string, CaseImage>>
  readonly write?: Readonly<Record<string, unknown>>
  readonly parallel?: readonly (readonly string[])[]
}

/** What a tag holds at the end. `same`: what was pushed under that image's name, untouched. */
export type ExpectedIndex =
  | { readonly same: string }
  | { readonly same?: never; readonly mediaType: string; readonly manifests: readonly CaseEntry[]; readonly annotations?: Readonly<Record<string, string>> }

/** A vector of `manifest`, as test/vectors/manifest/README.md describes it. */
export interface ManifestCase {
  readonly name: string
  readonly about: string
  readonly images: Readonly<Record<string, CaseImage>>
  readonly steps: readonly CaseStep[]
  readonly expect: {
    /** By `repository:tag`; null: no such tag. */
    readonly indexes: Readonly<Record<string, ExpectedIndex | null>>
    /** All tags of a repository. */
    readonly tags?: Readonly<Record<string, readonly string[]>>
  }
}

const root = new URL('../../vectors/manifest/', import.meta.url)

export function manifestCaseNames(): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

export function readManifestCase(name: string): ManifestCase {
  return { ...(JSON.parse(readFileSync(new URL(`${name}/case.json`, root), 'utf8')) as Omit<ManifestCase, 'name'>), name }
}
