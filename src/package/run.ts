import { reason } from '../errors.ts'
import type { PutStatus, Report } from '../events.ts'
import { silent } from '../events.ts'
import type { LayerCache } from '../layers/cache.ts'
import type { Layer } from '../layers/spool.ts'
import type { Blob } from '../oci/descriptor.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { ImageDetails, MadeImage } from './assemble.ts'
import { assembleIndex, makeImage } from './assemble.ts'
import { buildLayers } from './build.ts'
import type { Destination } from './destination.ts'
import { openDestination } from './destination.ts'
import type { PackageOptions, PackagePlan, PackageResult } from './options.ts'
import type { Plan } from './plan.ts'
import { describePlan } from './plan.ts'
import type { Prepared } from './prepare.ts'
import { prepare } from './prepare.ts'
import { Network } from './network.ts'
import { packageResult } from './result.ts'
import type { Sending } from './send.ts'
import { startSending } from './send.ts'
import { openCache, openWorkshop, spoolIn } from './workshop.ts'

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
  const spool = spoolIn(cache, options.env)
  const stop = new AbortController()
  const network = new Network(options, report, stoppable(options, stop))
  try {
    const prepared = await prepare(options, { report, spool: spool.folder, openRepository: (registry, repository) => network.repository(registry, repository) })
    const result = await make(options, prepared, { cache, folder: await spool.folder(), network, report, stop })
    // The package is where it should be: what its cache cannot do is no failure any more.
    await cache?.trim(Date.now()).catch((cause: unknown) => report({ type: 'warning', message: `the cache could not be tidied: ${reason(cause)}` }))
    return result
  } finally {
    await network.close()
    await spool.remove()
  }
}

/** The whole plan of `packageBuildpack`, with nothing made or sent (SPEC.md, `--dry-run`). */
export async function planPackage(options: PackageOptions): Promise<PackagePlan> {
  const report = options.report ?? silent
  const spool = spoolIn(undefined, options.env)
  const network = new Network(options, report, stoppable(options, new AbortController()))
  try {
    const { plan } = await prepare(options, { report, spool: spool.folder, openRepository: (registry, repository) => network.repository(registry, repository) })
    return describePlan(plan, options)
  } finally {
    await network.close()
    await spool.remove()
  }
}

/** What a run has opened, and how it is stopped. */
interface Run {
  readonly cache: LayerCache | undefined
  readonly folder: string
  readonly network: Network
  readonly report: Report
  readonly stop: AbortController
}

function stoppable(options: PackageOptions, stop: AbortController): AbortSignal {
  return options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
}

async function make(options: PackageOptions, prepared: Prepared, { cache, folder, network, report, stop }: Run): Promise<PackageResult> {
  const { plan } = prepared
  const signal = stoppable(options, stop)
  const shop = openWorkshop(prepared.compression, folder, options.concurrency, signal)
  const destination = await openDestination(plan.names, network)
  const sending = startSending(destination.places, { concurrency: options.concurrency ?? 4, report, signal })
  const building = buildLayers(plan.layers, shop, cache, report)
  report({ type: 'plan', name: plan.names.name, destination: options.destination, targets: plan.images.map((image) => formatTarget(image.target)), layers: plan.layers.length })
  try {
    const layers = await sendLayers(plan, building, sending)
    return await finish(options, prepared, layers, { sending, destination, report })
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
    await sending.blob(layer.blob, `layer ${module}`)
    return [[key, layer] as const]
  })
  return new Map((await Promise.all(made)).flat())
}

interface Outlet {
  readonly sending: Sending
  readonly destination: Destination
  readonly report: Report
}

async function finish(options: PackageOptions, prepared: Prepared, layers: ReadonlyMap<string, Layer>, outlet: Outlet): Promise<PackageResult> {
  const { sending, destination, report } = outlet
  const { names, warnings } = prepared.plan
  const details: ImageDetails = { main: prepared.gathered.main.config, created: prepared.created, labels: prepared.labels, annotations: prepared.annotations }
  const images = prepared.plan.images.map((image) => makeImage(image, details, layers))
  await Promise.all(images.map((image) => sending.blob(image.config, `config ${formatTarget(image.plan.target)}`)))
  await sending.blobsDone()
  const [only] = images
  const single = images.length === 1 && only !== undefined
  const root: Blob = single ? only.manifest : assembleIndex(images, prepared.annotations)
  if (!single) await sendManifests(images, sending, report)
  const status = await sending.tags(root, images.flatMap(({ plan, manifest }) => (plan.tag === undefined ? [] : [{ place: plan.tag, manifest }])))
  if (single) report({ type: 'image-done', target: formatTarget(only.plan.target), digest: root.descriptor.digest, status })
  else report({ type: 'index-done', digest: root.descriptor.digest, status })
  await destination.seal()
  return packageResult(options, names, root.descriptor, images, sending.statuses, warnings)
}

async function sendManifests(images: readonly MadeImage[], sending: Sending, report: Report): Promise<void> {
  const done = images.map(async ({ plan, manifest }) => {
    const status: PutStatus = await sending.manifest(manifest)
    report({ type: 'image-done', target: formatTarget(plan.target), digest: manifest.descriptor.digest, status })
  })
  await Promise.all(done)
}
