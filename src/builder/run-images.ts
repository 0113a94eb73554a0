import type { RunImage } from '../config/builder.ts'
import type { Problem } from '../errors.ts'
import { PackagerError, reason, withoutStep } from '../errors.ts'
import type { Warning } from '../events.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { Target } from '../targets/target.ts'
import type { NamedImages } from './base.ts'

export interface RunImageFindings {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Warning[]
}

/** What builder.toml says of the images that apps run in. */
export interface RunImageRequest {
  readonly file: string
  readonly runImages: readonly RunImage[]
  /** With it each image found must carry that `io.buildpacks.stack.id`. */
  readonly stackId?: string
}

/**
 * Looks every run image and mirror up for every target, all at once and each address once (SPEC-builder.md sections 3 and 9).
 * One that is missing or cannot be looked up is a warning: it may be made later. One without a target's platform is a
 * warning too, but where there are several targets: then some of them could never run.
 */
export async function checkRunImages({ file, runImages, stackId }: RunImageRequest, targets: readonly Target[], images: NamedImages): Promise<RunImageFindings> {
  const problems: Problem[] = []
  const warnings: Warning[] = []
  const names = runImages.flatMap(({ image, mirrors = [], line, column }, index) => [image, ...mirrors].map((name) => ({ name, at: { file, line, column, key: `run.images[${index}]` } })))
  const looked = names.flatMap(({ name, at }) => targets.map(async (target) => ({ name, at, target, found: await look(images, name, target) })))
  for (const { name, at, target, found } of await Promise.all(looked)) {
    if (found.kind === 'other platform' && targets.length > 1) problems.push({ ...at, message: found.message })
    else if (found.kind !== 'there')
      warnings.push({ message: found.message, hint: 'apps cannot run before it is there; --skip-run-image-check looks for none' })
    else if (stackId !== undefined && found.stackId !== stackId)
      problems.push({
        ...at,
        message: `${name} has ${found.stackId === '' ? 'no stack id' : `the stack "${found.stackId}"`} for ${formatTarget(target)}, want "${stackId}" as stack.id says`,
      })
  }
  return { problems, warnings }
}

type Found = { readonly kind: 'there'; readonly stackId: string } | { readonly kind: 'missing' | 'other platform'; readonly message: string }

async function look(images: NamedImages, name: string, target: Target): Promise<Found> {
  try {
    const { labels } = await images.find(name, target)
    return { kind: 'there', stackId: labels['io.buildpacks.stack.id'] ?? '' }
  } catch (cause) {
    if (cause instanceof PackagerError && cause.code === 'CANCELLED') throw cause
    const message = `run image "${name}": ${cause instanceof PackagerError ? withoutStep(cause, name) : reason(cause)}`
    return { kind: cause instanceof PackagerError && cause.code === 'UNSUPPORTED' ? 'other platform' : 'missing', message }
  }
}
