import type { AnnotationChange, PlatformFlags, Selection } from '../../manifests/options.ts'
import { usageError } from '../usage.ts'
import type { ManifestFlags } from './define-manifest.ts'
import { defined } from './shared-options.ts'

/** Flags that only mean something where something is sent. */
export function refuseSending(flags: ManifestFlags): void {
  const sending = { '--tag': flags.tag, '--digest-file': flags.digestFile ?? flags.digestfile, '--dry-run': flags.dryRun }
  const given = Object.entries(sending).find(([, value]) => value !== undefined)
  if (given !== undefined) throw usageError(`read ${given[0]}`, 'no --publish', { wanted: 'both: a local list has no tags of its own and is sent by "manifest push"' })
}

export function selectionOf({ platform = [], attestations = true }: ManifestFlags): Selection {
  return { platforms: platform, attestations }
}

export function platformOf({ os, arch, variant, osVersion, osFeatures, features }: ManifestFlags): PlatformFlags {
  return defined({ os, arch, variant, osVersion, osFeatures: featureList(osFeatures), features: featureList(features) })
}

function featureList(words: string | undefined): readonly string[] | undefined {
  return words?.split(',').filter((word) => word !== '')
}

export async function annotationsOf(flags: ManifestFlags): Promise<AnnotationChange> {
  const { readAnnotations } = await import('../../manifests/annotations.ts')
  return readAnnotations(flags)
}

export async function formatOf({ format }: ManifestFlags): Promise<'oci' | 'docker' | undefined> {
  return format === undefined ? undefined : (await import('../../manifests/rules.ts')).parseFormat(format)
}
