import type { Event, PutStatus } from '../../events.ts'

/** What a run sent, counted from its events. */
export interface Tally {
  /** Blobs by how they came to be there. */
  readonly uploaded: number
  readonly mounted: number
  readonly present: number
  readonly uploadedBytes: number
  /** Blobs, manifests and tags that were not there before. 0: the run changed nothing. */
  readonly changed: number
}

export const NOTHING: Tally = { uploaded: 0, mounted: 0, present: 0, uploadedBytes: 0, changed: 0 }

/** The tally after one more event. */
export function tallied(tally: Tally, event: Event): Tally {
  if (event.type === 'blob-done') return withBlob(tally, event.status, event.size)
  const moved = event.type === 'image-done' || event.type === 'index-done' || event.type === 'tagged'
  return moved && event.status !== 'present' ? { ...tally, changed: tally.changed + 1 } : tally
}

function withBlob(tally: Tally, status: PutStatus, size: number): Tally {
  const one = (wanted: PutStatus): number => (status === wanted ? 1 : 0)
  return {
    uploaded: tally.uploaded + one('uploaded'),
    mounted: tally.mounted + one('mounted'),
    present: tally.present + one('present'),
    uploadedBytes: tally.uploadedBytes + one('uploaded') * size,
    changed: tally.changed + 1 - one('present'),
  }
}
