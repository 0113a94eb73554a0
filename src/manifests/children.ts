import { Readable } from 'node:stream'
import { PackagerError } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { isManifestType } from '../oci/media-types.ts'
import { parseReference, repositoryName } from '../oci/reference.ts'
import { shortDigest } from '../quantities.ts'
import type { Network } from '../publish/network.ts'
import { startUploads } from '../stores/copy.ts'
import { startingAt } from '../stores/skip.ts'
import type { Source, Store } from '../stores/store.ts'
import { gather } from './failures.ts'
import { pinned, readParts } from './fetch.ts'
import type { ListName } from './names.ts'
import type { Copied } from './options.ts'
import { isAttestation, platformText } from './platforms.ts'
import type { Holdings } from './resolve.ts'

/** How a child comes to the destination. */
export type ChildPlan =
  | { readonly entry: Descriptor; readonly label: string; readonly from: undefined }
  | { readonly entry: Descriptor; readonly label: string; readonly from: ChildSource; readonly bytes: Buffer }

interface ChildSource {
  readonly registry: string
  readonly repository: string
  readonly source: Source
}

export interface CopyContext {
  readonly destination: ListName
  readonly store: Store
  readonly network: Network
  readonly concurrency: number
  readonly report: Report
  readonly signal: AbortSignal | undefined
}

/**
 * Finds out which children the destination lacks, and where each of those is: one HEAD for a child that is there already.
 *
 * @param present children that are known to be there: an index of that repository names them
 * @throws PackagerError `CHILD_GONE` with all that are nowhere
 */
export async function planChildren(entries: readonly Descriptor[], holdings: Holdings, present: ReadonlySet<Digest>, context: CopyContext): Promise<readonly ChildPlan[]> {
  const labels = labelsOf(entries)
  return gather(entries, context.concurrency, async (entry, at): Promise<ChildPlan> => {
    const label = labels[at] ?? entry.digest
    if (present.has(entry.digest) || (await context.store.has(plain(entry), context.signal))) return { entry, label, from: undefined }
    const bytes = holdings.manifests.get(entry.digest)
    const places = (holdings.sources.get(entry.digest) ?? []).filter((place) => place !== repositoryName(context.destination))
    for (const place of places) {
      const { registry, repository } = parseReference(place)
      const source = await context.network.source(registry, repository)
      if (bytes !== undefined && (await source.has(plain(entry), context.signal))) return { entry, label, from: { registry, repository, source }, bytes }
    }
    throw gone(entry, places.length === 0 ? [repositoryName(context.destination)] : places)
  })
}

/** Brings the blobs of what is missing, then the manifests by digest: no manifest is there before what it names. */
export async function copyChildren(plans: readonly ChildPlan[], context: CopyContext): Promise<ReadonlyMap<Digest, Copied>> {
  const origins = new Map<Digest, ChildSource>()
  const uploads = startUploads(context.store, {
    concurrency: context.concurrency,
    report: context.report,
    signal: context.signal,
    mountFrom: ({ descriptor }) => {
      const origin = origins.get(descriptor.digest)
      return origin?.registry === context.destination.registry ? origin.repository : undefined
    },
  })
  const sent = plans.map(async (plan): Promise<readonly [Digest, Copied]> => {
    if (plan.from === undefined) return [plan.entry.digest, 'present']
    const { entry, label, from } = plan
    const statuses = blobsOf(plan).map((descriptor, at) => {
      origins.set(descriptor.digest, origins.get(descriptor.digest) ?? from)
      return uploads.add(blobOf(descriptor, from, entry, context.signal), `${at === 0 ? 'config' : 'layer'} of ${label}`)
    })
    const all = await Promise.all(statuses)
    return [entry.digest, all.includes('uploaded') || !all.includes('mounted') ? 'uploaded' : 'mounted']
  })
  await Promise.allSettled(sent)
  await uploads.settled()
  const copied = new Map(await Promise.all(sent))
  await sendManifests(plans, context)
  return copied
}

async function sendManifests(plans: readonly ChildPlan[], { store, concurrency, report, signal }: CopyContext): Promise<void> {
  await gather(plans, concurrency, async (plan) => {
    const { entry, label } = plan
    const status = plan.from === undefined ? 'present' : await store.put(bytesBlob({ ...plain(entry), size: plan.bytes.length }, plan.bytes), { signal })
    report({ type: 'image-done', target: label, digest: entry.digest, status })
  })
}

/** What people call each of these: its platform, or what it is where it is no image, with its digest where another one has the same. */
function labelsOf(entries: readonly Descriptor[]): readonly string[] {
  const texts = entries.map((entry) =>
    isAttestation(entry)
      ? 'attestation'
      : entry.platform === undefined && entry.artifactType !== undefined
        ? entry.artifactType
        : platformText(entry.platform),
  )
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return entries.map(({ digest }, at) => {
    const text = texts[at] ?? ''
    return (counts.get(text) ?? 0) > 1 ? `${text} ${shortDigest(digest)}` : text
  })
}

/** What a manifest names, each once. Layers that every client gets from elsewhere are in no registry. */
function blobsOf(plan: Extract<ChildPlan, { bytes: Buffer }>): readonly Descriptor[] {
  const { config, layers } = readParts(JSON.parse(plan.bytes.toString('utf8')) as Readonly<Record<string, unknown>>, plan.entry.digest)
  const own = layers.filter(({ mediaType, urls }) => !(Array.isArray(urls) && urls.length > 0 && /foreign|nondistributable/.test(mediaType)))
  // A manifest's type would send a blob to where manifests are; nothing but the digest says what a blob is.
  return [config, ...own].map(({ mediaType, size, digest }) => ({ mediaType: isManifestType(mediaType) ? 'application/octet-stream' : mediaType, size, digest }))
}

function blobOf(descriptor: Descriptor, from: ChildSource, child: Descriptor, signal: AbortSignal | undefined): Blob {
  const { registry, repository, source } = from
  return {
    descriptor,
    origin: { registry, repository },
    open: async (start = 0) => {
      const content = await source.open(descriptor, signal).catch((cause: unknown) => {
        throw cause instanceof PackagerError && cause.code === 'NOT_FOUND' ? gone(child, [`${registry}/${repository}`], descriptor.digest) : cause
      })
      return startingAt(content, start)
    },
  }
}

function bytesBlob(descriptor: Descriptor, bytes: Buffer): Blob {
  return { descriptor, open: (start = 0) => Readable.from([bytes.subarray(start)], { objectMode: false }) }
}

function plain({ mediaType, size, digest }: Descriptor): Descriptor {
  return { mediaType, size, digest }
}

function gone(entry: Descriptor, places: readonly string[], blob?: Digest): PackagerError {
  return new PackagerError({
    code: 'CHILD_GONE',
    step: 'copy image',
    value: places.map((place) => pinned(place, entry.digest)).join(', '),
    found: blob === undefined ? `no such image any more (${platformText(entry.platform)})` : `no blob ${blob} any more (${platformText(entry.platform)})`,
    hint: 'push that image again, or take the entry out with "manifest rm"',
  })
}
