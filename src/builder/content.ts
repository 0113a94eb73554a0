import { ForeignLayers } from '../buildpacks/foreign.ts'
import type { ListingRules } from '../buildpacks/listing.ts'
import { listLocal, takeLayer } from '../buildpacks/listing.ts'
import { moduleLayer } from '../buildpacks/layer.ts'
import { moduleName } from '../buildpacks/module.ts'
import type { Report } from '../events.ts'
import { BlockPool } from '../layers/blocks.ts'
import { hashLayer } from '../layers/spool.ts'
import type { TarInput } from '../layers/tar.ts'
import type { Digest } from '../oci/digest.ts'
import type { RunContext } from '../publish/resources.ts'
import { formatBytes } from '../quantities.ts'
import type { BuilderPart } from './modules.ts'
import type { ModuleContent } from './model.ts'
import { Turns } from './settle.ts'

type Local = Extract<BuilderPart['from'], { kind: 'local' }>
type Foreign = Extract<BuilderPart['from'], { kind: 'image' }>

/** A module's content, with what its files tell before they are in a layer. */
export interface ListedContent extends ModuleContent {
  /** Names of files that look as if they should not be published. */
  readonly secrets: readonly string[]
  /** Which of the files that decide what it runs on it has. */
  readonly programs: readonly string[]
}

/** Blocks that hashing a layer needs: one is filled while the other is hashed. */
const blocks = 2

/** The contents of modules, each listed once, whatever number of targets they are for. */
export class ModuleContents {
  readonly #rules: ListingRules
  readonly #spool: () => Promise<string>
  readonly #listed = new Map<string, Promise<ListedContent>>()
  readonly #report: Report
  /** A package may have more layers than a registry likes to be asked for at once. */
  readonly #turns = new Turns(4)
  #foreign: Promise<ForeignLayers> | undefined

  constructor(rules: ListingRules, { spool, report }: Pick<RunContext, 'spool' | 'report'>) {
    this.#rules = rules
    this.#spool = spool
    this.#report = report
  }

  /** @param isFlattened whether it goes into one layer with others, for which its entries have to be known */
  of({ from }: BuilderPart, isFlattened: boolean): Promise<ListedContent> {
    const key =
      from.kind === 'local'
        ? `${from.module.config.kind} ${moduleName(from.module.config)} ${from.module.uri} ${from.root.root}`
        : `${from.module.diffID} ${from.facts.kind} ${moduleName(from.facts)}`
    const known = this.#listed.get(`${key} ${isFlattened}`) ?? (from.kind === 'local' ? this.#local(from, key) : this.#turns.take(() => this.#fromPackage(from, key, isFlattened)))
    this.#listed.set(`${key} ${isFlattened}`, known)
    return known
  }

  /** The diffID that a module's own layer will have. */
  async diffID({ layer }: ModuleContent): Promise<Digest> {
    return layer.kind === 'taken' ? layer.layer.diffID : this.#hash(layer.input)
  }

  async #local(from: Local, key: string): Promise<ListedContent> {
    const { entries, excluded, secrets = [], outside = [] } = await listLocal(from, this.#rules)
    const { parts } = moduleLayer(from.module.config, entries, false)
    const input: TarInput = { parts: parts.map((part) => ({ ...part, keep: 'dialect' })), windows: false }
    const programs: string[] = []
    for (const { name } of entries) if (/^bin\/build(?:\.bat|\.exe)?$/.test(name)) programs.push(name)
    return { key, root: from.root.root, excluded, outside, secrets, programs, layer: { kind: 'made', input } }
  }

  /** Where writing it again changes nothing, the layer stays the one that the package's registry has. */
  async #fromPackage(from: Foreign, key: string, isFlattened: boolean): Promise<ListedContent> {
    const whole = { key, root: '', excluded: [], secrets: [], programs: [] }
    const taken = (): ListedContent => ({ ...whole, key: from.module.diffID, layer: { kind: 'taken', layer: takeLayer(from, this.#rules.signal) } })
    if (from.facts.kind === 'extension' && !isFlattened) return taken()
    this.#foreign ??= this.#spool().then((folder) => new ForeignLayers(folder, this.#rules.signal, true))
    this.#report({ type: 'step', message: `reading ${moduleName(from.facts)} of ${from.dependency.uri} (${formatBytes(from.module.layer.size)})` })
    const entries = await (await this.#foreign).listWhole(from)
    const input: TarInput = { parts: [{ folders: [], base: '', entries, keep: 'all' }], windows: false }
    if (!isFlattened && (await this.#hash(input)) === from.module.diffID) return taken()
    return { ...whole, layer: { kind: 'made', input } }
  }

  #hash(input: TarInput): Promise<Digest> {
    return hashLayer(input, { blocks: new BlockPool(blocks), signal: this.#rules.signal }, () => undefined)
  }
}
