import type { InspectedPlatform, Inspection } from '../../../src/inspect/inspection.ts'
import { readLabels } from '../../../src/inspect/labels.ts'
import { summarize } from '../../../src/inspect/read.ts'

/** An inspection of images with these labels. */
export function inspectionOf(...labels: readonly Readonly<Record<string, string>>[]): Inspection {
  const platforms = labels.map((each, index): InspectedPlatform => {
    const { problems, ...facts } = readLabels(each)
    return { ...facts, problems, platform: { os: 'linux', architecture: `a${index}` }, digest: null, mediaType: null, size: 1, annotations: each, attestations: 0, layers: [], labels: each }
  })
  return summarize({ source: { type: 'registry', name: 'x' }, root: undefined, annotations: labels[0] ?? {}, platforms })
}
