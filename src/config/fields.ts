import type { Distro, GroupMember, License, Stack, TargetDeclaration } from './buildpack.ts'
import type { Section, UnknownKeys } from './section.ts'

/** What describes a module, wherever one is named. */
export interface ModuleInfo {
  readonly id: string
  readonly version: string
  readonly name: string
  readonly homepage: string
  readonly description: string
  readonly keywords: readonly string[]
  readonly execEnv: readonly string[]
  readonly clearEnv: boolean
  readonly licenses: readonly License[]
}

const nothing: ModuleInfo = { id: '', version: '', name: '', homepage: '', description: '', keywords: [], execEnv: [], clearEnv: false, licenses: [] }

/** Reads the descriptive keys of a module; all empty where the table is absent. */
export function readModuleInfo(section: Section | undefined): ModuleInfo {
  if (section === undefined) return nothing
  return {
    id: section.text('id'),
    version: section.text('version'),
    name: section.text('name'),
    homepage: section.text('homepage'),
    description: section.text('description'),
    keywords: section.texts('keywords'),
    execEnv: section.texts('exec-env'),
    clearEnv: section.flag('clear-env'),
    licenses: section.sections('licenses').map(readLicense),
  }
}

function readLicense(section: Section): License {
  const license = { type: section.text('type'), uri: section.text('uri') }
  section.close('warn')
  return license
}

/** `[[stacks]]`, in the order written. */
export function readStacks(root: Section): readonly Stack[] {
  return root.sections('stacks').map((section) => {
    const stack = { id: section.text('id'), mixins: section.texts('mixins') }
    section.close('warn')
    return stack
  })
}

/** `[[targets]]`; `extra` names keys that only this kind of file has. */
export function readTargets(root: Section, policy: UnknownKeys, extra: readonly 'path'[] = []): readonly TargetDeclaration[] {
  return root.sections('targets').map((section) => readTarget(section, policy, extra))
}

function readTarget(section: Section, policy: UnknownKeys, extra: readonly 'path'[]): TargetDeclaration {
  const variant = section.text('variant')
  const path = extra.includes('path') ? section.text('path') : ''
  const target = {
    os: section.text('os'),
    arch: section.text('arch'),
    ...(variant === '' ? {} : { variant }),
    distros: section.sections('distros').map((distro) => readDistro(distro, policy)),
    ...(path === '' ? {} : { path }),
    ...section.position,
    places: section.places(['os', 'arch', 'variant', 'distros', 'path']),
  }
  section.close(policy)
  return target
}

function readDistro(section: Section, policy: UnknownKeys): Distro {
  const name = section.text('name')
  const version = section.text('version')
  section.close(policy, { versions: 'version, one [[targets.distros]] for each' })
  return { name, ...(version === '' ? {} : { version }) }
}

/** `[[order]]` and its groups, or another list of the same shape. */
export function readOrder(root: Section, key: string, policy: UnknownKeys): readonly (readonly GroupMember[])[] {
  return root.sections(key).map((entry) => {
    const group = entry.sections('group').map((member) => readMember(member, policy))
    entry.close(policy)
    return group
  })
}

/** One module of a group. */
export function readMember(section: Section, policy: UnknownKeys): GroupMember {
  const { id, version, ...rest } = readModuleInfo(section)
  const optional = section.flag('optional')
  section.close(policy)
  return { id, version, optional, extra: describing(rest), ...section.position }
}

/** The keys that say something, under their names in the labels and in the labels' order (SPEC-package.md section 6). */
function describing(info: Omit<ModuleInfo, 'id' | 'version'>): Readonly<Record<string, unknown>> {
  const { name, description, homepage, keywords, execEnv, licenses, clearEnv } = info
  return {
    ...(name === '' ? {} : { name }),
    ...(description === '' ? {} : { description }),
    ...(homepage === '' ? {} : { homepage }),
    ...(keywords.length === 0 ? {} : { keywords }),
    ...(execEnv.length === 0 ? {} : { 'exec-env': execEnv }),
    ...(licenses.length === 0 ? {} : { licenses: licenses.map(({ type, uri }) => ({ Type: type, URI: uri })) }),
    ...(clearEnv ? { 'clear-env': true } : {}),
  }
}
