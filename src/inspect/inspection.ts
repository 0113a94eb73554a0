import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/platform.ts'

/** Where it was read from (SPEC-manifest.md, "JSON"). */
export interface InspectedSource {
  readonly type: 'registry' | 'layout' | 'archive' | 'local' | 'folder' | 'daemon'
  readonly name: string
}

/** One member of an order's group. */
export interface InspectedOrderMember {
  readonly id: string
  readonly version: string
  readonly optional: boolean
}

/** A buildpack or an extension in an image, as its labels tell it. What they leave out is null. */
export interface InspectedModule {
  readonly id: string
  readonly version: string
  readonly api: string | null
  readonly homepage: string | null
  readonly name: string | null
  readonly layerDiffID: Digest | null
  /** As `formatTarget` writes them. */
  readonly targets: readonly string[]
  readonly order: readonly (readonly InspectedOrderMember[])[]
}

/** A layer of an image: its compressed bytes as the manifest names them. */
export interface InspectedLayer {
  readonly digest: Digest
  readonly diffID: Digest | null
  readonly mediaType: string
  /** Bytes, compressed. */
  readonly size: number
  /** `id@version` of what the labels say is in it. */
  readonly modules: readonly string[]
}

/** A file of a layer, read only with `--files`. */
export interface InspectedFile {
  /** As the image has it, from its root: `/cnb/buildpacks/acme_hello/1.0.0/bin/build`. */
  readonly path: string
  readonly type: 'file' | 'folder' | 'symlink' | 'hardlink'
  /** Octal permission bits as a number. */
  readonly mode: number
  readonly size: number
  /** What an executable runs on, from its ELF, Mach-O or PE header: `arm64`, `amd64`; null for what is none. */
  readonly machine: string | null
  /** Set with `machine`. */
  readonly format?: 'elf' | 'mach-o' | 'pe'
  /** Of its content; null for what has none. */
  readonly digest: Digest | null
}

/** One image of an index, or the only one. */
export interface InspectedPlatform {
  /** As the index says, else the image's config; with empty words where neither does. */
  readonly platform: Platform
  /** Null where there is no manifest: a buildpack folder has none yet. Of an engine's image, its id. */
  readonly digest: Digest | null
  readonly mediaType: string | null
  /** Bytes of config and layers; null where nobody says. */
  readonly size: number | null
  readonly annotations: Readonly<Record<string, string>>
  readonly kind: 'buildpackage' | 'extension' | 'builder' | 'other'
  readonly buildpacks: readonly InspectedModule[]
  readonly extensions: readonly InspectedModule[]
  /** How many attestation manifests are about it. */
  readonly attestations: number
  readonly layers: readonly InspectedLayer[]
  readonly labels: Readonly<Record<string, string>>
  /** Of the base image, where labels name it. */
  readonly distro: { readonly name: string; readonly version: string } | null
  readonly stacks: readonly string[]
  /** Undefined unless files were asked for. */
  readonly files?: readonly InspectedFile[]
  /** Who the package is: what its metadata label names. */
  readonly main?: { readonly id: string; readonly version: string }
  readonly builder?: InspectedBuilder
  /** Of a buildpack folder: where this platform's files are, relative to it. */
  readonly root?: string
  /** What could not be read of this image, or is not of the right shape, in words. */
  readonly problems?: readonly string[]
}

/** What only a builder's labels tell. */
export interface InspectedBuilder {
  readonly description: string | null
  readonly lifecycle: string | null
  readonly createdBy: string | null
  readonly runImages: readonly string[]
  readonly order: readonly (readonly InspectedOrderMember[])[]
  readonly orderExtensions: readonly (readonly InspectedOrderMember[])[]
}

/** Something that is not the same on every platform. `values` by `platformNames`; null: absent there. */
export interface Difference {
  readonly kind: 'missing' | 'version' | 'api' | 'order' | 'stacks' | 'targets' | 'file'
  /** A module's id; a file's path. */
  readonly id: string
  readonly values: Readonly<Record<string, string | null>>
}

/** What one might not expect: the same content on several platforms, or the wrong one on one. */
export interface Note {
  /** `wrong-machine`: an executable that is made for another architecture than its platform's; `path` and `machine` say which. */
  readonly kind: 'shared-layer' | 'shared-image' | 'wrong-machine'
  /** Of the layer, the image or the file. */
  readonly digest: Digest
  readonly platforms: readonly string[]
  readonly path?: string
  readonly machine?: string
}

/** Everything `inspect` shows of one source, whatever the format. Texts are as the image has them: whoever prints them escapes them. */
export interface Inspection {
  readonly source: InspectedSource
  /** Null where nothing is stored as one: a buildpack folder, a layout of several images. */
  readonly digest: Digest | null
  readonly mediaType: string | null
  readonly annotations: Readonly<Record<string, string>>
  /** In the order of the index. */
  readonly platforms: readonly InspectedPlatform[]
  readonly differences: readonly Difference[]
  readonly notes: readonly Note[]
  /** The stored bytes' descriptor, for `--raw`. */
  readonly root: Descriptor | null
}
