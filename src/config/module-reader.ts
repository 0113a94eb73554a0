import type { ModuleConfig } from './buildpack.ts'
import type { Checked } from './checked.ts'
import { readModuleInfo, readOrder, readStacks, readTargets } from './fields.ts'
import { checkModule } from './module-rules.ts'
import type { Section } from './section.ts'
import { readDocument } from './section.ts'
import type { TomlSource } from './toml-bytes.ts'

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
export function readBuildpackToml(source: TomlSource, file: string): Checked<ModuleConfig> {
  return readModule(source, file, 'buildpack')
}

/** Reads extension.toml: the keys of `[buildpack]` below `[extension]`, targets, no stacks and no order. */
export function readExtensionToml(source: TomlSource, file: string): Checked<ModuleConfig> {
  return readModule(source, file, 'extension')
}

function readModule(source: TomlSource, file: string, kind: ModuleConfig['kind']): Checked<ModuleConfig> {
  return readDocument(source, file, (root, findings) => {
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
