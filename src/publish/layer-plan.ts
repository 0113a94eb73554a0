import type { Layer } from '../layers/spool.ts'
import type { TarInput } from '../layers/tar.ts'

/** One distinct layer, whatever number of images hold it: made from files, or taken from another image as it is. */
export type LayerPlan = MadeLayerPlan | TakenLayerPlan

interface LayerUse {
  readonly key: string
  /** `id@version`; several, joined by a comma, for a flattened layer. */
  readonly module: string
  readonly targets: readonly string[]
}

export interface MadeLayerPlan extends LayerUse {
  readonly kind: 'made'
  readonly root: string
  readonly input: TarInput
  readonly excluded: readonly string[]
  /** What lies at the top of the module's folder, where its root is a folder below. */
  readonly outside?: readonly string[]
}

export interface TakenLayerPlan extends LayerUse {
  readonly kind: 'taken'
  readonly layer: Layer
}
