import { count } from '../../quantities.ts'
import type { Inspection } from '../inspection.ts'
import type { Markup } from './markup.ts'
import { html, nothing } from './markup.ts'
import { digestText } from './parts.ts'

const kinds = { buildpackage: 'Buildpackage', extension: 'Extension', builder: 'Builder', other: 'Image' } as const
const sources = { registry: 'in a registry', layout: 'in an image layout', archive: 'in an archive', local: 'as a local list', folder: 'as a folder', daemon: 'in an engine' } as const

/** What it is and where it was read, and in one line whether the platforms are the same. */
export function pageHead(inspection: Inspection): Markup {
  const { source, platforms, digest, mediaType, annotations } = inspection
  const kind = platforms.find((image) => image.kind !== 'other')?.kind ?? 'other'
  const builder = platforms.find((image) => image.builder !== undefined)?.builder
  const facts: readonly (readonly [string, Markup | null])[] = [
    ['Digest', digest === null ? null : digestText(digest)],
    ['Media type', text(mediaType)],
    ['Description', text(builder?.description)],
    ['Lifecycle', text(builder?.lifecycle)],
    ['Made by', text(builder?.createdBy)],
    ['Run images', builder === undefined || builder.runImages.length === 0 ? null : html`${builder.runImages.map((image) => html`<div>${image}</div>`)}`],
    ...Object.entries(annotations).map(([key, value]) => [key, html`${value}`] as const),
  ]
  const lines = facts.map(([name, value]) => (value === null ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`))
  return html`<header><p class="kind">${kinds[kind]} ${sources[source.type]}, ${count(platforms.length, 'platform')}</p><h1>${source.name}</h1><dl class="facts">${lines}</dl>${verdict(inspection)}</header>`
}

function verdict({ platforms, differences }: Inspection): Markup {
  if (platforms.length < 2) return nothing
  if (differences.length === 0) return html`<p class="verdict same"><span aria-hidden="true">✓ </span>The same on all ${platforms.length} platforms</p>`
  return html`<p class="verdict differs"><span aria-hidden="true">≠ </span><a href="#differences">${count(differences.length, 'difference')}</a> between ${platforms.length} platforms</p>`
}

function text(value: string | null | undefined): Markup | null {
  return value === null || value === undefined || value === '' ? null : html`${value}`
}
