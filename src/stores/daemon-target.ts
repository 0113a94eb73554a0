import { PackagerError } from '../errors.ts'
import type { Platform } from '../oci/platform.ts'
import { formatPlatform } from '../oci/platform.ts'

/** What of a target decides whether an engine can hold its image. */
export interface EngineCandidate {
  readonly os: string
  /** Empty: every architecture. */
  readonly arch: string
  readonly variant?: string
}

/**
 * The target whose image an engine gets (SPEC-package.md section 8): os and architecture are the engine's own. Of several
 * such, the one with the engine's variant, then one without a variant, then the highest that is below the engine's; where the
 * engine tells none, the lowest. A target without an architecture fits by os, after all others. The first of equals counts.
 *
 * @example
 * engineTarget([{ os: 'linux', arch: 'amd64' }, { os: 'linux', arch: 'arm64' }], { os: 'linux', architecture: 'arm64' }) // the second
 */
export function engineTarget<T extends EngineCandidate>(targets: readonly T[], engine: Platform): T {
  const ranked = targets.map((target) => ({ target, rank: rankOf(target, engine) })).filter(({ rank }) => rank < Infinity)
  const [best] = ranked.sort((a, b) => a.rank - b.rank)
  if (best !== undefined) return best.target
  throw new PackagerError({
    code: 'NOT_FOUND',
    step: 'choose the target for the engine',
    found: targets.length === 0 ? 'no target' : targets.map(formatCandidate).join(', '),
    wanted: `${formatPlatform(engine)}, which is what the engine runs`,
    hint: `package ${formatPlatform(engine)} with --target, or the targets there are with --format layout or --publish`,
  })
}

const anyArchitecture = 1000
const noVariant = 1
const unordered = 100

/** The lower the better; Infinity where the image is for something else. */
function rankOf({ os, arch, variant }: EngineCandidate, engine: Platform): number {
  if (os !== engine.os) return Infinity
  if (arch === '') return anyArchitecture
  if (arch !== engine.architecture) return Infinity
  const [wanted, own] = [plainVariant(arch, variant), plainVariant(arch, engine.variant)]
  if (wanted === own) return 0
  if (wanted === '') return noVariant
  const [level, ownLevel] = [levelOf(wanted), levelOf(own)]
  if (level === undefined) return noVariant + unordered
  if (ownLevel === undefined) return noVariant + level
  return level < ownLevel ? noVariant + ownLevel - level : Infinity
}

/** v8 of arm64 and v1 of amd64 are what the architecture is without a variant. */
function plainVariant(arch: string, variant = ''): string {
  return (arch === 'arm64' && variant === 'v8') || (arch === 'amd64' && variant === 'v1') ? '' : variant
}

/** `v7` is 7; words such as `softfloat` have no order. */
function levelOf(variant: string): number | undefined {
  const level = /^v(\d+)$/.exec(variant)?.[1]
  return level === undefined ? undefined : Number(level)
}

function formatCandidate({ os, arch, variant = '' }: EngineCandidate): string {
  return [os, arch, variant].filter((part) => part !== '').join('/')
}
