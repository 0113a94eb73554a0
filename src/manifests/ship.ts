import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Descriptor, InlineBlob } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { encodeContent } from '../oci/index-content.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { largestManifest } from '../oci/manifest.ts'
import type { Network } from '../publish/network.ts'
import { afterTags } from '../publish/send.ts'
import type { Store } from '../stores/store.ts'
import type { CopyContext } from './children.ts'
import { copyChildren, planChildren } from './children.ts'
import type { ListName } from './names.ts'
import { allTags } from './names.ts'
import type { Copied, PushResult, PushedImage, SendOptions } from './options.ts'
import type { Holdings } from './resolve.ts'

/** A finished index on its way. */
export interface Shipment {
  readonly destination: ListName
  readonly content: IndexContent
  /** The bytes, where they are somebody's already; else they are made of the content. */
  readonly index?: InlineBlob
  readonly holdings: Holdings
  /** Children that the destination has, since an index of its own names them. */
  readonly present?: ReadonlySet<Digest>
  /** Asked right before the first tag: false leaves all tags as they are. */
  readonly stillGood?: () => Promise<boolean>
}

export interface ShipContext {
  readonly network: Network
  readonly report: Report
  readonly signal: AbortSignal | undefined
  readonly send: SendOptions
}

/** How many requests and uploads are under way at once, unless told. */
export const usualConcurrency = 4

/**
 * Sends an index: blobs of missing children, their manifests by digest, the index by digest, then each tag, the
 * destination's own last (SPEC-manifest.md, "manifest push"). Until then every tag is as it was.
 *
 * @returns undefined where `stillGood` said no
 */
export async function ship(shipment: Shipment, context: ShipContext): Promise<PushResult | undefined> {
  const { destination, content, holdings, present = new Set() } = shipment
  const { send, signal } = context
  const tags = allTags(destination, send.tags)
  const index = shipment.index ?? encodeContent(content)
  checkSize(index, destination)
  const store = await context.network.repository(destination.registry, destination.repository)
  const copying: CopyContext = { destination, store, network: context.network, concurrency: send.concurrency ?? usualConcurrency, report: context.report, signal }
  const plans = await planChildren(distinct(content.manifests), holdings, present, copying)
  if (send.dryRun === true) {
    const planned = new Map(plans.map(({ entry, from }) => [entry.digest, from === undefined ? 'present' : from.registry === destination.registry ? 'mounted' : 'uploaded'] as const))
    return pushResult(shipment, index, tags, planned)
  }
  context.report({ type: 'plan', name: destination.full, destination: 'registry', targets: plans.map(({ label }) => label), layers: 0 })
  const copied = await copyChildren(plans, copying)
  const status = await store.put(index, { signal })
  if ((await shipment.stillGood?.()) === false) return undefined
  context.report({ type: 'index-done', digest: index.descriptor.digest, status })
  await setTags(store, index, tags, shipment, context)
  return pushResult(shipment, index, tags, copied)
}

/** Not interrupted: between the first tag and the last one, stopping would leave some moved and some not. */
async function setTags(store: Store, index: InlineBlob, tags: readonly string[], { destination }: Shipment, { report, signal }: ShipContext): Promise<void> {
  throwIfCancelled(signal, 'set tags')
  const moved: string[] = []
  for (const tag of tags) {
    const name = tagName(destination, tag)
    const status = await store.tag(index, tag).catch((cause: unknown) => {
      throw moved.length === 0 ? cause : afterTags(cause, moved)
    })
    moved.push(name)
    report({ type: 'tagged', name, digest: index.descriptor.digest, status })
  }
}

function tagName({ registry, repository }: ListName, tag: string): string {
  return `${registry}/${repository}:${tag}`
}

function checkSize({ descriptor }: InlineBlob, { full }: ListName): void {
  if (descriptor.size <= largestManifest) return
  throw new PackagerError({ code: 'UNSUPPORTED', step: 'push index', value: full, found: `an index of ${descriptor.size} bytes`, wanted: `at most ${largestManifest}` })
}

function distinct(entries: readonly Descriptor[]): readonly Descriptor[] {
  const seen = new Set<Digest>()
  return entries.filter(({ digest }) => !seen.has(digest) && seen.add(digest))
}

function pushResult({ destination, content }: Shipment, { descriptor }: InlineBlob, tags: readonly string[], copied: ReadonlyMap<Digest, Copied>): PushResult {
  const { digest, mediaType, size } = descriptor
  const images = content.manifests.map((entry) => pushedImage(entry, copied.get(entry.digest) ?? 'present'))
  return { reference: destination.full, digest, mediaType, size, tags: tags.map((tag) => tagName(destination, tag)), images, purged: false }
}

function pushedImage({ digest, mediaType, size, platform, annotations = {} }: Descriptor, copied: Copied): PushedImage {
  const words = {
    os: platform?.os || null,
    architecture: platform?.architecture || null,
    variant: platform?.variant ?? null,
    'os.version': platform?.['os.version'] ?? null,
    'os.features': platform?.['os.features'] ?? [],
  }
  return { digest, mediaType, size, platform: words, annotations, copied }
}
