import type { Distro, Stack } from '../config/buildpack.ts'
import { PackagerError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import type { ModuleFacts, OrderMember } from './module.ts'

type Fields = Readonly<Record<string, unknown>>

/** More layers than any engine takes, and flattened packages beside. */
const mostModules = 2000

/**
 * Reads the labels of a package's image back (SPEC-package.md section 6). They are somebody else's: whatever is not of the
 * right shape is refused, what is missing is empty.
 *
 * @param labels of the image's config
 * @param place the image, for messages
 */
export function readLabelledModules(labels: Fields, place: string): { facts: ModuleFacts; diffID: Digest }[] {
  const modules = (['buildpack', 'extension'] as const).flatMap((kind) => {
    const name = `io.buildpacks.${kind}.layers`
    const text = labels[name]
    return text === undefined ? [] : readLayers(kind, new LabelText(name, text, place))
  })
  if (modules.length > mostModules) throw new PackagerError({ code: 'UNSUPPORTED', step: 'read package', value: place, found: `${modules.length} modules`, wanted: `at most ${mostModules}` })
  if (modules.length > 0) return modules
  throw new PackagerError({ code: 'UNSUPPORTED', step: 'read package', value: place, found: 'an image without a label io.buildpacks.buildpack.layers', wanted: 'a buildpackage image' })
}

/** The module that a package is named for, as far as its label says one. */
export function readMain(labels: Readonly<Record<string, string>>): { readonly id: string; readonly version: string } | undefined {
  try {
    const value: unknown = JSON.parse(labels['io.buildpacks.buildpackage.metadata'] ?? '')
    if (typeof value !== 'object' || value === null) return undefined
    const { id, version } = value as Fields
    return typeof id === 'string' && typeof version === 'string' ? { id, version } : undefined
  } catch {
    return undefined
  }
}

/** One label's text, and how to complain about it. */
class LabelText {
  readonly #name: string
  readonly #place: string
  readonly value: unknown

  constructor(name: string, text: unknown, place: string) {
    this.#name = name
    this.#place = place
    if (typeof text !== 'string') throw this.wrong('no text')
    try {
      this.value = JSON.parse(text)
    } catch {
      throw this.wrong('no JSON')
    }
  }

  fields(value: unknown, what: string): Fields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
    throw this.wrong(`no object as ${what}`)
  }

  list(value: unknown, what: string): readonly unknown[] {
    if (value === undefined || value === null) return []
    if (Array.isArray(value)) return value
    throw this.wrong(`no list as ${what}`)
  }

  text(fields: Fields, key: string): string {
    const value = fields[key]
    if (value === undefined || value === null) return ''
    if (typeof value === 'string') return value
    throw this.wrong(`no text as ${key}`)
  }

  wrong(found: string): PackagerError {
    return new PackagerError({ code: 'UNSUPPORTED', step: 'read package', value: this.#place, found: `${found} in label ${this.#name}`, wanted: 'a label as buildpackages have it' })
  }
}

function readLayers(kind: ModuleFacts['kind'], label: LabelText): { facts: ModuleFacts; diffID: Digest }[] {
  return Object.entries(label.fields(label.value, 'label')).flatMap(([id, versions]) =>
    Object.entries(label.fields(versions, id)).map(([version, value]) => {
      const entry = label.fields(value, `${id}@${version}`)
      const diffID = label.text(entry, 'layerDiffID')
      if (!namesFolder(id.replaceAll('/', '_')) || !namesFolder(version)) throw label.wrong(`${JSON.stringify(`${id}@${version}`)}, which can name no folder,`)
      if (!isDigest(diffID)) throw label.wrong(`no sha256 layerDiffID for ${id}@${version}`)
      return { facts: readFacts(kind, id, version, entry, label), diffID }
    }),
  )
}

/** An id and a version become parts of paths wherever the module is unpacked. */
function namesFolder(text: string): boolean {
  return !['', '.', '..'].includes(text) && !/[/\\\0]/.test(text) && Buffer.byteLength(text) <= 255
}

function readFacts(kind: ModuleFacts['kind'], id: string, version: string, entry: Fields, label: LabelText): ModuleFacts {
  return {
    kind,
    id,
    version,
    api: label.text(entry, 'api'),
    name: label.text(entry, 'name'),
    homepage: label.text(entry, 'homepage'),
    stacks: label.list(entry['stacks'], 'stacks').map((value) => readStack(value, label)),
    targets: label.list(entry['targets'], 'targets').map((value) => readTarget(value, label)),
    order: label.list(entry['order'], 'order').map((value) => label.list(label.fields(value, 'order')['group'], 'group').map((member) => readMember(member, label))),
  }
}

function readStack(value: unknown, label: LabelText): Stack {
  const fields = label.fields(value, 'stack')
  return { id: label.text(fields, 'id'), mixins: label.list(fields['mixins'], 'mixins').map(String) }
}

function readTarget(value: unknown, label: LabelText): ModuleFacts['targets'][number] {
  const fields = label.fields(value, 'target')
  const variant = label.text(fields, 'variant')
  const distros = label.list(fields['distros'], 'distros').map((distro) => readDistro(label.fields(distro, 'distro'), label))
  return { os: label.text(fields, 'os'), arch: label.text(fields, 'arch'), ...(variant === '' ? {} : { variant }), distros }
}

function readDistro(fields: Fields, label: LabelText): Distro {
  const version = label.text(fields, 'version')
  return { name: label.text(fields, 'name'), ...(version === '' ? {} : { version }) }
}

function isWord(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

/** One of `keywords` or `exec-env`, or of `licenses`: `{"Type": "MIT", "URI": ""}`. */
function isWordOrLicense(value: unknown): boolean {
  const isLicense = typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string')
  return typeof value === 'string' || isLicense
}

function readMember(value: unknown, label: LabelText): OrderMember {
  const { id: _id, version: _version, optional, ...extra } = label.fields(value, 'group member')
  const fields = label.fields(value, 'group member')
  const id = label.text(fields, 'id')
  if (id === '') throw label.wrong('a group member without an id')
  if (!Object.values(extra).every((value) => isWord(value) || (Array.isArray(value) && value.every(isWordOrLicense)))) throw label.wrong('a group member with more than words')
  return { id, version: label.text(fields, 'version'), optional: optional === true, extra }
}
