import type { Listing } from '../buildpacks/listing.ts'
import { moduleName } from '../buildpacks/module.ts'
import type { Part } from './compose.ts'

/** What was listed, each root of each source once: two folders may be called the same where one is the main module's. */
export class Listings {
  readonly #sources = new Map<object, Map<string, Listing>>()

  has(part: Part): boolean {
    return this.#find(part) !== undefined
  }

  get(part: Part): Listing {
    return this.#find(part) ?? { entries: [], excluded: [] }
  }

  set(part: Part, listing: Listing): void {
    const { source, place } = origin(part)
    this.#sources.set(source, (this.#sources.get(source) ?? new Map<string, Listing>()).set(place, listing))
  }

  #find(part: Part): Listing | undefined {
    const { source, place } = origin(part)
    return this.#sources.get(source)?.get(place)
  }
}

/** Of a foreign module the layer's own digest counts, which is checked when it is read; a diffID is only said. */
function origin(part: Part): { readonly source: object; readonly place: string } {
  if (part.kind === 'local') return { source: part.module.source, place: part.root.root }
  return { source: Listings, place: `${part.module.layer.digest} ${part.facts.kind} ${moduleName(part.facts)}` }
}
