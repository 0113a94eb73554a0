import { PackagerError } from '../errors.ts'
import type { Reference } from '../oci/reference.ts'
import { formatReference, isTag, parseReference, repositoryName, tagOf } from '../oci/reference.ts'
import { listReference } from '../stores/list-names.ts'

/** LIST: a tag in a repository, never a digest (SPEC-manifest.md). */
export interface ListName {
  readonly registry: string
  readonly repository: string
  readonly tag: string
  /** `host/repo:tag`. */
  readonly full: string
}

/** Reads LIST or DESTINATION; the tag is `latest` where there is none. */
export function parseListName(word: string, what = 'list'): ListName {
  const reference = parseReference(withoutTransport(word))
  if (reference.digest !== undefined) {
    const hint = `write ${formatReference({ registry: reference.registry, repository: reference.repository, tag: tagOf(reference) })}`
    throw new PackagerError({ code: 'USAGE', step: `read ${what}`, value: word, found: 'a digest', wanted: 'a tag: what a digest names can never change', hint })
  }
  return { registry: reference.registry, repository: reference.repository, tag: tagOf(reference), full: listReference(reference) }
}

/** An image as a command names it. */
export function parseImage(word: string): Reference {
  return parseReference(withoutTransport(word))
}

/** `host/repo:tag` or `host/repo@sha256:...`, for messages. */
export function imageName(reference: Reference): string {
  return formatReference(reference.digest === undefined ? { ...reference, tag: tagOf(reference) } : reference)
}

/** All tags that are set, DESTINATION's own last, each once. */
export function allTags(destination: ListName, more: readonly string[] = []): readonly string[] {
  return [...new Set([...more.map((word) => readTag(word, destination)).filter((tag) => tag !== destination.tag), destination.tag])]
}

function readTag(word: string, destination: ListName): string {
  if (isTag(word)) return word
  const reference = parseReference(withoutTransport(word))
  const repository = repositoryName(destination)
  if (reference.digest !== undefined || repositoryName(reference) !== repository) {
    throw new PackagerError({
      code: 'USAGE',
      step: 'read --tag',
      value: word,
      found: reference.digest === undefined ? `repository ${repositoryName(reference)}` : 'a digest',
      wanted: `a tag, or a tag in ${repository}`,
      hint: 'push to the other repository with a run of its own',
    })
  }
  return tagOf(reference)
}

/** `docker://host/repo:tag`, as podman and skopeo write it. */
function withoutTransport(word: string): string {
  return word.startsWith('docker://') ? word.slice('docker://'.length) : word
}
