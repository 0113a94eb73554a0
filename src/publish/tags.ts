import { PackagerError } from '../errors.ts'
import type { Reference } from '../oci/reference.ts'
import { formatReference, isTag, parseReference, tagOf } from '../oci/reference.ts'
import { targetSuffix } from '../targets/platform.ts'
import type { Target } from '../targets/target.ts'

/** A tag in a repository. */
export interface TagPlace {
  readonly registry: string
  readonly repository: string
  readonly tag: string
}

/** Whose tags are the words of a name that is not known yet, or that no registry has. */
export const nowhere: TagPlace = { registry: '', repository: '', tag: '' }

/** A `--tag`: a word without `/` and `:` is a tag of NAME's repository, all else a whole reference. */
export function readTag(text: string, first: TagPlace): TagPlace {
  if (isTag(text)) return { ...first, tag: text }
  // A word without a slash or a colon is nobody's repository: with one letter too many it would be one at Docker Hub.
  if (/^[^/:@]+$/.test(text)) throw noTag(text, `a bare ${tagRule}`)
  const reference = tagged(text, '--tag')
  return { registry: reference.registry, repository: reference.repository, tag: tagOf(reference) }
}

/**
 * A name that can have a tag.
 *
 * @param what the option that says it
 * @throws PackagerError `USAGE`
 */
export function tagged(text: string, what: string): Reference {
  const reference = readReference(text, what)
  if (reference.digest === undefined) return reference
  throw new PackagerError({ code: 'USAGE', step: `read ${what}`, value: text, found: 'a digest', wanted: 'a name with a tag', hint: 'a digest is the result of packaging: leave it out' })
}

/** A `--tag` that is no name may have been meant as a bare tag. */
function readReference(text: string, what: string): Reference {
  try {
    return parseReference(text)
  } catch (cause) {
    if (!(cause instanceof PackagerError) || what !== '--tag') throw cause
    throw noTag(text, `a bare ${tagRule}; else: ${cause.message}`, cause)
  }
}

const tagRule = 'tag has letters, digits, "_", "." and "-" alone, at most 128 of them'

function noTag(text: string, hint: string, cause?: unknown): PackagerError {
  return new PackagerError({ code: 'USAGE', step: 'read --tag', value: text, found: 'neither a tag nor a name', hint, cause })
}

export function sameTag(a: TagPlace, b: TagPlace): boolean {
  return a.registry === b.registry && a.repository === b.repository && a.tag === b.tag
}

/** How messages and results name a tag. */
export function formatTag(place: TagPlace): string {
  return place.registry === '' ? place.tag : formatReference(place)
}

/** `--append-image-name-suffix`: `1.0-linux-arm64`; where the tag is `latest`, `linux-arm64` alone, as pack does. */
export function suffixed(place: TagPlace, target: Target): TagPlace {
  const suffix = targetSuffix(target)
  return { ...place, tag: place.tag === 'latest' ? suffix : `${place.tag}-${suffix}` }
}
