import type { ModuleConfig, Stack } from '../config/buildpack.ts'
import type { Digest } from '../oci/digest.ts'
import type { ModuleInfo } from '../config/fields.ts'
import { filled, goJson } from './go-json.ts'
import type { ModuleFacts } from './module.ts'

/** Labels that this package writes itself; `--label` may not name them (SPEC-package.md section 9). */
export const ownLabels: readonly string[] = ['io.buildpacks.buildpackage.metadata', 'io.buildpacks.buildpack.layers', 'io.buildpacks.extension.layers']

/** A module and the layer that holds it. */
export interface LabelledModule {
  readonly facts: ModuleFacts
  readonly diffID: Digest
}

/**
 * The labels of a package's image (SPEC-package.md section 6): who the main module is, and for each module where its layer
 * is. Values are JSON, byte for byte as Go writes it.
 *
 * @example
 * packageLabels(main, [{ id: '*', mixins: [] }], [{ facts: main, diffID }])
 * // { 'io.buildpacks.buildpackage.metadata': '{"id":"acme/hello","version":"0.0.1","stacks":[{"id":"*"}]}',
 * //   'io.buildpacks.buildpack.layers': '{"acme/hello":{"0.0.1":{"api":"0.10","layerDiffID":"sha256:..."}}}' }
 */
export function packageLabels(main: ModuleConfig, stacks: readonly Stack[], modules: readonly LabelledModule[]): Record<string, string> {
  const labels: Record<string, string> = { 'io.buildpacks.buildpackage.metadata': goJson(metadata(main, stacks)) }
  for (const kind of ['buildpack', 'extension'] as const) {
    const ofKind = modules.filter((module) => module.facts.kind === kind)
    if (ofKind.length > 0) labels[`io.buildpacks.${kind}.layers`] = goJson(layersByModule(ofKind))
  }
  return labels
}

function metadata(main: ModuleConfig, stacks: readonly Stack[]): Record<string, unknown> {
  // An extension has none, which is written.
  return { ...moduleInfo(main), stacks: main.kind === 'extension' ? null : stacks.map(stack) }
}

/** What describes a module, in the labels of packages and builders: keys in the order of pack's own type, empty ones left out. */
export function moduleInfo(info: ModuleInfo): Record<string, unknown> {
  return {
    id: info.id,
    ...filled('name', info.name),
    version: info.version,
    ...filled('description', info.description),
    ...filled('homepage', info.homepage),
    ...filled('keywords', info.keywords),
    ...filled('exec-env', info.execEnv),
    ...filled(
      'licenses',
      info.licenses.map(({ type, uri }) => ({ Type: type, URI: uri })),
    ),
    ...filled('clear-env', info.clearEnv),
  }
}

/** Where the layer of each module is, by id and version; later ones of the same id and version take the place of earlier ones. */
export function layersByModule(modules: readonly LabelledModule[]): ReadonlyMap<string, ReadonlyMap<string, unknown>> {
  const byId = new Map<string, Map<string, unknown>>()
  for (const module of modules) {
    const versions = byId.get(module.facts.id) ?? new Map<string, unknown>()
    versions.set(module.facts.version, entry(module))
    byId.set(module.facts.id, versions)
  }
  return new Map(sorted(byId).map(([id, versions]) => [id, new Map(sorted(versions))]))
}

function entry({ facts, diffID }: LabelledModule): Record<string, unknown> {
  return {
    api: facts.api,
    ...filled('stacks', facts.stacks.map(stack)),
    ...filled('targets', facts.targets.map(target)),
    ...filled(
      'order',
      facts.order.map((group) => ({
        group: group.map(({ id, version, optional, extra }) => ({ id, ...filled('version', version), ...filled('optional', optional), ...extra })),
      })),
    ),
    layerDiffID: diffID,
    ...filled('homepage', facts.homepage),
    ...filled('name', facts.name),
  }
}

function stack({ id, mixins }: Stack): Record<string, unknown> {
  return { id, ...filled('mixins', mixins) }
}

function target({ os, arch, variant, distros }: ModuleFacts['targets'][number]): Record<string, unknown> {
  return {
    os,
    arch,
    ...filled('variant', variant ?? ''),
    ...filled(
      'distros',
      distros.map((distro) => ({ name: distro.name, ...filled('version', distro.version ?? '') })),
    ),
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
