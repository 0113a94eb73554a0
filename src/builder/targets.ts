import type { BuilderConfig } from '../config/builder.ts'
import { PackagerError } from '../errors.ts'
import type { Warning } from '../events.ts'
import { formatTarget } from '../targets/grammar.ts'
import { variantOf } from '../targets/nearest-image.ts'
import { resolveTargets } from '../targets/resolve.ts'
import type { Target } from '../targets/target.ts'
import type { BuilderOptions } from './options.ts'

/**
 * What builders are made for (SPEC-builder.md section 7): the flags, else `[[targets]]`, else the platform of this machine,
 * Linux. Distributions choose nothing and do not multiply a target; a target twice counts once.
 *
 * @throws PackagerError `USAGE`, `CONFIG`, and `UNSUPPORTED` for what is not Linux
 */
export function builderTargets(
  { targets: flags = [], hostArch }: Pick<BuilderOptions, 'targets' | 'hostArch'>,
  { targets: declared, file }: BuilderConfig,
): { readonly targets: readonly Target[]; readonly warnings: readonly Warning[] } {
  const { targets, origin, warnings } = resolveTargets({
    flags,
    moduleTargets: declared,
    moduleFile: file,
    packageTargets: [],
    isComposite: false,
    platformOs: undefined,
    hostArch,
  })
  const plain = targets.map(({ os, arch, variant }): Target => ({ os, arch, ...(variant === undefined ? {} : { variant }) }))
  const distinct = plain.filter((target, at) => plain.findIndex((other) => platformKeyOf(other) === platformKeyOf(target)) === at)
  const other = distinct.find(({ os }) => os !== 'linux')
  if (other !== undefined) {
    throw new PackagerError({
      code: 'UNSUPPORTED',
      step: 'create builder',
      value: formatTarget(other),
      found: `a target of os "${other.os}"`,
      wanted: 'linux: Windows and other builders are not made',
      hint: 'leave that target out',
    })
  }
  return { targets: distinct, warnings: origin === 'host' ? warnings : [] }
}

/** `linux/arm64` and `linux/arm64/v8` are the same. */
function platformKeyOf({ os, arch, variant }: Target): string {
  return [os, arch, variantOf(arch, variant) ?? ''].join('/')
}
