import { escapeLine } from '../../escape.ts'
import { count, formatBytes, formatPart, shortDigest } from '../../quantities.ts'
import { STATUS } from './lines.ts'
import type { LayerState, ProgressState } from './state.ts'

/** Bars that fit on a screen beside the list; the rest is counted. */
const MOST_BARS = 6
const NARROW = 68
const BAR_CELLS = 10
/** Everything of a bar's line but its label, with two spaces between. */
const FIGURES = 48
const LONGEST_LABEL = 48

/** The line of one target: what still keeps its image, or the image's digest. */
export function targetLine(state: ProgressState, target: string): string {
  const image = state.images.get(target)
  const name = escapeLine(target)
  if (image !== undefined) return `${name}  ${STATUS[image.status]} ${shortDigest(image.digest)}`
  const layers = [...state.layers.values()].filter((layer) => layer.targets.includes(target))
  const waiting = layers.filter((layer) => layer.digest === undefined).length
  if (waiting > 0) return `${name}  building ${count(waiting, 'layer')}`
  return layers.some((layer) => isUnderWay(state, layer.digest)) ? `${name}  sending` : name
}

function isUnderWay(state: ProgressState, digest: string | undefined): boolean {
  const blob = digest === undefined ? undefined : state.blobs.get(digest)
  return blob !== undefined && blob.status === undefined
}

/** The line above the bars: how much is built and how much is sent. */
export function layersLine(state: ProgressState): string {
  const built = [...state.layers.values()].filter((layer) => layer.digest !== undefined).length
  const done = [...state.blobs.values()].filter((blob) => blob.status !== undefined)
  const sent = done.filter((blob) => blob.status === 'uploaded').reduce((sum, blob) => sum + blob.total, 0)
  const layers = Math.max(state.layerCount, state.layers.size)
  const parts = [
    layers === 0 ? 'sending' : `built ${built} of ${count(layers, 'layer')}`,
    done.length > 0 && `${count(done.length, 'blob')} in place`,
    sent > 0 && `${formatBytes(sent)} sent`,
  ]
  return parts.filter((part) => part !== false).join(', ')
}

/** The line of the index (or of the tags, where one image has none). */
export function indexLine(state: ProgressState): string {
  const name = escapeLine(state.name)
  if (state.index === undefined) return name
  return `${name}  ${STATUS[state.index.status]} ${shortDigest(state.index.digest)}`
}

/** One line for each layer that is being built and each blob that is being sent, cut to `columns`. */
export function barLines(state: ProgressState, now: number, columns: number): string[] {
  const building = [...state.layers.values()].filter((layer) => layer.digest === undefined)
  const sending = [...state.blobs.values()].filter((blob) => blob.status === undefined)
  const running = [
    ...building.map((layer) => ({ item: layer, label: buildLabel(layer) })),
    ...sending.map((blob) => ({ item: blob, label: { verb: 'send', what: blob.what, where: '' } })),
  ]
  const lines = running.slice(0, MOST_BARS).map(({ item, label }) => barLine(label, item, now, columns))
  const more = running.length - lines.length
  if (more > 0) lines.push(`and ${more} more`)
  if (state.waiting !== undefined) lines.push(cut(`waiting to retry: ${escapeLine(state.waiting)}`, columns))
  return lines
}

/** What a bar is about. Where it is narrow, `what` is cut first, in its middle: names differ at both ends. */
interface Label {
  readonly verb: string
  readonly what: string
  readonly where: string
}

function buildLabel({ checking, module, targets }: LayerState): Label {
  return { verb: checking ? 'check' : 'build', what: module, where: targets.length === 1 ? targets.join('') : `(${count(targets.length, 'target')})` }
}

/** Less than this of a name says nothing. */
const SHORTEST_NAME = 8

function fitted(label: Label, width: number): string {
  const [verb, what, where] = [label.verb, escapeLine(label.what), escapeLine(label.where)]
  const full = words(verb, what, where)
  if (full.length <= width) return full
  const room = width - words(verb, where).length - 1
  if (room >= SHORTEST_NAME) return words(verb, cutMiddle(what, room), where)
  const without = width - where.length - 1
  return without >= SHORTEST_NAME ? words(cutMiddle(what, without), where) : cutMiddle(where === '' ? full : where, width)
}

function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}

/** `paketo-bui...10.1.0` */
function cutMiddle(text: string, columns: number): string {
  const width = Math.max(8, columns)
  if (text.length <= width) return text
  const head = Math.ceil((width - 3) / 2)
  return `${text.slice(0, head)}...${text.slice(text.length - (width - 3 - head))}`
}

interface Running {
  readonly bytes: number
  readonly total: number
  readonly startedAt: number
}

/** `build acme/hello@1.0.0 linux/amd64  [====>     ]  52%  15.6/30.1 MiB  10.2 MiB/s`; no bar and no rate where it is narrow. */
function barLine(label: Label, item: Running, now: number, columns: number): string {
  const share = item.total > 0 ? Math.min(1, Math.max(0, item.bytes / item.total)) : 0
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  if (columns < NARROW) return `${percent} ${fitted(label, columns - percent.length - 1)}`
  const width = Math.min(columns - FIGURES, LONGEST_LABEL)
  const seconds = (now - item.startedAt) / 1000
  const rate = seconds > 0.5 ? `${formatBytes(item.bytes / seconds)}/s` : ''
  const amount = formatPart(item.bytes, item.total)
  return `${fitted(label, width).padEnd(width)}  ${bar(share)} ${percent}  ${amount.padEnd(14)}  ${rate}`.trimEnd()
}

function bar(share: number): string {
  const full = Math.round(share * BAR_CELLS)
  const head = full > 0 && full < BAR_CELLS ? `${'='.repeat(full - 1)}>` : '='.repeat(full)
  return `[${head.padEnd(BAR_CELLS)}]`
}

/** Never wider than the terminal: a wrapped line cannot be drawn over. */
export function cut(text: string, columns: number): string {
  const width = Math.max(8, columns)
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`
}
