import type { Event, Report } from '../events.ts'
import { reason } from '../errors.ts'
import type { LayerCache } from '../layers/cache.ts'
import type { Layer, SpooledLayer, Workshop } from '../layers/spool.ts'
import { hashLayer, spoolLayer } from '../layers/spool.ts'
import { tarSize } from '../layers/tar.ts'
import type { LayerPlan, MadeLayerPlan } from './layer-plan.ts'

/** How many layers are read at once: one compresses while the other waits for its files. */
const atOnce = 2

/**
 * Makes each layer of a plan once, a few at a time; what another image has made is there at once. Each promise settles as soon as its own layer is done, so that uploads
 * begin while others still compress.
 */
export function buildLayers(plans: readonly LayerPlan[], shop: Workshop, cache: LayerCache | undefined, report: Report): ReadonlyMap<string, Promise<Layer>> {
  const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve())
  return new Map(
    plans.map((plan, index) => {
      if (plan.kind === 'taken') return [plan.key, Promise.resolve(plan.layer)] as const
      const lane = index % atOnce
      const made = (lanes[lane] ?? Promise.resolve()).then(() => buildLayer(plan, `layer-${index}`, shop, cache, report))
      // The next layer of the lane waits, whatever became of this one; the failure belongs to whoever holds the promise.
      lanes[lane] = made.catch(() => undefined)
      return [plan.key, made] as const
    }),
  )
}

/** One layer on its way. */
interface Making {
  readonly plan: MadeLayerPlan
  /** What the cache knows the layer by: its plan's key without versions, since a new version often changes little. */
  readonly cacheName: string
  readonly shop: Workshop
  readonly cache: LayerCache | undefined
  readonly report: Report
}

/** From the cache where the same content was made before, else anew. */
async function buildLayer(plan: MadeLayerPlan, fileName: string, shop: Workshop, cache: LayerCache | undefined, report: Report): Promise<Layer> {
  const total = tarSize(plan.input)
  report({ type: 'layer-started', layer: plan.key, module: plan.module, targets: plan.targets, total })
  const onBytes = (bytes: number): void => report({ type: 'layer-progress', layer: plan.key, bytes })
  const making = { plan, cacheName: plan.key.replaceAll(/@[^@\s,]+ /g, ' '), shop, cache, report }
  const known = await findCached(making, fileName, (bytes) => report({ type: 'layer-progress', layer: plan.key, bytes, checking: true }))
  if (known !== undefined) {
    report(built(plan, known, total, true))
    return known
  }
  const layer = await spoolLayer(plan.input, fileName, shop, onBytes)
  report(built(plan, layer, total, false))
  await keep(making, layer)
  return layer
}

async function keep({ plan, cacheName, shop, cache, report }: Making, layer: SpooledLayer): Promise<void> {
  await cache?.keep(cacheName, layer, shop.compression).catch((cause: unknown) => {
    report({ type: 'warning', message: `the layer of ${plan.module} could not be kept in the cache: ${reason(cause)}`, hint: '--no-cache does without it' })
  })
}

async function findCached(making: Making, fileName: string, onBytes: (bytes: number) => void): Promise<Layer | undefined> {
  const { plan, cacheName, shop, cache, report } = making
  if (cache === undefined || !(await cache.hasSeen(cacheName))) return undefined
  const diffID = await hashLayer(plan.input, shop, onBytes)
  return cache.find(diffID, shop.compression, async (cause) => {
    report({ type: 'warning', message: `the layer of ${plan.module} in the cache cannot be used, and is made anew: ${reason(cause)}` })
    const layer = await spoolLayer(plan.input, `${fileName}-again`, shop, () => undefined)
    await keep(making, layer)
    return layer.blob
  })
}

function built(plan: MadeLayerPlan, layer: Layer, bytes: number, cached: boolean): Event {
  const { digest, size } = layer.blob.descriptor
  return { type: 'layer-built', layer: plan.key, module: plan.module, diffID: layer.diffID, digest, bytes, size, cached }
}
