import type { Entries } from '../layers/entries.ts'
import type { TarInput } from '../layers/tar.ts'
import type { ModuleFacts } from './module.ts'

/**
 * A module's layer: its folder `/cnb/buildpacks/<id with _ for />`, the version's folder in it, and the platform root's
 * entries below (SPEC-package.md section 4). In a Windows layer `Files` stands in front.
 */
export function moduleLayer(module: Pick<ModuleFacts, 'kind' | 'id' | 'version'>, entries: Entries, windows: boolean): TarInput {
  const parent = `${windows ? 'Files' : ''}/cnb/${module.kind}s/${module.id.replaceAll('/', '_')}`
  const base = `${parent}/${module.version}`
  return { parts: [{ folders: [parent, base], base, entries }], windows }
}
