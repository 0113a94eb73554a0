import { PackagerError, reason } from '../errors.ts'
import type { PutStatus, Report } from '../events.ts'
import { silent } from '../events.ts'
import type { LayerCache } from '../layers/cache.ts'
import type { Layer } from '../layers/spool.ts'
import type { InlineBlob } from '../oci/descriptor.ts'
import { formatTarget } from '../targets/grammar.ts'
import { appendTo, resolveOrNothing } from './append.ts'
import type { ImageDetails, MadeImage } from './assemble.ts'
import { assembleIndex, makeImage } from './assemble.ts'
import { buildLayers } from './build.ts'
import type { Destination } from './destination.ts'
import { writeFiles } from './files.ts'
import { formatTag } from './names.ts'
import type { PackageOptions, PackagePlan, PackageResult } from './options.ts'
import type { Plan } from './plan.ts'
import { describePlan } from './plan.ts'
import type { Prepared } from './prepare.ts'
import { prepare } from './prepare.ts'
import type { Run } from './resources.ts'
import { openRun } from './resources.ts'
import { packageResult } from './result.ts'
import type { Sending } from './send.ts'
import { startSending } from './send.ts'
import { openCache, openWorkshop } from './workshop.ts'

/**
 * Packages a buildpack or an extension for all its targets: plans everything, makes each distinct layer once, sends layers
 * while others still compress, then manifests by digest, then the index once by its first tag, then the other tags
 * (SPEC.md, "The flow of a publish"). Whatever fails, or an abort of `options.signal`: no tag has moved, nothing stands at
 * the output path, no temporary file is left.
 *
 * @throws PackagerError
 */
export async function packageBuildpack(options: PackageOptions): Promise<PackageResult> {
  const report = options.report ?? silent
  const cache = await openCache(options, report)
  const run = openRun(options, cache, report)
  try {
    const prepared = await prepare(options, run.context)
    const result = await make(options, prepared, run, cache)
    // The package is where it should be: what its cache cannot do is no failure any more.
    await cache?.trim(Date.now()).catch((cause: unknown) => report({ type: 'warning', message: `the cache could not be tidied: ${reason(cause)}` }))
    return result
  } finally {
    await run.close()
  }
}

/** The whole plan of `packageBuildpack`, with nothing made or sent (SPEC.md, `--dry-run`). */
export async function planPackage(options: PackageOptions): Promise<PackagePlan> {
  const report = options.report ?? silent
  const usesPulled = options.pullPolicy !== undefined && options.pullPolicy !== 'always'
  const run = openRun(options, usesPulled ? await openCache(options, report) : undefined, report)
  try {
    const { plan } = await prepare(options, run.context)
    return describePlan(plan, options)
  } finally {
    await run.close()
  }
}

async function make(options: PackageOptions, prepared: Prepared, run: Run, cache: LayerCache | undefined): Promise<PackageResult> {
  const { plan } = prepared
  const { report, signal, stop } = run
  const shop = openWorkshop(prepared.compression, await run.spool.folder(), options.concurrency, signal)
  const destination = await run.openDestination(plan.names)
  const sending = startSending(destination.places, { concurrency: options.concurrency ?? 4, report, signal })
  const building = buildLayers(plan.layers, shop, cache, report)
  report({ type: 'plan', name: plan.names.name, destination: options.destination, targets: plan.images.map((image) => formatTarget(image.target)), layers: plan.layers.length })
  try {
    const [layers] = await Promise.all([sendLayers(plan, building, sending), sending.ready()])
    return await finish(options, prepared, layers, { sending, destination, report, signal })
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

/** Each layer is on its way as soon as it is made. The first failure, of making or sending, is the run's. */
async function sendLayers(plan: Plan, building: ReadonlyMap<string, Promise<Layer>>, sending: Sending): Promise<ReadonlyMap<string, Layer>> {
  const made = plan.layers.map(async ({ key, module }) => {
    const layer = await building.get(key)
    if (layer === undefined) return []
    if (sending.isOpen) await sending.blob(layer.blob, `layer ${module}`)
    return [[key, layer] as const]
  })
  return new Map((await Promise.all(made)).flat())
}

interface Outlet {
  readonly sending: Sending
  readonly destination: Destination
  readonly report: Report
  readonly signal: AbortSignal
}

async function finish(options: PackageOptions, prepared: Prepared, layers: ReadonlyMap<string, Layer>, outlet: Outlet): Promise<PackageResult> {
  const { sending, report, signal } = outlet
  const { names, warnings } = prepared.plan
  const details: ImageDetails = { main: prepared.gathered.main.config, created: prepared.created, labels: prepared.labels, annotations: prepared.annotations }
  const images = prepared.plan.images.map((image) => makeImage(image, details, layers))
  const [only] = images
  const index = images.length === 1 ? undefined : assembleIndex(images, prepared.annotations)
  const root = index ?? only?.manifest
  if (root === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'package', found: 'no image' })
  if (options.destination === 'file') {
    const files = await writeFiles({ images, index, names, singleFile: options.singleFile === true, report, signal })
    return packageResult(options, { ...names, ...(files.length > 1 ? { files } : {}) }, root.descriptor, images, sending.statuses, warnings)
  }
  const sent = await sendImages(options, prepared, images, index, outlet)
  return packageResult(options, names, sent.descriptor, images, sending.statuses, warnings)
}

/** Configs and the last of the layers, then manifests by digest, then the root by its tags. Gives what the tags now stand for. */
async function sendImages(options: PackageOptions, prepared: Prepared, images: readonly MadeImage[], index: InlineBlob | undefined, { sending, destination, report, signal }: Outlet): Promise<InlineBlob> {
  await Promise.all(images.map((image) => sending.blob(image.config, `config ${formatTarget(image.plan.target)}`)))
  await sending.blobsDone()
  const imageTags = images.flatMap(({ plan, manifest }) => (plan.tag === undefined ? [] : [{ place: plan.tag, manifest }]))
  const [only] = images
  const single = options.append === true ? undefined : index === undefined ? only : undefined
  if (single === undefined) await sendManifests(images, sending, report)
  const root = options.append === true ? await appendedIndex(prepared, images, destination, signal) : (single?.manifest ?? index)
  if (root === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'package', found: 'no image' })
  const status = await sending.tags(root, imageTags)
  if (single === undefined) report({ type: 'index-done', digest: root.descriptor.digest, status })
  else report({ type: 'image-done', target: formatTarget(single.plan.target), digest: root.descriptor.digest, status })
  await destination.seal()
  return root
}

/** How often an index that somebody else keeps changing is read again. */
const appendTries = 5

/** The index is read again right before it is written: another job may have added to it meanwhile. */
async function appendedIndex(prepared: Prepared, images: readonly MadeImage[], destination: Destination, signal: AbortSignal): Promise<InlineBlob> {
  const [place] = destination.places
  const [tag] = prepared.plan.names.tags
  if (place === undefined || tag === undefined) throw new PackagerError({ code: 'INTERNAL', step: 'append', found: 'no place' })
  const children = images.map((image) => image.child)
  for (let tries = 0; tries < appendTries; tries += 1) {
    const { index, base } = await appendTo(place.store, tag.tag, formatTag(tag), children, prepared.annotations.index, signal)
    if ((await resolveOrNothing(place.store, tag.tag, signal))?.digest === base) return index
  }
  throw new PackagerError({ code: 'REGISTRY', step: 'append to', value: formatTag(tag), found: `an index that changed ${appendTries} times while it was read`, hint: 'let one job at a time append' })
}

async function sendManifests(images: readonly MadeImage[], sending: Sending, report: Report): Promise<void> {
  const done = images.map(async ({ plan, manifest }) => {
    const status: PutStatus = await sending.manifest(manifest)
    report({ type: 'image-done', target: formatTarget(plan.target), digest: manifest.descriptor.digest, status })
  })
  await Promise.all(done)
}
