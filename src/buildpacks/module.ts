import type { GroupMember, ModuleConfig, Stack, TargetDeclaration } from '../config/buildpack.ts'

/** One entry of an order group, wherever it was read. */
export type OrderMember = Pick<GroupMember, 'id' | 'version' | 'optional' | 'extra'>

/**
 * What a package says of a module in its label (SPEC-package.md section 6): the part that a module's own toml and a label
 * of somebody else's image have in common. Every `ModuleConfig` is one.
 */
export interface ModuleFacts {
  readonly kind: ModuleConfig['kind']
  readonly id: string
  readonly version: string
  readonly api: string
  readonly name: string
  readonly homepage: string
  readonly stacks: readonly Stack[]
  readonly targets: readonly Pick<TargetDeclaration, 'os' | 'arch' | 'variant' | 'distros'>[]
  readonly order: readonly (readonly OrderMember[])[]
}

/** `id@version`, what an order names a module by. */
export function moduleName(module: Pick<ModuleFacts, 'id' | 'version'>): string {
  return `${module.id}@${module.version}`
}

/** A composite only names others: it has an order and no programs. */
export function isComposite(module: Pick<ModuleFacts, 'order'>): boolean {
  return module.order.length > 0
}
