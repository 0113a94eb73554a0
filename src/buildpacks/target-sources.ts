import type { ModuleConfig } from '../config/buildpack.ts'
import type { PackageConfig } from '../config/package.ts'
import type { TargetSources } from '../targets/resolve.ts'
import { isComposite } from './module.ts'

/** Everything that can name a target of a module: flags, its own file, package.toml, this host. */
export function targetSources(module: ModuleConfig, packageConfig: PackageConfig | undefined, said: { readonly targets?: readonly string[]; readonly hostArch: string }): TargetSources {
  return {
    flags: said.targets ?? [],
    moduleTargets: module.targets,
    moduleFile: module.file,
    packageTargets: packageConfig?.targets ?? [],
    packageFile: packageConfig?.file ?? 'package.toml',
    isComposite: isComposite(module),
    platformOs: packageConfig?.platformOs,
    hostArch: said.hostArch,
  }
}
