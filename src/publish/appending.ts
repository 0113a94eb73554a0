import { PackagerError } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Descriptor, InlineBlob } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Annotations } from '../oci/manifest.ts'
import type { Store } from '../stores/store.ts'
import { appendTo, resolveOrNothing } from './append.ts'
import type { TagPlace } from './tags.ts'
import { formatTag } from './tags.ts'
import { metText, stepBack, stillStands, tries } from './together.ts'

/** Images that go into the index that a tag stands for. */
export interface Appending {
  readonly store: Store
  readonly tag: TagPlace
  readonly children: readonly Descriptor[]
  readonly annotations: Annotations
  /** Sets all tags. */
  readonly write: (index: InlineBlob) => Promise<void>
  readonly report: Report
  readonly signal: AbortSignal
}

/**
 * Adds to an index while other jobs may do so too: it is read again right before it is written, and a moment after that, and
 * all starts over where it is another one by then. Gives the index that was written.
 */
export async function appendToTag({ store, tag, children, annotations, write, report, signal }: Appending): Promise<InlineBlob> {
  const name = formatTag(tag)
  const earlier = new Set<Digest | undefined>()
  let written: InlineBlob | undefined
  for (let number = 1; ; number += 1) {
    const { index, base } = await appendTo(store, tag.tag, name, children, annotations, signal)
    const { digest } = index.descriptor
    const isNew = base !== digest
    // What somebody else has written since is made of what was written here.
    if (written !== undefined && (base === undefined || !isNew)) return written
    if (number > tries) throw changedTooOften(name)
    earlier.add(base)
    const lookedAt = performance.now()
    const isSame = (await resolveOrNothing(store, tag.tag, signal))?.digest === base
    if (isSame) {
      await write(index)
      written = index
    }
    const exposedMs = performance.now() - lookedAt
    if (isSame) {
      if (!isNew || (await stillStands({ store, tag: tag.tag, name, digest, earlier, exposedMs, report, signal }))) return index
      earlier.add(digest)
    }
    report({ type: 'step', message: metText(name, isSame) })
    await stepBack(number, exposedMs, signal)
  }
}

function changedTooOften(name: string): PackagerError {
  return new PackagerError({ code: 'REGISTRY', step: 'append to', value: name, found: `an index that changed ${tries} times while it was read`, hint: 'let one job at a time append' })
}
