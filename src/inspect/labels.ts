import type { InspectedBuilder, InspectedPlatform } from './inspection.ts'
import { readModules, readOrder } from './modules.ts'
import { Problems } from './problems.ts'
import { Shape } from './shape.ts'

/** What an image's labels tell. */
export type LabelFacts = Pick<InspectedPlatform, 'kind' | 'buildpacks' | 'extensions' | 'main' | 'builder' | 'distro' | 'stacks'> & { readonly problems: readonly string[] }

type Labels = Readonly<Record<string, string>>

const packageLabel = 'io.buildpacks.buildpackage.metadata'
const builderLabel = 'io.buildpacks.builder.metadata'
const buildpackLayers = 'io.buildpacks.buildpack.layers'
const extensionLayers = 'io.buildpacks.extension.layers'

/**
 * Reads the labels of a buildpackage, an extension package, a builder or of anything else. They are somebody else's: what
 * is not of the right shape is left out and told among the problems.
 */
export function readLabels(labels: Labels): LabelFacts {
  const problems = new Problems()
  const shapeOf = (label: string): Shape => new Shape(label, problems)
  const modulesIn = (label: string) => (labels[label] === undefined ? [] : readModules(labels[label], shapeOf(label)))
  const [buildpacks, extensions] = [modulesIn(buildpackLayers), modulesIn(extensionLayers)]
  const main = readMain(labels[packageLabel], shapeOf(packageLabel))
  const builder = labels[builderLabel] === undefined ? undefined : readBuilder(labels[builderLabel], labels, shapeOf)
  const isExtension = extensions.length > 0 && (buildpacks.length === 0 || extensions.some(({ id, version }) => id === main?.id && version === main.version))
  const isPackage = [packageLabel, buildpackLayers, extensionLayers].some((label) => labels[label] !== undefined)
  const name = labels['io.buildpacks.base.distro.name']
  return {
    kind: builder !== undefined ? 'builder' : !isPackage ? 'other' : isExtension ? 'extension' : 'buildpackage',
    buildpacks,
    extensions,
    ...(main === undefined ? {} : { main: { id: main.id, version: main.version } }),
    ...(builder === undefined ? {} : { builder }),
    distro: name === undefined ? null : { name, version: labels['io.buildpacks.base.distro.version'] ?? '' },
    stacks: builder === undefined ? (main?.stacks ?? []) : [labels['io.buildpacks.stack.id'] ?? ''].filter((id) => id !== ''),
    problems: problems.texts,
  }
}

function readMain(text: string | undefined, shape: Shape): { readonly id: string; readonly version: string; readonly stacks: readonly string[] } | undefined {
  if (text === undefined) return undefined
  const fields = shape.fields(shape.parse(text), 'its value')
  const stacks = shape.list(fields['stacks'], 'stacks').flatMap((stack) => shape.text(shape.fields(stack, 'a stack'), 'id', 'a stack') ?? [])
  return { id: shape.text(fields, 'id', 'the package') ?? '', version: shape.text(fields, 'version', 'the package') ?? '', stacks }
}

/** SPEC-builder.md section 6. */
function readBuilder(text: string, labels: Labels, shapeOf: (label: string) => Shape): InspectedBuilder {
  const shape = shapeOf(builderLabel)
  const fields = shape.fields(shape.parse(text), 'its value')
  const createdBy = shape.fields(fields['createdBy'], 'createdBy')
  const stackImage = shape.fields(shape.fields(fields['stack'], 'stack')['runImage'], 'runImage of stack')
  const images = shape.list(fields['images'], 'images').map((image) => shape.fields(image, 'a run image'))
  const names = [...images, stackImage].flatMap((image) => shape.text(image, 'image', 'a run image') ?? [])
  const orderIn = (label: string): InspectedBuilder['order'] => {
    const order = labels[label]
    if (order === undefined) return []
    const own = shapeOf(label)
    return readOrder(own.parse(order), 'the builder', own)
  }
  return {
    description: shape.text(fields, 'description', 'the builder'),
    lifecycle: shape.text(shape.fields(fields['lifecycle'], 'lifecycle'), 'version', 'lifecycle'),
    createdBy: [shape.text(createdBy, 'name', 'createdBy'), shape.text(createdBy, 'version', 'createdBy')].filter((word) => word !== null).join(' ') || null,
    runImages: [...new Set(names)],
    order: orderIn('io.buildpacks.buildpack.order'),
    orderExtensions: orderIn('io.buildpacks.buildpack.order-extensions'),
  }
}
