import type { LabelledModule } from '../buildpacks/labels.ts'
import type { ModuleFacts } from '../buildpacks/module.ts'
import type { BuilderConfig } from '../config/builder.ts'
import type { ModuleInfo } from '../config/fields.ts'
import type { Warning } from '../events.ts'
import type { Layer } from '../layers/spool.ts'
import type { TarInput } from '../layers/tar.ts'
import type { LayerPlan } from '../publish/layer-plan.ts'
import type { Names } from '../publish/names.ts'
import type { TagPlace } from '../publish/tags.ts'
import type { Target } from '../targets/target.ts'
import type { BaseFacts } from './base-facts.ts'
import type { PlatformImage } from './base.ts'
import type { EnvironmentFile } from './build-env.ts'
import type { BuilderFacts } from './labels.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { ResolvedOrders } from './order.ts'

/** What is in a module's layer: entries to be written, or a layer that is taken byte for byte. */
export interface ModuleContent {
  /** Tells it from the content of any other module, for a run and for the cache. */
  readonly key: string
  readonly root: string
  readonly excluded: readonly string[]
  /** What lies beside the platform folders. */
  readonly outside?: readonly string[]
  readonly layer: { readonly kind: 'made'; readonly input: TarInput } | { readonly kind: 'taken'; readonly layer: Layer }
}

/** A module of one image, in its place. */
export interface PlannedModule {
  readonly facts: ModuleFacts
  readonly info: ModuleInfo
  readonly content: ModuleContent
  /** The `--flatten` group that it is in. */
  readonly group: number | undefined
  /** What the base has of the same id and version: the same layer stays, another one is hidden. */
  readonly onBase: 'none' | 'same' | 'other'
}

/** All that is known of one target's builder. */
export interface TargetDraft {
  readonly target: Target
  readonly image: PlatformImage
  /** The image's, with those of `--label`. */
  readonly labels: Readonly<Record<string, string>>
  readonly base: BaseFacts
  readonly lifecycle: Lifecycle
  /** In the order of builder.toml. */
  readonly modules: readonly PlannedModule[]
  readonly orders: ResolvedOrders
}

/** What all targets' builders have in common. */
export interface SharedDraft {
  readonly config: BuilderConfig
  readonly environment: readonly EnvironmentFile[]
  readonly buildConfig: string
  readonly createdBy: BuilderFacts['createdBy']
  /** `--append-image-name-suffix` */
  readonly suffixOf: TagPlace | undefined
}

/** A layer of an image, above those of the base. */
export interface PlacedLayer {
  /** A `LayerPlan`'s key. */
  readonly key: string
  /** For the image's history. */
  readonly what: string
}

export interface BuilderImagePlan {
  readonly target: Target
  readonly image: PlatformImage
  readonly tag?: TagPlace
  readonly labels: Readonly<Record<string, string>>
  /** Bottom first, those of the base first. */
  readonly layers: readonly PlacedLayer[]
  /** Each with the key of its layer. */
  readonly modules: readonly { readonly facts: ModuleFacts; readonly layer: string }[]
  /** Those that the base has. */
  readonly baseModules: readonly LabelledModule[]
  readonly facts: Omit<BuilderFacts, 'buildpackLayers' | 'extensionLayers'>
}

export interface BuilderPlan {
  readonly names: Names
  readonly images: readonly BuilderImagePlan[]
  /** Each distinct layer once. */
  readonly layers: readonly LayerPlan[]
  readonly warnings: readonly Warning[]
}
