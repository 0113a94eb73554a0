import type { Checked } from './checked.ts'
import { readModuleInfo, readOrder, readStacks, readTargets } from './fields.ts'
import { checkModule } from './module-rules.ts'
import type { Section } from './section.ts'
import { readDocument } from './section.ts'
import type { Position } from './toml.ts'

/** `[[stacks]]` of buildpack.toml. */
export interface Stack {
  readonly id: string
  /** In the order written. */
  readonly mixins: readonly string[]
}

/** `[[targets.distros]]`. */
export interface Distro {
  readonly name: string
  readonly version?: string
}

/** `[[targets]]` as written; `''` where a key is absent. `path` is RFC 0128's `targets.path`, never part of a label. */
export interface TargetDeclaration {
  readonly os: string
  readonly arch: string
  readonly variant?: string
  readonly distros: readonly Distro[]
  readonly path?: string
  /** Where the table begins, for messages about it. */
  readonly line: number
  readonly column: number
  /** Where its keys stand, for messages about one of them. */
  readonly places?: Readonly<Record<string, Position>>
}

export interface License {
  readonly type: string
  readonly uri: string
}

/** One entry of `[[order.group]]`; `extra` holds other descriptive keys, spelled and ordered as the label has them. */
export interface GroupMember {
  readonly id: string
  readonly version: string
  readonly optional: boolean
  readonly extra: Readonly<Record<string, unknown>>
  readonly line: number
  readonly column: number
}

/** buildpack.toml or extension.toml, read and checked (SPEC-package.md section 1). A composite is a buildpack with `order`. */
export interface ModuleConfig {
  readonly kind: 'buildpack' | 'extension'
  /** The file's name as messages show it. */
  readonly file: string
  /** `N.M`; `0.1` where the file has none. */
  readonly api: string
  readonly id: string
  readonly version: string
  readonly name: string
  readonly homepage: string
  readonly description: string
  readonly keywords: readonly string[]
  readonly execEnv: readonly string[]
  readonly clearEnv: boolean
  readonly licenses: readonly License[]
  readonly stacks: readonly Stack[]
  readonly targets: readonly TargetDeclaration[]
  readonly order: readonly (readonly GroupMember[])[]
}

const places = {
  id: '[buildpack]',
  name: '[buildpack]',
  version: '[buildpack]',
  homepage: '[buildpack]',
  licenses: '[buildpack]',
  'sbom-formats': '[buildpack]',
  distros: '[[targets]]',
  dependencies: '[metadata] or package.toml',
  extension: 'extension.toml',
}

/**
 * Reads buildpack.toml (SPEC-package.md section 1). Unknown keys are warnings, since other tools keep their own here;
 * `[metadata]` is free. What may be built is not judged here: a target of an unknown os is one as long as none builds it.
 */
export function readBuildpackToml(text: string, file: string): Checked<ModuleConfig> {
  return readModule(text, file, 'buildpack')
}

/** Reads extension.toml: the keys of `[buildpack]` below `[extension]`, targets, no stacks and no order. */
export function readExtensionToml(text: string, file: string): Checked<ModuleConfig> {
  return readModule(text, file, 'extension')
}

function readModule(text: string, file: string, kind: ModuleConfig['kind']): Checked<ModuleConfig> {
  return readDocument(text, file, (root, findings) => {
    const writtenApi = root.has('api') ? root.text('api') : undefined
    const table = root.section(kind)
    const { info, stacks, targets, order } = readTables(root, table, kind)
    root.ignore('metadata')
    root.close('warn', kind === 'buildpack' ? places : { buildpack: 'buildpack.toml', stacks: 'buildpack.toml', order: 'buildpack.toml' })
    return checkModule({ config: { kind, file, api: '0.1', ...info, stacks, targets, order }, writtenApi, declared: table !== undefined, root }, findings)
  })
}

function readTables(root: Section, table: Section | undefined, kind: ModuleConfig['kind']) {
  const info = readModuleInfo(table)
  table?.ignore('sbom-formats')
  table?.close('warn', { api: 'the top of the file', stacks: 'the top of the file', targets: 'the top of the file', order: 'the top of the file' })
  const targets = readTargets(root, 'warn', ['path'])
  if (kind === 'extension') return { info, stacks: [], targets, order: [] }
  return { info, stacks: readStacks(root), targets, order: readOrder(root, 'order', 'warn') }
}
