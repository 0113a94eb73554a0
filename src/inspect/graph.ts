import { isIndexType } from '../oci/media-types.ts'
import { shortDigest } from '../quantities.ts'
import type { InspectedModule, InspectedPlatform, Inspection } from './inspection.ts'

/** A line inside of a node; `value` is as others wrote it, null where the type says all. */
export interface GraphFact {
  readonly type: 'string' | 'manifest[]'
  readonly key: string
  readonly value: string | null
}

/** An image, a module in it, or the index. */
export interface GraphNode {
  /** Letters A to Z, digits and `_`, beginning with a letter; no two nodes have the same. */
  readonly name: string
  readonly facts: readonly GraphFact[]
  /** What this node is part of. */
  readonly within: readonly GraphEdge[]
}

export interface GraphEdge {
  readonly to: string
  readonly label: 'contains' | 'contains manifest'
}

/** Of a hostile id nobody reads more. */
const longestName = 120

/**
 * What an inspection holds as a diagram (SPEC-manifest.md, "inspect"): modules are in the composites whose order names them,
 * else in the image of their platform; images are in the index, where there is one. Parts come before what they are part of.
 *
 * @example
 * // Two nodes: EXAMPLE_LEAF_LINUX_AMD64, within EXAMPLE_META_LINUX_AMD64, and that
 */
export function inspectionGraph(inspection: Inspection): readonly GraphNode[] {
  const name = uniqueNames()
  const { platforms, source, mediaType } = inspection
  const [place = '', tag = ''] = lastPart(source.name)
  if (mediaType === null || !isIndexType(mediaType)) return platforms.flatMap((image) => imageNodes(image, place, name, []))
  const main = platforms.map(mainOf).find((found) => found !== undefined)
  const index = name(main === undefined ? [place, tag] : [main.id, main.version])
  const facts: readonly GraphFact[] = [
    { type: 'manifest[]', key: 'manifests', value: null },
    { type: 'string', key: 'mediaType', value: mediaType },
  ]
  return [...platforms.flatMap((image) => imageNodes(image, place, name, [{ to: index, label: 'contains manifest' }])), { name: index, facts, within: [] }]
}

type Name = (words: readonly string[]) => string

/** The nodes of one platform; `within` is what its image is part of. */
function imageNodes(image: InspectedPlatform, place: string, name: Name, within: readonly GraphEdge[]): readonly GraphNode[] {
  const { platform, digest } = image
  const words = [platform.os, platform.architecture, platform.variant ?? ''].filter((word) => word !== '')
  const main = mainOf(image)
  const top = name([main?.id ?? place, ...words])
  const parts = [...image.buildpacks, ...image.extensions].filter((module) => module !== main)
  const named = new Map(parts.map((module) => [module, name([module.id, ...words])]))
  const composites = [...image.buildpacks, ...image.extensions].filter(({ order }) => order.length > 0)
  const platformFacts = [
    fact('platform_os', platform.os),
    fact('platform_arch', platform.architecture),
    ...some('platform_variant', platform.variant),
    ...some('platform_os_version', platform['os.version']),
  ]
  return [
    ...parts.map((module): GraphNode => {
      const parents = composites.filter((composite) => composite !== module && names(composite, module)).map((composite) => named.get(composite) ?? top)
      const edges = [...new Set(parents.length === 0 ? [top] : parents)].map((to): GraphEdge => ({ to, label: 'contains' }))
      return { name: named.get(module) ?? '', facts: [...platformFacts, ...some('version', module.version), ...some('diff_id', hex(module.layerDiffID))], within: edges }
    }),
    { name: top, facts: [...platformFacts, ...some('version', main?.version), ...some('digest', hex(digest))], within },
  ]
}

/** The module that the image is made for: its metadata says so, or it is the only one that no other's order names. */
function mainOf({ main, kind, buildpacks, extensions }: InspectedPlatform): InspectedModule | undefined {
  const modules = [...buildpacks, ...extensions]
  if (kind !== 'buildpackage' && kind !== 'extension') return undefined
  if (main !== undefined) return modules.find(({ id, version }) => id === main.id && version === main.version)
  const [first, ...others] = modules.filter((module) => !modules.some((other) => other !== module && names(other, module)))
  return others.length === 0 ? first : undefined
}

/** Whether an order of `composite` names the module; one without a version means any. */
function names(composite: InspectedModule, { id, version }: InspectedModule): boolean {
  return composite.order.some((group) => group.some((member) => member.id === id && (member.version === '' || member.version === version)))
}

function uniqueNames(): Name {
  const taken = new Set<string>()
  return (words) => {
    const plain = words.join('_').slice(0, longestName).toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
    const name = /^[A-Z]/.test(plain) ? plain : `BP_${plain}`
    let unique = name
    for (let number = 2; taken.has(unique); number += 1) unique = `${name}_${number}`
    taken.add(unique)
    return unique
  }
}

/** `registry.example/acme/bp:1.0.0` is called `bp`, `1.0.0`. */
function lastPart(name: string): readonly string[] {
  const [plain = ''] = name.split('@')
  return (plain.split(/[/\\]/).findLast((part) => part !== '') ?? plain).split(':')
}

function hex(digest: string | null): string | undefined {
  return digest === null ? undefined : shortDigest(digest).replace('sha256:', '')
}

function fact(key: string, value: string): GraphFact {
  return { type: 'string', key, value }
}

function some(key: string, value: string | undefined): readonly GraphFact[] {
  return value === undefined || value === '' ? [] : [fact(key, value)]
}
