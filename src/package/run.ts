import { throwTogether } from '../errors.ts'
import type { RunResult } from '../publish/options.ts'
import { runDelivery, runPlanning } from '../publish/run.ts'
import { describePlan } from '../publish/run-plan.ts'
import type { ImageDetails } from './assemble.ts'
import { makeImage } from './assemble.ts'
import { flagRefusals } from './flags.ts'
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
  throwTogether('read the command line', await flagRefusals(options))
  return runDelivery(options, async (context) => {
    const { gathered, plan, created, labels, annotations, compression } = await prepare(options, context)
    const details: ImageDetails = { main: gathered.main.config, created, labels, annotations }
    const { names, images, layers, warnings } = plan
    const makeImages = (made: Parameters<typeof makeImage>[2]) => images.map((image) => makeImage(image, details, made))
    return { names, targets: images.map(({ target }) => target), layers, compression, indexAnnotations: annotations.index, warnings, makeImages }
  })
}

/** The whole plan of `packageBuildpack`, with nothing made or sent (SPEC.md, `--dry-run`). */
export async function planPackage(options: PackageOptions): Promise<PackagePlan> {
  throwTogether('read the command line', await flagRefusals(options))
  return runPlanning(options, async (context) => describePlan((await prepare(options, context)).plan, options))
}
