import type { Distro } from '../config/buildpack.ts'
import type { Problem } from '../errors.ts'

/**
 * One platform that one image is built for. After expansion a target has at most one distribution
 * (SPEC-package.md section 2). Text form: `os/arch[/variant][:distro[@version]]`.
 */
export interface Target {
  readonly os: string
  readonly arch: string
  readonly variant?: string
  readonly distro?: Distro
  /** RFC 0128's `targets.path`: the platform root, relative to the buildpack folder. */
  readonly path?: string
  /** Where `path` is written, for messages about the folder. */
  readonly pathAt?: Omit<Problem, 'message'>
}
