import { filled, goJson } from '../buildpacks/go-json.ts'
import type { LabelledModule } from '../buildpacks/labels.ts'
import { layersByModule, moduleInfo } from '../buildpacks/labels.ts'
import type { OrderMember } from '../buildpacks/module.ts'
import type { ModuleInfo } from '../config/fields.ts'
import type { LifecycleFacts } from '../config/lifecycle.ts'

/** Labels that a builder's image gets from this package; `--label` cannot change them (SPEC-builder.md section 6). */
export const builderLabelNames: readonly string[] = [
  'io.buildpacks.builder.metadata',
  'io.buildpacks.buildpack.layers',
  'io.buildpacks.buildpack.order',
  'io.buildpacks.buildpack.order-extensions',
  'io.buildpacks.buildpack.system',
  'io.buildpacks.extension.layers',
  'io.buildpacks.stack.mixins',
]

export interface NamedImage {
  readonly image: string
  /** Absent where the file gives none. */
  readonly mirrors?: readonly string[]
}

type Groups = readonly (readonly OrderMember[])[]

/** All that a builder's labels say. Orders are as written: versions are not filled in. */
export interface BuilderFacts {
  readonly description: string
  /** In the order of builder.toml, each package's main module followed by its members; a base that is a builder has its own in front. */
  readonly buildpacks: readonly ModuleInfo[]
  readonly extensions: readonly ModuleInfo[]
  /** Only with `stack.id`, or the one of a base that is a builder. */
  readonly stackRunImage: NamedImage | undefined
  readonly runImages: readonly NamedImage[]
  readonly lifecycle: LifecycleFacts
  readonly createdBy: { readonly name: string; readonly version: string }
  /** Of all buildpacks that the image has, the base's included. */
  readonly buildpackLayers: readonly LabelledModule[]
  /** An extension out of a package has no targets here. */
  readonly extensionLayers: readonly LabelledModule[]
  readonly order: Groups
  readonly orderExtensions: Groups
  readonly system: { readonly pre: readonly OrderMember[]; readonly post: readonly OrderMember[] }
  /** Of the base; undefined where it has no such label. */
  readonly mixins: readonly string[] | undefined
}

/**
 * The labels of a builder (SPEC-builder.md section 6): JSON as Go writes it, each there whatever it says, but for the
 * system's, which needs a member.
 *
 * @example
 * builderLabels(facts)['io.buildpacks.buildpack.order'] // '[{"group":[{"id":"acme/hello","version":"0.0.1"}]}]'
 */
export function builderLabels(facts: BuilderFacts): Record<string, string> {
  const { order, orderExtensions, system, mixins } = facts
  const hasSystem = system.pre.length > 0 || system.post.length > 0
  return {
    'io.buildpacks.builder.metadata': goJson(metadata(facts)),
    'io.buildpacks.buildpack.layers': goJson(layersByModule(facts.buildpackLayers)),
    'io.buildpacks.buildpack.order': goJson(order.length === 0 ? null : groups(order)),
    'io.buildpacks.buildpack.order-extensions': goJson(orderExtensions.length === 0 ? null : groups(required(orderExtensions))),
    ...(hasSystem ? { 'io.buildpacks.buildpack.system': goJson({ pre: side(system.pre), post: side(system.post) }) } : {}),
    'io.buildpacks.extension.layers': goJson(layersByModule(facts.extensionLayers)),
    'io.buildpacks.stack.mixins': goJson(mixins ?? null),
  }
}

function metadata(facts: BuilderFacts): Record<string, unknown> {
  const { version, api, apis } = facts.lifecycle
  return {
    description: facts.description,
    buildpacks: orNull(facts.buildpacks.map(moduleInfo)),
    extensions: orNull(facts.extensions.map(moduleInfo)),
    stack: { runImage: namedImage(facts.stackRunImage ?? { image: '' }) },
    lifecycle: { version, api: { buildpack: api.buildpack, platform: api.platform }, apis: { buildpack: lists(apis.buildpack), platform: lists(apis.platform) } },
    createdBy: { name: facts.createdBy.name, version: facts.createdBy.version },
    images: facts.runImages.map(namedImage),
  }
}

function lists({ deprecated, supported }: LifecycleFacts['apis']['platform']): Record<string, unknown> {
  return { deprecated: deprecated ?? null, supported: supported ?? null }
}

function namedImage({ image, mirrors }: NamedImage): Record<string, unknown> {
  return { image, mirrors: mirrors ?? null }
}

function groups(order: Groups): unknown {
  return order.map((group) => ({ group: group.map(member) }))
}

function side(members: readonly OrderMember[]): unknown {
  return members.length === 0 ? {} : { buildpacks: members.map(member) }
}

/** Keys in the order of pack's own type: `name` stands before the version, all else behind it. */
function member({ id, version, optional, extra: { name, ...rest } }: OrderMember): Record<string, unknown> {
  return { id, ...(name === undefined ? {} : { name }), ...filled('version', version), ...rest, ...filled('optional', optional) }
}

/** An extension is always optional, which is not written. */
export function required(order: Groups): Groups {
  return order.map((group) => group.map((one) => ({ ...one, optional: false })))
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list
}
