import { PackagerError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { tagOf } from '../oci/reference.ts'
import { entryNotFound, entryTexts } from './edit.ts'
import { gather } from './failures.ts'
import { fetchManifest } from './fetch.ts'
import { imageName, parseImage } from './names.ts'
import { isAttestation, matching, readWanted } from './platforms.ts'
import type { Reading } from './resolve.ts'

/** The least hex digits of a digest that may stand for it. */
const shortest = 8

/**
 * The entries that these words name (SPEC-manifest.md, "Naming an entry"): a digest or the beginning of one, a platform, or
 * an image that is looked up in its registry. All that are wrong are told.
 *
 * @throws PackagerError `ENTRY_NOT_FOUND`, `ENTRY_AMBIGUOUS`, `USAGE`
 */
export async function findEntries(words: readonly string[], content: IndexContent, reading: Reading): Promise<readonly Digest[]> {
  const found = await gather(words, reading.concurrency, (word) => findEntry(word, content, reading))
  return [...new Set(found)]
}

async function findEntry(word: string, content: IndexContent, { open, signal }: Reading): Promise<Digest> {
  const known = entryByWord(word, content)
  if (known !== undefined) return known
  const image = parseImage(word)
  const source = await open(image.registry, image.repository)
  const { descriptor } = await fetchManifest(source, tagOf(image), imageName(image), signal)
  if (!content.manifests.some(({ digest }) => digest === descriptor.digest)) throw entryNotFound(`${word} (${descriptor.digest})`, content)
  return descriptor.digest
}

/** The entry that a word names without any registry's help; undefined where only a registry can tell. */
export function entryByWord(word: string, content: IndexContent): Digest | undefined {
  if (word.startsWith('sha256:')) return byDigest(word, content)
  const wanted = readWanted(word)
  if (wanted !== undefined) {
    const matches = matching(content.manifests.filter((entry) => !isAttestation(entry)), wanted)
    return onlyOne(word, [...new Set(matches.map(({ digest }) => digest))], content)
  }
  const { digest } = parseImage(word)
  return digest === undefined ? undefined : byDigest(digest, content)
}

function byDigest(word: string, content: IndexContent): Digest {
  const hex = word.slice('sha256:'.length)
  if (!/^[0-9a-f]*$/.test(hex) || hex.length < shortest || hex.length > 64) {
    throw new PackagerError({
      code: 'USAGE',
      step: 'read entry',
      value: word,
      found: /^[0-9a-f]*$/.test(hex) ? `${hex.length} hex digits` : 'no digest',
      wanted: `sha256: and at least ${shortest} of its 64 lower-case hex digits`,
    })
  }
  const digests = [...new Set(content.manifests.map(({ digest }) => digest))]
  return onlyOne(word, isDigest(word) ? digests.filter((digest) => digest === word) : digests.filter((digest) => digest.startsWith(word)), content)
}

function onlyOne(word: string, digests: readonly Digest[], content: IndexContent): Digest {
  const [first, ...more] = digests
  if (first === undefined) throw entryNotFound(word, content)
  if (more.length === 0) return first
  const named = new Set(digests)
  const all = content.manifests.filter(({ digest }) => named.has(digest))
  throw new PackagerError({ code: 'ENTRY_AMBIGUOUS', step: 'find entry', value: word, found: `${all.length} entries: ${entryTexts(all)}`, wanted: 'one', hint: 'name it by its digest' })
}
