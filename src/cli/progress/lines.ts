import type { Event, PutStatus } from '../../events.ts'
import { escapeLine, escapeText } from '../../escape.ts'
import type { Paint } from '../paint.ts'
import { count, formatBytes, formatDuration, shortDigest } from '../../quantities.ts'
import type { ProgressState } from './state.ts'

/** How much is told: `quiet` warnings only, `verbose` retries too. */
export type Loudness = 'quiet' | 'normal' | 'verbose'

/**
 * The text of one event for a pipe or a build log, or nothing: a line for each finished step, none for progress.
 * `state` is what came before the event.
 */
export function eventText(event: Event, state: ProgressState, now: number, loudness: Loudness, paint: Paint): string | undefined {
  if (event.type === 'warning') return warningText(event, paint)
  return loudness === 'quiet' ? undefined : stepText(event, state, now, loudness === 'verbose')
}

/** `warning: ...` and, where there is one, its hint on a line of its own. */
export function warningText(event: Extract<Event, { type: 'warning' }>, paint: Paint): string {
  const hint = event.hint === undefined ? '' : `\n${paint.cyan('hint:')} ${escapeText(event.hint)}`
  return `${paint.yellow('warning:')} ${escapeText(event.message)}${hint}`
}

function stepText(event: Exclude<Event, { type: 'warning' }>, state: ProgressState, now: number, verbose: boolean): string | undefined {
  switch (event.type) {
    case 'step':
      return escapeLine(event.message)
    case 'plan':
      return planText(event)
    case 'layer-built':
      return layerBuiltText(event, state, now)
    case 'blob-done':
      return `${escapeLine(event.what)} ${STATUS[event.status]}: ${shortDigest(event.digest)}, ${formatBytes(event.size)}`
    case 'retry':
      return verbose ? retryText(event) : undefined
    case 'image-done':
      return `image ${escapeLine(event.target)} ${STATUS[event.status]}: ${event.digest}`
    case 'index-done':
      return `index ${STATUS[event.status]}: ${event.digest}`
    case 'tagged':
      return event.status === 'present' ? `already tagged ${escapeLine(event.name)}` : `tagged ${escapeLine(event.name)}`
    case 'detail':
      return verbose ? escapeLine(event.message) : undefined
    case 'layer-started':
    case 'layer-progress':
    case 'blob-started':
    case 'blob-progress':
    case 'temporary':
      break
  }
  return undefined
}

/** An index over images that exist has no layers to be made. */
function planText({ name, targets, layers, what: kind }: Extract<Event, { type: 'plan' }>): string {
  const what = `${escapeLine(name)} for ${escapeLine(targets.join(', '))}`
  return layers === 0 ? `sending ${what}` : `${kind === 'builder' ? 'making builder' : 'packaging'} ${what} (${count(layers, 'layer')})`
}

/** How each way of getting there is told. */
export const STATUS: Readonly<Record<PutStatus, string>> = {
  uploaded: 'uploaded',
  mounted: 'mounted',
  present: 'already there',
  written: 'written',
}

function layerBuiltText(event: Extract<Event, { type: 'layer-built' }>, state: ProgressState, now: number): string {
  const layer = state.layers.get(event.layer)
  const targets = layer === undefined ? '' : ` for ${escapeLine(layer.targets.join(', '))}`
  const sizes = `${formatBytes(event.bytes)} to ${formatBytes(event.size)}`
  const how = event.cached ? 'from the cache' : layer === undefined ? '' : formatDuration(now - layer.startedAt)
  return `built ${escapeLine(event.module)}${targets}: ${[sizes, how].filter((part) => part !== '').join(', ')}`
}

function retryText(event: Extract<Event, { type: 'retry' }>): string {
  return `retry ${event.attempt} in ${formatDuration(event.delayMs)}: ${escapeLine(event.action)}: ${escapeLine(event.reason)}`
}
