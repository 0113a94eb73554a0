import type { Platform } from '../oci/platform.ts'
import type { Inspection, InspectedModule, InspectedPlatform } from './inspection.ts'

/**
 * An inspection as JSON (SPEC-manifest.md, "JSON"): the contract's keys first and always there, what is absent null; then
 * what else was read.
 */
export function inspectionJson(inspection: Inspection): object {
  const { source, digest, mediaType, annotations, platforms, differences, notes } = inspection
  return { schemaVersion: 1, source, digest, mediaType, annotations, platforms: platforms.map(platformJson), differences, notes }
}

function platformJson(image: InspectedPlatform): object {
  const { platform, digest, mediaType, size, annotations, kind, buildpacks, extensions, attestations, layers, labels, distro, stacks } = image
  return {
    platform: platformWords(platform),
    digest,
    mediaType,
    size,
    annotations,
    kind,
    buildpacks: buildpacks.map(moduleJson),
    extensions: extensions.map(moduleJson),
    attestations,
    main: image.main ?? null,
    builder: image.builder ?? null,
    distro,
    stacks,
    root: image.root ?? null,
    layers,
    labels,
    files: image.files ?? null,
    problems: image.problems ?? [],
  }
}

function platformWords(platform: Platform): object {
  const { os, architecture, variant = null } = platform
  return { os, architecture, variant, 'os.version': platform['os.version'] ?? null, 'os.features': platform['os.features'] ?? [] }
}

function moduleJson({ id, version, api, homepage, name, layerDiffID, targets, order }: InspectedModule): object {
  return { id, version, api, homepage, name, layerDiffID, targets, order }
}
