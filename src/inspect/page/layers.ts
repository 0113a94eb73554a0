import { count, formatBytes } from '../../quantities.ts'
import type { InspectedLayer, InspectedPlatform } from '../inspection.ts'
import type { Markup } from './markup.ts'
import { html } from './markup.ts'
import { digestText, listed, scrolling } from './parts.ts'

const tones = 8
/** A bar's width in its own units. */
const scale = 1000

/** The layers of each image as a bar, all to one scale, with a table to fold out. What holds the same modules has one colour. */
export function layerBars(platforms: readonly InspectedPlatform[], names: readonly string[]): readonly Markup[] {
  const sums = platforms.map(({ layers }) => layers.reduce((sum, { size }) => sum + size, 0))
  const largest = Math.max(1, ...sums)
  const keys = [...new Set(platforms.flatMap(({ layers }) => layers.map(keyOf)))]
  const tone = (layer: InspectedLayer): string => `t${keys.indexOf(keyOf(layer)) % tones}`
  const users = usersOf(platforms)
  return platforms.flatMap(({ layers }, at) => {
    if (layers.length === 0) return []
    const [name, sum] = [names[at] ?? '', sums[at] ?? 0]
    return [html`<div class="layers"><div class="head"><h3><span class="fit">${name}</span></h3><span>${formatBytes(sum)}</span></div>${bar(layers, tone, name, largest)}${table(layers, tone, name, users)}</div>`]
  })
}

function bar(layers: readonly InspectedLayer[], tone: (layer: InspectedLayer) => string, name: string, largest: number): Markup {
  let x = 0
  const parts = layers.map((layer) => {
    const width = (layer.size / largest) * scale
    const part = html`<rect class="${tone(layer)}" x="${x.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="10"><title>${content(layer)}: ${formatBytes(layer.size)}</title></rect>`
    x += width
    return part
  })
  return html`<svg class="bar" role="img" aria-label="Layers of ${name} to scale" viewBox="0 0 ${scale} 10" preserveAspectRatio="none">${parts}</svg>`
}

function table(layers: readonly InspectedLayer[], tone: (layer: InspectedLayer) => string, name: string, users: ReadonlyMap<string, number>): Markup {
  const largest = Math.max(1, ...layers.map(({ size }) => size))
  const rows = layers.map((layer) => {
    const share = ((layer.size / largest) * scale).toFixed(2)
    const swatch = html`<svg class="swatch" aria-hidden="true" viewBox="0 0 10 10"><rect class="${tone(layer)}" width="10" height="10"/></svg>`
    const small = html`<svg class="small-bar" aria-hidden="true" viewBox="0 0 ${scale} 10" preserveAspectRatio="none"><rect class="${tone(layer)}" width="${share}" height="10"/></svg>`
    const shared = users.get(layer.digest) ?? 1
    return html`<tr><td><span class="fit">${swatch}<span class="mono">${content(layer)}</span></span></td><td class="number">${formatBytes(layer.size)}</td><td>${small}</td><td>${digestText(layer.digest)}</td><td class="soft">${shared > 1 ? `on ${count(shared, 'platform')}` : ''}</td></tr>`
  })
  const head = html`<tr><th scope="col">Holds</th><th scope="col" class="number">Size</th><th scope="col">To scale</th><th scope="col">Digest</th><th scope="col">Same</th></tr>`
  return html`<details><summary>${count(layers.length, 'layer')}</summary>${scrolling(`Layers of ${name}`, html`<table><thead>${head}</thead><tbody>${rows}</tbody></table>`)}</details>`
}

/** How many platforms have a layer. */
function usersOf(platforms: readonly InspectedPlatform[]): ReadonlyMap<string, number> {
  const users = new Map<string, number>()
  for (const { layers } of platforms) for (const digest of new Set(layers.map((layer) => layer.digest))) users.set(digest, (users.get(digest) ?? 0) + 1)
  return users
}

function content({ modules, mediaType }: InspectedLayer): string {
  return modules.length > 0 ? listed(modules, 3) : `other files (${mediaType.split('.').slice(-2).join('.')})`
}

/** A module's layers have one colour whatever its version. */
function keyOf({ modules }: InspectedLayer): string {
  return modules.map((module) => module.split('@')[0]).join(' ')
}
