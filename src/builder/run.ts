import pkg from '../../package.json' with { type: 'json' }
import { reason } from '../errors.ts'
import { silent } from '../events.ts'
import { deliver } from '../publish/deliver.ts'
import type { RunResult } from '../publish/options.ts'
import { openRun } from '../publish/resources.ts'
import type { RunPlan } from '../publish/run-plan.ts'
import { describePlan } from '../publish/run-plan.ts'
import { openCache } from '../publish/workshop.ts'
import { makeImage } from './assemble.ts'
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
  const report = options.onEvent ?? silent
  const cache = await openCache(options, report)
  const run = openRun(options, cache, report)
  try {
    const { plan, compression, annotations, ...details } = await prepareBuilder(options, run.context, createdBy)
    const { names, images, layers, warnings } = plan
    const makeImages = (made: Parameters<typeof makeImage>[2]) => images.map((image) => makeImage(image, { ...details, annotations }, made))
    const targets = images.map(({ target }) => target)
    const result = await deliver(options, { what: 'builder', names, targets, layers, compression, indexAnnotations: annotations.index, warnings, makeImages }, run, cache)
    // The builder is where it should be: what its cache cannot do is no failure any more.
    await cache?.trim(Date.now()).catch((cause: unknown) => report({ type: 'warning', message: `the cache could not be tidied: ${reason(cause)}` }))
    return result
  } finally {
    await run.close()
  }
}

/** The whole plan of `createBuilder`, with nothing made or sent (SPEC.md, `--dry-run`). */
export async function planBuilder(options: BuilderOptions): Promise<RunPlan> {
  const report = options.onEvent ?? silent
  const usesPulled = options.pullPolicy !== undefined && options.pullPolicy !== 'always'
  const run = openRun(options, usesPulled ? await openCache(options, report) : undefined, report)
  try {
    const { plan } = await prepareBuilder(options, run.context, createdBy)
    const images = plan.images.map(({ target, tag, image }) => ({ target, base: image.shown, platform: image.platform, ...(tag === undefined ? {} : { tag }) }))
    return describePlan({ ...plan, images }, options)
  } finally {
    await run.close()
  }
}
