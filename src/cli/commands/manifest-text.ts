import { escapeLine } from '../../escape.ts'
import type { PushResult, PushedImage } from '../../manifests/options.ts'
import { isAttestation, platformText } from '../../manifests/platforms.ts'
import { count } from '../../quantities.ts'
import { publishedLine } from '../print.ts'
import type { Tally } from '../progress/tally.ts'
import { defined } from './shared-options.ts'

const PLANNED = { present: 'there already', mounted: 'to mount', uploaded: 'to copy' } as const

/** What `--dry-run` shows of an index. */
export function plannedText({ reference, digest, mediaType, size, tags, images }: PushResult): string {
  const lines = images.map((image) => `  ${image.digest}  ${escapeLine(platformOf(image))}, ${PLANNED[image.copied]}`)
  return [
    `index ${reference}@${digest}`,
    `  ${mediaType}, ${size} bytes, ${imageCount(images)}`,
    ...lines,
    'tags',
    ...tags.map((tag) => `  ${tag}`),
    'dry run: nothing was sent',
    '',
  ].join('\n')
}

/** The last line on stderr: `published host/bp:1 (index sha256:..., 2 images): 1 blob mounted`. */
export function publishedText({ reference, digest, tags, images }: PushResult, tally: Tally): string {
  return publishedLine(reference, `index ${digest}, ${imageCount(images)}`, tags.length, tally)
}

/** Attestations are about images and are none. */
function imageCount(images: readonly PushedImage[]): string {
  const attestations = images.filter((image) => isAttestation(image)).length
  return [count(images.length - attestations, 'image'), ...(attestations > 0 ? [count(attestations, 'attestation')] : [])].join(', ')
}

function platformOf({ platform: { os, architecture, variant, 'os.version': version } }: PushedImage): string {
  return platformText({ os: os ?? '', architecture: architecture ?? '', ...defined({ variant: variant ?? undefined, 'os.version': version ?? undefined }) })
}
