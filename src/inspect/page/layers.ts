import { count, formatBytes } from '../../quantities.ts'
import type { InspectedLayer, InspectedPlatform } from '../inspection.ts'
import type { Markup } from './markup.ts'
import { html } from './markup.ts'
import { digestText, folded, listed, mono, soft, table } from './parts.ts'

const tones = 8
/** A bar's width in its own units. */
const scale = 1000

/** The layers of each image as a bar, all to one scale, with a table to fold out. What holds the same modules has one colour. */
export function layerBars(platforms: readonly InspectedPlatform[], names: readonly string[]): readonly Markup[] {
  const sums = platforms.map(({ layers }) => layers.reduce((sum, { size }) => sum + size, 0))
  const look: Look = { largest: Math.max(1, ...sums), tones: tonesOf(platforms), users: usersOf(platforms) }
  return platforms.flatMap(({ layers }, at) => {
    if (layers.length === 0) return []
    const name = names[at] ?? ''
    const head = html`<div class="head"><h3><span class="fit">${name}</span></h3><span>${formatBytes(sums[at] ?? 0)}</span></div>`
    return [html`<div class="layers">${head}${bar(layers, name, look)}${layerTable(layers, name, look)}</div>`]
  })
}

/** What the bars of one page have in common. */
interface Look {
  /** Bytes of a whole bar. */
  readonly largest: number
  /** By what a layer holds. */
  readonly tones: ReadonlyMap<string, string>
  /** How many platforms have a layer, by its digest. */
  readonly users: ReadonlyMap<string, number>
}

function bar(layers: readonly InspectedLayer[], name: string, { largest, tones }: Look): Markup {
  let start = 0
  const parts = layers.map((layer) => {
    const width = (layer.size / largest) * scale
    const [x, wide] = [start.toFixed(2), width.toFixed(2)]
    start += width
    const title = html`<title>${contentOf(layer)}: ${formatBytes(layer.size)}</title>`
    return html`<rect class="${tones.get(keyOf(layer)) ?? ''}" x="${x}" y="0" width="${wide}" height="10">${title}</rect>`
  })
  const label = `Layers of ${name} to scale`
  return html`<svg class="bar" role="img" aria-label="${label}" viewBox="0 0 ${scale} 10" preserveAspectRatio="none">${parts}</svg>`
}

function layerTable(layers: readonly InspectedLayer[], name: string, { tones, users }: Look): Markup {
  const largest = Math.max(1, ...layers.map(({ size }) => size))
  const anyShared = layers.some(({ digest }) => (users.get(digest) ?? 1) > 1)
  const rows = layers.map((layer) => {
    const tone = tones.get(keyOf(layer)) ?? ''
    const swatch = html`<svg class="swatch" aria-hidden="true" viewBox="0 0 10 10"><rect class="${tone}" width="10" height="10"/></svg>`
    const shared = users.get(layer.digest) ?? 1
    const cells = [html`${swatch}${mono(contentOf(layer))}`, formatBytes(layer.size), smallBar(tone, layer.size / largest), digestText(layer.digest)]
    return anyShared ? [...cells, shared > 1 ? soft(`on ${count(shared, 'platform')}`) : ''] : cells
  })
  const headings = [{ title: 'Holds' }, { title: 'Size', number: true }, { title: 'To scale' }, { title: 'Digest' }, ...(anyShared ? [{ title: 'Same' }] : [])]
  return folded(html`${count(layers.length, 'layer')}`, table(`Layers of ${name}`, headings, rows))
}

function smallBar(tone: string, share: number): Markup {
  const part = html`<rect class="${tone}" width="${(share * scale).toFixed(2)}" height="10"/>`
  return html`<svg class="small-bar" aria-hidden="true" viewBox="0 0 ${scale} 10" preserveAspectRatio="none">${part}</svg>`
}

function tonesOf(platforms: readonly InspectedPlatform[]): ReadonlyMap<string, string> {
  const keys = new Set(platforms.flatMap(({ layers }) => layers.map(keyOf)))
  return new Map(Array.from(keys, (key, at) => [key, `t${at % tones}`]))
}

function usersOf(platforms: readonly InspectedPlatform[]): ReadonlyMap<string, number> {
  const users = new Map<string, number>()
  for (const { layers } of platforms) {
    for (const digest of new Set(layers.map((layer) => layer.digest))) users.set(digest, (users.get(digest) ?? 0) + 1)
  }
  return users
}

function contentOf({ modules, mediaType }: InspectedLayer): string {
  return modules.length > 0 ? listed(modules, 3) : `other files (${mediaType.split('.').slice(-2).join('.')})`
}

/** A module's layers have one colour whatever its version. */
function keyOf({ modules }: InspectedLayer): string {
  return modules.map((module) => module.split('@')[0]).join(' ')
}
