import { PackagerError } from '../errors.ts'
import type { PutStatus, Report, Warning } from '../events.ts'
import type { LayerCache } from '../layers/cache.ts'
import type { Compression } from '../layers/compression.ts'
import type { Layer, Workshop } from '../layers/spool.ts'
import { tarSize } from '../layers/tar.ts'
import type { Descriptor, InlineBlob } from '../oci/descriptor.ts'
import type { Annotations } from '../oci/manifest.ts'
import { encodeIndex } from '../oci/manifest.ts'
import { dockerIndex, dockerManifest, ociIndex } from '../oci/media-types.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'
import { appendToTag } from './appending.ts'
import { buildLayers } from './build.ts'
import type { Destination } from './destination.ts'
import { writeFiles } from './files.ts'
import type { MadeImage } from './image.ts'
import type { LayerPlan } from './layer-plan.ts'
import type { Names } from './names.ts'
import type { RunOptions, RunResult } from './options.ts'
import type { Run } from './resources.ts'
import { runResult } from './result.ts'
import type { Sending } from './send.ts'
import { startSending } from './send.ts'
import { openWorkshop } from './workshop.ts'

/** What is to be made and where it goes: all that is known before the first byte. */
export interface Delivery {
  /** What it is, where it is no package. */
  readonly what?: 'builder'
  readonly names: Names
  readonly targets: readonly Target[]
  /** Each distinct layer once. */
  readonly layers: readonly LayerPlan[]
  readonly compression: Compression
  readonly indexAnnotations: Annotations
  readonly warnings: readonly Warning[]
  /** The images, in the order of the targets, from the layers by their plans' keys. Pure. */
  readonly makeImages: (layers: ReadonlyMap<string, Layer>) => readonly MadeImage[]
}

/**
 * Makes each distinct layer once, sends layers while others still compress, then configs, then manifests by digest, then the
 * index once by its first tag, then the other tags (SPEC.md, "The flow of a publish"). Whatever fails: no tag has moved,
 * nothing stands at the output path.
 *
 * @throws PackagerError
 */
export async function deliver(options: RunOptions, delivery: Delivery, run: Run, cache: LayerCache | undefined): Promise<RunResult> {
  const { names, targets, layers: plans } = delivery
  const { report, signal, stop } = run
  const shop = openWorkshop(delivery.compression, await run.spool.folder(), bytesToMake(plans), options.concurrency, signal)
  const destination = await run.openDestination(names)
  const sending = startSending(destination.places, { concurrency: options.concurrency ?? 4, report, signal, nameLast: options.append === true })
  const building = buildLayers(plans, shop, cache, report)
  report({
    type: 'plan',
    name: names.name,
    destination: options.destination,
    targets: targets.map(formatTarget),
    layers: plans.length,
    ...(delivery.what === undefined ? {} : { what: delivery.what }),
  })
  try {
    const [images] = await Promise.all([makeImages(delivery, building, sending), sendLayers(plans, building, sending), sending.ready(), restAfter(building, shop)])
    return await finish(options, delivery, images, { sending, destination, report, signal })
  } catch (cause) {
    // Everything that still runs must have stopped before the folder under it is removed.
    stop.abort(cause)
    await Promise.allSettled([...building.values(), sending.stopped()])
    throw cause
  } finally {
    await shop.compressors.close()
    await destination.close()
  }
}

/** Sending begins to take memory when making layers needs none any more. */
async function restAfter(building: ReadonlyMap<string, Promise<Layer>>, { blocks, compressors }: Workshop): Promise<void> {
  await Promise.allSettled(building.values())
  blocks.rest()
  await compressors.rest()
}

function bytesToMake(plans: readonly LayerPlan[]): number {
  return plans.reduce((sum, plan) => sum + (plan.kind === 'made' ? tarSize(plan.input) : 0), 0)
}

/** Each layer is on its way as soon as it is made. The first failure, of making or sending, is the run's. */
async function sendLayers(plans: readonly LayerPlan[], building: ReadonlyMap<string, Promise<Layer>>, sending: Sending): Promise<void> {
  if (!sending.isOpen) return
  const sent = plans.map(async ({ key, module }) => {
    const layer = await building.get(key)
    if (layer !== undefined) await sending.blob(layer.blob, `layer ${module}`)
  })
  await Promise.all(sent)
}

/** The images are known once their layers are made; their configs need not wait until those are sent. */
async function makeImages({ layers: plans, makeImages: make }: Delivery, building: ReadonlyMap<string, Promise<Layer>>, sending: Sending): Promise<readonly MadeImage[]> {
  const made = await Promise.all(plans.map(async ({ key }) => {
    const layer = await building.get(key)
    return layer === undefined ? [] : [[key, layer] as const]
  }))
  const images = make(new Map(made.flat()))
  if (sending.isOpen) await Promise.all(images.map((image) => sending.blob(image.config, `config ${formatTarget(image.target)}`)))
  return images
}

/** Of the family that its images are of: some registries refuse one over the other. */
function indexType(children: readonly Descriptor[]): string {
  return children.every(({ mediaType }) => mediaType === dockerManifest) ? dockerIndex : ociIndex
}

interface Outlet {
  readonly sending: Sending
  readonly destination: Destination
  readonly report: Report
  readonly signal: AbortSignal
}

async function finish(options: RunOptions, delivery: Delivery, images: readonly MadeImage[], outlet: Outlet): Promise<RunResult> {
  const { sending, report, signal } = outlet
  const { names, warnings } = delivery
  const [only] = images
  const children = images.map((image) => image.child)
  const index = images.length === 1 ? undefined : encodeIndex(children, delivery.indexAnnotations, { mediaType: indexType(children) })
  const root = index ?? only?.manifest
  if (root === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'package', found: 'no image' })
  if (options.destination === 'file') {
    const files = await writeFiles({ images, index, names, singleFile: options.singleFile === true, report, signal })
    return runResult(options, { ...names, ...(files.length > 1 ? { files } : {}) }, root.descriptor, images, sending.statuses, warnings)
  }
  const sent = await sendImages(options, delivery, images, index, outlet)
  return runResult(options, names, sent.descriptor, images, sending.statuses, warnings)
}

/** What is left of the blobs, then manifests by digest, then the root by its tags. Gives what the tags now stand for. */
async function sendImages(options: RunOptions, delivery: Delivery, images: readonly MadeImage[], index: InlineBlob | undefined, outlet: Outlet): Promise<InlineBlob> {
  const { sending, destination, report } = outlet
  await sending.blobsDone()
  const imageTags = images.flatMap(({ tag, manifest }) => (tag === undefined ? [] : [{ place: tag, manifest }]))
  const [only] = images
  const single = options.append === true ? undefined : index === undefined ? only : undefined
  if (single === undefined) await sendManifests(images, sending, report)
  const write = (root: InlineBlob): Promise<void> =>
    sending.tags(root, imageTags, (status) => {
      const { digest } = root.descriptor
      report(single === undefined ? { type: 'index-done', digest, status } : { type: 'image-done', target: formatTarget(single.target), digest, status })
    })
  const root = options.append === true ? await sendAppended(delivery, images, write, outlet) : (single?.manifest ?? index)
  if (root === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'package', found: 'no image' })
  if (options.append !== true) await write(root)
  await destination.seal()
  return root
}

async function sendAppended(
  { names, indexAnnotations }: Delivery,
  images: readonly MadeImage[],
  write: (root: InlineBlob) => Promise<void>,
  { destination, report, signal }: Outlet,
): Promise<InlineBlob> {
  const [place] = destination.places
  const [tag] = names.tags
  if (place === undefined || tag === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'append', found: 'no place' })
  return appendToTag({
    store: place.store,
    tag,
    children: images.map((image) => image.child),
    annotations: indexAnnotations,
    write,
    report,
    signal,
  })
}

async function sendManifests(images: readonly MadeImage[], sending: Sending, report: Report): Promise<void> {
  const done = images.map(async ({ target, manifest }) => {
    const status: PutStatus = await sending.manifest(manifest)
    report({ type: 'image-done', target: formatTarget(target), digest: manifest.descriptor.digest, status })
  })
  await Promise.all(done)
}
