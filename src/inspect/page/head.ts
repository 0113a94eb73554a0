import { count } from '../../quantities.ts'
import type { Inspection } from '../inspection.ts'
import type { Markup } from './markup.ts'
import { html, nothing } from './markup.ts'
import { digestText, pairs, verdict } from './parts.ts'

const kinds = { buildpackage: 'Buildpackage', extension: 'Extension', builder: 'Builder', other: 'Image' } as const
const places = {
  registry: 'in a registry',
  layout: 'in an image layout',
  archive: 'in an archive',
  local: 'as a local list',
  folder: 'as a folder',
  daemon: 'in an engine',
} as const

/** What it is and where it was read, and in one line whether the platforms are the same. */
export function pageHead(inspection: Inspection): Markup {
  const { source, platforms } = inspection
  const kind = platforms.find((image) => image.kind !== 'other')?.kind ?? 'other'
  const line = `${kinds[kind]} ${places[source.type]}, ${count(platforms.length, 'platform')}`
  return html`<header><p class="kind">${line}</p><h1>${source.name}</h1>${pairs('facts', factsOf(inspection))}${sameOrNot(inspection)}</header>`
}

function factsOf({ digest, mediaType, annotations, platforms }: Inspection): readonly (readonly [string, Markup | string])[] {
  const builder = platforms.find((image) => image.builder !== undefined)?.builder
  const runImages = builder?.runImages ?? []
  const facts: readonly (readonly [string, Markup | string | null | undefined])[] = [
    ['Digest', digest === null ? null : digestText(digest)],
    ['Media type', mediaType],
    ['Description', builder?.description],
    ['Lifecycle', builder?.lifecycle],
    ['Made by', builder?.createdBy],
    ['Run images', runImages.length === 0 ? null : html`${runImages.map((image) => html`<div>${image}</div>`)}`],
    ...Object.entries(annotations),
  ]
  return facts.flatMap(([name, value]) => (value === null || value === undefined || value === '' ? [] : [[name, value] as const]))
}

function sameOrNot({ platforms, differences }: Inspection): Markup {
  if (platforms.length < 2) return nothing
  if (differences.length === 0) return verdict(true, html`The same on all ${platforms.length} platforms`)
  const link = html`<a href="#differences">${count(differences.length, 'difference')}</a>`
  return verdict(false, html`${link} between ${platforms.length} platforms`)
}
