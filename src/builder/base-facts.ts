import type { ImageContents } from '../buildpacks/image.ts'
import { readLabelledModules } from '../buildpacks/label-reader.ts'
import type { LabelledModule } from '../buildpacks/labels.ts'
import type { ModuleInfo } from '../config/fields.ts'
import { PackagerError } from '../errors.ts'
import { configFaults } from './base-config.ts'
import type { Owner } from './folders.ts'
import type { NamedImage } from './labels.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a build image says of itself, as far as a builder needs it (SPEC-builder.md sections 3 and 6). */
export interface BaseFacts {
  readonly owner: Owner
  /** `io.buildpacks.stack.id`; '' where there is none. */
  readonly stackId: string
  /** Undefined where there is no such label. */
  readonly mixins: readonly string[] | undefined
  /** Only where both labels are there. */
  readonly distro: { readonly name: string; readonly version: string } | undefined
  /** Of a base that is a builder already; empty elsewhere. */
  readonly modules: readonly LabelledModule[]
  readonly buildpacks: readonly ModuleInfo[]
  readonly extensions: readonly ModuleInfo[]
  readonly stackRunImage: NamedImage | undefined
}

/**
 * Reads a build image's Env and labels, those of `--label` among them.
 *
 * @param labels the image's own with `--label`'s over them
 * @throws PackagerError `UNSUPPORTED` where `CNB_USER_ID` or `CNB_GROUP_ID` is missing or no number, or a label is broken
 */
export function readBase({ config }: ImageContents, labels: Readonly<Record<string, string>>, shown: string): BaseFacts {
  const faults = configFaults(config)
  if (faults.length > 0) {
    throw new PackagerError({
      code: 'UNSUPPORTED',
      step: 'read build image',
      value: shown,
      found: `a config that engines cannot read: ${faults.join(', ')}`,
      wanted: "an image's config",
    })
  }
  const owner = ownerIn(envOf(config), shown)
  const { 'io.buildpacks.base.distro.name': name, 'io.buildpacks.base.distro.version': version } = labels
  const distro = name === undefined || version === undefined ? undefined : { name, version }
  const metadata = objectIn(labels, metadataLabel, shown)
  return {
    owner,
    stackId: labels['io.buildpacks.stack.id'] ?? '',
    mixins: readMixins(labels, shown),
    distro,
    modules: readModules(labels, shown),
    buildpacks: readInfos(metadata['buildpacks'], shown),
    extensions: readInfos(metadata['extensions'], shown),
    stackRunImage: readStackRunImage(fieldsOf(fieldsOf(metadata['stack'])['runImage']), shown),
  }
}

const metadataLabel = 'io.buildpacks.builder.metadata'

/** It goes into stack.toml as it is, where platforms read it. */
function readStackRunImage({ image = '', mirrors }: Fields, shown: string): NamedImage | undefined {
  if (image === '' || image === null) return undefined
  const names: readonly unknown[] = [image, ...(Array.isArray(mirrors) ? mirrors : [])]
  if (!names.every((name): name is string => typeof name === 'string' && !/\p{Cc}/u.test(name))) throw broken(shown, metadataLabel, 'no image name as stack.runImage')
  const [first = '', ...others] = names
  return { image: first, ...(Array.isArray(mirrors) ? { mirrors: others } : {}) }
}

/** What each name is set to; a set, since of a name that is there twice runtimes take this one or that. */
function envOf(config: Fields): ReadonlyMap<string, ReadonlySet<string>> {
  const values = new Map<string, Set<string>>()
  for (const entry of textsOf(fieldsOf(config['config'])['Env'])) {
    const [name = ''] = entry.split('=', 1)
    values.set(name, (values.get(name) ?? new Set<string>()).add(entry.slice(name.length + 1)))
  }
  return values
}

/** The largest number is what the system has for nobody at all. */
const numbersEnd = 2 ** 32 - 1

function ownerIn(env: ReadonlyMap<string, ReadonlySet<string>>, shown: string): Owner {
  const [uid, gid] = ['CNB_USER_ID', 'CNB_GROUP_ID'].map((name) => userNumber(env.get(name)))
  if (uid !== undefined && gid !== undefined) return { uid, gid }
  const wrong = [...(uid === undefined ? ['CNB_USER_ID'] : []), ...(gid === undefined ? ['CNB_GROUP_ID'] : [])]
  const found = wrong.map((name) => Array.from(env.get(name) ?? [], (value) => `${name}=${shortened(value)}`).join(' beside ') || `no ${name}`).join(' and ')
  throw new PackagerError({
    code: 'UNSUPPORTED',
    step: 'read build image',
    value: shown,
    found: `${found} in its Env`,
    wanted: `${wrong.join(' and ')} with a whole number: builds run as that user and group`,
    hint: 'name a build image for buildpacks in build.image',
  })
}

function userNumber(values: ReadonlySet<string> | undefined): number | undefined {
  const [value] = values ?? []
  return values?.size === 1 && value !== undefined && /^\d{1,10}$/.test(value) && Number(value) < numbersEnd ? Number(value) : undefined
}

const longestShown = 60

function shortened(value: string): string {
  return value.length > longestShown ? `${value.slice(0, longestShown)}...` : value
}

function readMixins(labels: Readonly<Record<string, string>>, shown: string): readonly string[] | undefined {
  const value = parsed(labels, 'io.buildpacks.stack.mixins', shown)
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every((mixin) => typeof mixin === 'string')) return value
  throw broken(shown, 'io.buildpacks.stack.mixins', 'no list of texts')
}

/** The labels of an image that is no builder are empty, or are not there. */
function readModules(labels: Readonly<Record<string, string>>, shown: string): readonly LabelledModule[] {
  const names = ['io.buildpacks.buildpack.layers', 'io.buildpacks.extension.layers']
  const isEmpty = names.every((name) => Object.keys(objectIn(labels, name, shown)).length === 0)
  return isEmpty ? [] : readLabelledModules(labels, shown)
}

function readInfos(value: unknown, shown: string): readonly ModuleInfo[] {
  return (Array.isArray(value) ? value : []).map((entry) => {
    const fields = fieldsOf(entry)
    if (textOf(fields['id']) === '') throw broken(shown, metadataLabel, 'a module without an id')
    return {
      id: textOf(fields['id']),
      version: textOf(fields['version']),
      name: textOf(fields['name']),
      homepage: textOf(fields['homepage']),
      description: textOf(fields['description']),
      keywords: textsOf(fields['keywords']),
      execEnv: textsOf(fields['exec-env']),
      clearEnv: fields['clear-env'] === true,
      licenses: (Array.isArray(fields['licenses']) ? fields['licenses'] : []).map((license) => ({ type: textOf(fieldsOf(license)['Type']), uri: textOf(fieldsOf(license)['URI']) })),
    }
  })
}

/** A label that is not there, or null, is an empty one. */
function objectIn(labels: Readonly<Record<string, string>>, name: string, shown: string): Fields {
  const value = parsed(labels, name, shown) ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) throw broken(shown, name, 'no object')
  return fieldsOf(value)
}

function parsed(labels: Readonly<Record<string, string>>, name: string, shown: string): unknown {
  const text = labels[name]
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw broken(shown, name, 'no JSON')
  }
}

function broken(shown: string, label: string, found: string): PackagerError {
  return new PackagerError({ code: 'UNSUPPORTED', step: 'read build image', value: shown, found: `${found} in label ${label}`, wanted: 'a label as builders have it' })
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : []).filter((text): text is string => typeof text === 'string')
}
