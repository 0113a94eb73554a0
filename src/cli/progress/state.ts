import type { Event, PutStatus } from '../../events.ts'

/** One distinct layer: being read and compressed until it has a digest. */
export interface LayerState {
  readonly module: string
  readonly targets: readonly string[]
  readonly total: number
  readonly bytes: number
  readonly startedAt: number
  /** It is read to be looked for in the cache; making it, where it is not there, begins anew. */
  readonly checking: boolean
  /** The blob's, once it is built. */
  readonly digest: string | undefined
}

/** One blob on its way. */
export interface BlobState {
  readonly what: string
  readonly total: number
  readonly bytes: number
  readonly startedAt: number
  readonly status: PutStatus | undefined
}

export interface Done {
  readonly digest: string
  readonly status: PutStatus
}

/** What a run has come to, folded from its events: all that a live list needs to be drawn. */
export interface ProgressState {
  readonly name: string
  readonly targets: readonly string[]
  readonly layerCount: number
  readonly layers: ReadonlyMap<string, LayerState>
  readonly blobs: ReadonlyMap<string, BlobState>
  readonly images: ReadonlyMap<string, Done>
  readonly index: Done | undefined
  readonly tagged: number
  /** The last retry, until something moves again. */
  readonly waiting: string | undefined
}

export const INITIAL: ProgressState = {
  name: '',
  targets: [],
  layerCount: 0,
  layers: new Map(),
  blobs: new Map(),
  images: new Map(),
  index: undefined,
  tagged: 0,
  waiting: undefined,
}

/** The state after one more event, at `now`. Byte counts are taken as they come: a retry may move them back. */
export function advanced(state: ProgressState, event: Event, now: number): ProgressState {
  switch (event.type) {
    case 'plan':
      return { ...state, name: event.name, targets: event.targets, layerCount: event.layers }
    case 'layer-started':
    case 'layer-progress':
    case 'layer-built':
      return { ...state, layers: withLayer(state.layers, event, now) }
    case 'blob-started':
    case 'blob-progress':
    case 'blob-done':
      return { ...state, blobs: withBlob(state.blobs, event, now), waiting: undefined }
    case 'image-done':
      return { ...state, images: new Map(state.images).set(event.target, { digest: event.digest, status: event.status }) }
    case 'index-done':
      return { ...state, index: { digest: event.digest, status: event.status } }
    case 'tagged':
      return { ...state, tagged: state.tagged + 1 }
    case 'retry':
      return { ...state, waiting: `${event.action}: ${event.reason}` }
    case 'warning':
    case 'step':
    case 'detail':
    case 'temporary':
      break
  }
  return state
}

type LayerEvent = Extract<Event, { type: `layer-${string}` }>
type BlobEvent = Extract<Event, { type: `blob-${string}` }>

function withLayer(layers: ProgressState['layers'], event: LayerEvent, now: number): ProgressState['layers'] {
  const changed = new Map(layers)
  if (event.type === 'layer-started') {
    const { module, targets, total } = event
    return changed.set(event.layer, { module, targets, total, bytes: 0, startedAt: now, checking: false, digest: undefined })
  }
  const known = layers.get(event.layer)
  if (known === undefined) return layers
  const digest = event.type === 'layer-built' ? event.digest : known.digest
  const checking = event.type === 'layer-progress' && event.checking === true
  const startedAt = checking === known.checking ? known.startedAt : now
  return changed.set(event.layer, { ...known, bytes: event.bytes, checking, startedAt, digest })
}

function withBlob(blobs: ProgressState['blobs'], event: BlobEvent, now: number): ProgressState['blobs'] {
  const known = blobs.get(event.digest)
  const changed = new Map(blobs)
  if (event.type === 'blob-progress') return known === undefined ? blobs : changed.set(event.digest, { ...known, bytes: event.bytes })
  const startedAt = known?.startedAt ?? now
  if (event.type === 'blob-started') {
    return changed.set(event.digest, { what: event.what, total: event.total, bytes: 0, startedAt, status: undefined })
  }
  const { what, size, status } = event
  return changed.set(event.digest, { what, total: size, bytes: size, startedAt, status })
}
