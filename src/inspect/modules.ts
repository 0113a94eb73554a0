import { compareVersions } from '../buildpacks/version-order.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { InspectedModule, InspectedOrderMember } from './inspection.ts'
import type { Fields, Shape } from './shape.ts'

/** More than any image's layers hold. */
const mostModules = 2000
/** An id or a version is the name of a folder. */
const longestName = 255

/**
 * The modules of a label such as `io.buildpacks.buildpack.layers`: `{id: {version: {api, layerDiffID, ...}}}`
 * (SPEC-package.md section 6), by id, then version.
 */
export function readModules(text: string, shape: Shape): readonly InspectedModule[] {
  const modules: InspectedModule[] = []
  for (const [id, versions] of Object.entries(shape.fields(shape.parse(text), 'its value'))) {
    for (const [version, value] of Object.entries(shape.fields(versions, id))) {
      if (modules.length === mostModules) {
        shape.wrong(`more than ${mostModules} modules`)
        return sorted(modules)
      }
      if (Buffer.byteLength(id) > longestName || Buffer.byteLength(version) > longestName) shape.wrong(`an id or a version of more than ${longestName} bytes`)
      else modules.push(readModule(id, version, value, shape))
    }
  }
  return sorted(modules)
}

/** By id, then version, as versions order. */
function sorted(modules: readonly InspectedModule[]): readonly InspectedModule[] {
  return [...modules].sort((a, b) => Number(a.id > b.id) - Number(a.id < b.id) || compareVersions(a.version, b.version) || Number(a.version > b.version) - Number(a.version < b.version))
}

function readModule(id: string, version: string, value: unknown, shape: Shape): InspectedModule {
  const what = `${id}@${version}`
  const fields = shape.fields(value, what)
  return {
    id,
    version,
    api: shape.text(fields, 'api', what),
    homepage: shape.text(fields, 'homepage', what),
    name: shape.text(fields, 'name', what),
    layerDiffID: readDiffID(fields, what, shape),
    targets: shape.list(fields['targets'], `targets of ${what}`).flatMap((target) => readTarget(shape.fields(target, `a target of ${what}`), what, shape)),
    order: readOrder(fields['order'], what, shape),
  }
}

function readDiffID(fields: Fields, what: string, shape: Shape): Digest | null {
  const text = shape.text(fields, 'layerDiffID', what)
  if (text === null || isDigest(text)) return text
  shape.wrong(`layerDiffID of ${what} is no sha256 digest`)
  return null
}

/** One for each of its distributions. */
function readTarget(fields: Fields, what: string, shape: Shape): readonly string[] {
  const of = `a target of ${what}`
  const variant = shape.text(fields, 'variant', of)
  const target = { os: shape.text(fields, 'os', of) ?? '', arch: shape.text(fields, 'arch', of) ?? '', ...(variant === null ? {} : { variant }) }
  const distros = shape.list(fields['distros'], `distros of ${of}`).map((value) => shape.fields(value, `a distro of ${of}`))
  if (distros.length === 0) return [formatTarget(target)]
  return distros.map((distro) => formatTarget({ ...target, distro: { name: shape.text(distro, 'name', of) ?? '', version: shape.text(distro, 'version', of) ?? '' } }))
}

/** The groups of an order, each with its members. */
export function readOrder(value: unknown, what: string, shape: Shape): readonly (readonly InspectedOrderMember[])[] {
  return shape.list(value, `order of ${what}`).map((entry) => {
    const group = shape.list(shape.fields(entry, `an order group of ${what}`)['group'], `an order group of ${what}`)
    return group.map((member) => {
      const fields = shape.fields(member, `an order member of ${what}`)
      const of = `an order member of ${what}`
      return { id: shape.text(fields, 'id', of) ?? '', version: shape.text(fields, 'version', of) ?? '', optional: fields['optional'] === true }
    })
  })
}
