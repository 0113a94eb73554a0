import pkg from '../../package.json' with { type: 'json' }
import { throwTogether } from '../errors.ts'
import type { RunResult } from '../publish/options.ts'
import { runDelivery, runPlanning } from '../publish/run.ts'
import type { RunPlan } from '../publish/run-plan.ts'
import { describePlan } from '../publish/run-plan.ts'
import { makeImage } from './assemble.ts'
import { flagRefusals } from './flags.ts'
import type { BuilderOptions } from './options.ts'
import { prepareBuilder } from './prepare.ts'

/** As the builder's label names it. */
const createdBy = { name: 'bp-package', version: pkg.version }

/**
 * Makes a builder for all its targets (SPEC-builder.md): plans everything, makes each distinct layer once and takes those of
 * build images as they are, sends them, then manifests by digest, then the index once by its first tag, then the other tags.
 * Whatever fails, or an abort of `options.signal`: no tag has moved, nothing stands at the output path, no temporary file is
 * left.
 *
 * @throws PackagerError
 */
export async function createBuilder(options: BuilderOptions): Promise<RunResult> {
  throwTogether('read the command line', await flagRefusals(options))
  return runDelivery(options, async (context) => {
    const { plan, compression, annotations, ...details } = await prepareBuilder(options, context, createdBy)
    const { names, images, layers, warnings } = plan
    const makeImages = (made: Parameters<typeof makeImage>[2]) => images.map((image) => makeImage(image, { ...details, annotations }, made))
    return { what: 'builder', names, targets: images.map(({ target }) => target), layers, compression, indexAnnotations: annotations.index, warnings, makeImages }
  })
}

/** The whole plan of `createBuilder`, with nothing made or sent (SPEC.md, `--dry-run`). */
export async function planBuilder(options: BuilderOptions): Promise<RunPlan> {
  throwTogether('read the command line', await flagRefusals(options))
  return runPlanning(options, async (context) => {
    const { plan } = await prepareBuilder(options, context, createdBy)
    const images = plan.images.map(({ target, tag, image }) => ({ target, base: image.shown, platform: image.platform, ...(tag === undefined ? {} : { tag }) }))
    return describePlan({ ...plan, images }, options)
  })
}
