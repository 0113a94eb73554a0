import { PackagerError } from '../errors.ts'
import { isDigest } from '../oci/digest.ts'
import { dockerManifest, ociConfig, ociManifest } from '../oci/media-types.ts'
import { formatPlatform } from '../oci/platform.ts'
import type { Platform } from '../oci/platform.ts'
import type { Documents } from './documents.ts'
import { readingFaults } from './documents.ts'
import type { Entry } from './entries.ts'
import { toDescriptor, toPlatform } from './entries.ts'
import type { InspectedLayer, InspectedModule, InspectedPlatform } from './inspection.ts'
import { readLabels } from './labels.ts'
import type { Fields } from './shape.ts'
import { isFields, textList, textsOf } from './shape.ts'

const dockerConfig = 'application/vnd.docker.container.image.v1+json'

/** Reads one image of an index: its manifest and its config. What is wrong with it is told in its place. */
export async function readImage(entry: Entry, attestations: number, documents: Documents): Promise<InspectedPlatform> {
  const bare = bareImage(entry, attestations)
  const { descriptor } = entry
  if (descriptor === undefined || entry.problem !== undefined) return bare
  if (descriptor.mediaType !== ociManifest && descriptor.mediaType !== dockerManifest) {
    return withProblem(bare, `a manifest of type ${JSON.stringify(descriptor.mediaType)}, which is not read`)
  }
  try {
    return await described(bare, await documents.object(descriptor), documents)
  } catch (error) {
    if (error instanceof PackagerError && readingFaults.has(error.code)) return withProblem(bare, error.message)
    throw error
  }
}

/** All that is known of an image before it is read. */
function bareImage({ descriptor, platform, annotations, problem }: Entry, attestations: number): InspectedPlatform {
  return {
    platform: platform ?? { architecture: '', os: '' },
    digest: descriptor?.digest ?? null,
    mediaType: descriptor?.mediaType ?? null,
    size: null,
    annotations,
    kind: 'other',
    buildpacks: [],
    extensions: [],
    attestations,
    layers: [],
    labels: {},
    distro: null,
    stacks: [],
    ...(problem === undefined ? {} : { problems: [problem] }),
  }
}

async function described(bare: InspectedPlatform, manifest: Fields, documents: Documents): Promise<InspectedPlatform> {
  const layers = (Array.isArray(manifest['layers']) ? manifest['layers'] : []).map(toDescriptor)
  const config = toDescriptor(manifest['config'])
  const sized = {
    ...bare,
    size: [config, ...layers].reduce((sum, part) => sum + (part?.size ?? 0), 0),
    annotations: { ...textsOf(manifest['annotations']), ...bare.annotations },
    layers: layers.flatMap((layer) => (layer === undefined ? [] : [{ ...layer, diffID: null, modules: [] }])),
  }
  if (config === undefined || layers.includes(undefined)) return withProblem(sized, `a manifest whose ${config === undefined ? 'config' : 'layers'} lack a sha256 digest or a size`)
  // An artifact: its config is no image config, and says nothing of a platform.
  if (config.mediaType !== ociConfig && config.mediaType !== dockerConfig) return sized
  return withConfig(sized, await documents.object(config))
}

function withConfig(image: InspectedPlatform, config: Fields): InspectedPlatform {
  const labels = textsOf(isFields(config['config']) ? config['config']['Labels'] : undefined)
  const { problems, ...facts } = readLabels(labels)
  const diffIDs = isFields(config['rootfs']) ? textList(config['rootfs']['diff_ids']) : []
  const layers = withModules(image.layers, diffIDs, [...facts.buildpacks, ...facts.extensions])
  const own = toPlatform(config)
  const said = image.platform
  const found = [
    ...problems,
    ...(diffIDs.length === image.layers.length ? [] : [`${image.layers.length} layers, and a config that names ${diffIDs.length}`]),
    ...strayModules([...facts.buildpacks, ...facts.extensions], diffIDs),
    ...(disagree(said, own) ? [`the index says ${formatPlatform(said)}, the image's config ${formatPlatform(own) || 'nothing'}`] : []),
  ]
  const platform = said.os === '' && said.architecture === '' ? own : said
  return { ...image, ...facts, platform, labels, layers, ...(found.length === 0 ? {} : { problems: found }) }
}

function disagree(said: Platform, own: Platform): boolean {
  return said.os !== '' && (said.os !== own.os || said.architecture !== own.architecture)
}

/** What the labels say is in each layer. */
function withModules(layers: readonly InspectedLayer[], diffIDs: readonly string[], modules: readonly InspectedModule[]): readonly InspectedLayer[] {
  const names = new Map<string, string[]>()
  for (const { id, version, layerDiffID } of modules) {
    if (layerDiffID !== null) names.set(layerDiffID, [...(names.get(layerDiffID) ?? []), `${id}@${version}`])
  }
  return layers.map((layer, index) => {
    const diffID = diffIDs[index] ?? ''
    return { ...layer, diffID: isDigest(diffID) ? diffID : null, modules: names.get(diffID) ?? [] }
  })
}

/** A module whose layer the image does not have can be in no build. */
export function strayModules(modules: readonly InspectedModule[], diffIDs: readonly string[]): readonly string[] {
  const known = new Set(diffIDs)
  const strays = modules.filter(({ layerDiffID }) => layerDiffID !== null && !known.has(layerDiffID))
  const [first] = strays
  if (first === undefined) return []
  const more = strays.length === 1 ? '' : ` and ${strays.length - 1} more`
  return [`${first.id}@${first.version}${more}: in a layer that the image does not have`]
}

function withProblem(image: InspectedPlatform, problem: string): InspectedPlatform {
  return { ...image, problems: [...(image.problems ?? []), problem] }
}
