import { reason } from '../errors.ts'
import { silent } from '../events.ts'
import { deliver } from '../publish/deliver.ts'
import type { RunResult } from '../publish/options.ts'
import { openRun } from '../publish/resources.ts'
import { describePlan } from '../publish/run-plan.ts'
import { openCache } from '../publish/workshop.ts'
import type { ImageDetails } from './assemble.ts'
import { makeImage } from './assemble.ts'
import type { PackageOptions, PackagePlan } from './options.ts'
import { prepare } from './prepare.ts'

/**
 * Packages a buildpack or an extension for all its targets: plans everything, makes each distinct layer once, sends layers
 * while others still compress, then manifests by digest, then the index once by its first tag, then the other tags
 * (SPEC.md, "The flow of a publish"). Whatever fails, or an abort of `options.signal`: no tag has moved, nothing stands at
 * the output path, no temporary file is left.
 *
 * @throws PackagerError
 */
export async function packageBuildpack(options: PackageOptions): Promise<RunResult> {
  const report = options.onEvent ?? silent
  const cache = await openCache(options, report)
  const run = openRun(options, cache, report)
  try {
    const { gathered, plan, created, labels, annotations, compression } = await prepare(options, run.context)
    const details: ImageDetails = { main: gathered.main.config, created, labels, annotations }
    const { names, layers, warnings } = plan
    const targets = plan.images.map((image) => image.target)
    const makeImages = (made: Parameters<typeof makeImage>[2]) => plan.images.map((image) => makeImage(image, details, made))
    const result = await deliver(options, { names, targets, layers, compression, indexAnnotations: annotations.index, warnings, makeImages }, run, cache)
    // The package is where it should be: what its cache cannot do is no failure any more.
    await cache?.trim(Date.now()).catch((cause: unknown) => report({ type: 'warning', message: `the cache could not be tidied: ${reason(cause)}` }))
    return result
  } finally {
    await run.close()
  }
}

/** The whole plan of `packageBuildpack`, with nothing made or sent (SPEC.md, `--dry-run`). */
export async function planPackage(options: PackageOptions): Promise<PackagePlan> {
  const report = options.onEvent ?? silent
  const usesPulled = options.pullPolicy !== undefined && options.pullPolicy !== 'always'
  const run = openRun(options, usesPulled ? await openCache(options, report) : undefined, report)
  try {
    const { plan } = await prepare(options, run.context)
    return describePlan(plan, options)
  } finally {
    await run.close()
  }
}
