import { isAbsolute, relative } from 'node:path'
import type { RunResult } from '../publish/options.ts'
import { escapeJson, escapeLine } from '../escape.ts'
import { isIndexType } from '../oci/media-types.ts'
import type { Tally } from './progress/tally.ts'
import { count, formatBytes } from '../quantities.ts'

/**
 * The one line of stdout, for `REF=$(bp-package ...)`: `repository@sha256:...` of the index, or of the image where there is
 * one target; for other destinations the path, a line for each of several files, or the name where an engine has no path
 * (SPEC.md, "Results").
 */
export function resultLine(result: RunResult): string {
  if (result.destination !== 'registry') return result.files?.join('\n') ?? result.path ?? result.name
  const repository = result.images[0]?.name ?? result.name
  return `${repository}@${result.digest}`
}

/** The result as JSON, safe for a terminal: the same text for `--json` and `--metadata-file`. */
export function resultJson(value: unknown): string {
  return `${escapeJson(JSON.stringify(value, undefined, 2))}\n`
}

/** The last line on stderr: `wrote ./hello.oci (index sha256:..., 2 images)`. A push that sent nothing says so. */
export function summaryLine(result: RunResult, tally: Tally, cwd: string): string {
  const images = result.images.length
  // With --append one image is added to an index that may have more: their number is not known here.
  const what = isIndexType(result.mediaType) ? `index ${result.digest}${images > 1 ? `, ${count(images, 'image')}` : ''}` : `image ${result.digest}`
  if (result.destination === 'image') return `loaded ${escapeLine(result.name)} (${what})`
  if (result.files !== undefined) {
    return `wrote ${count(result.files.length, 'file')}, ${escapeLine(shortPath({ ...result, path: result.files[0] ?? '' }, cwd))} the first (${count(images, 'image')})`
  }
  if (result.destination !== 'registry') return `wrote ${escapeLine(shortPath(result, cwd))} (${what})`
  return publishedLine(result.name, what, result.tags.length, tally)
}

/** `published host/bp:1 (index sha256:..., 2 images, 2 tags): 3 blobs uploaded (1.2 KiB)`: the last line of all that goes to a registry. */
export function publishedLine(name: string, what: string, tags: number, tally: Tally): string {
  return `published ${escapeLine(name)} (${what}${tags > 1 ? `, ${count(tags, 'tag')}` : ''}): ${sent(tally)}`
}

function sent(tally: Tally): string {
  if (tally.changed === 0) return 'nothing sent, the registry had all of it'
  const parts = [
    tally.uploaded > 0 && `${count(tally.uploaded, 'blob')} uploaded (${formatBytes(tally.uploadedBytes)})`,
    tally.mounted > 0 && `${tally.mounted} mounted`,
    tally.present > 0 && `${tally.present} there already`,
  ].filter((part) => part !== false)
  return parts.length === 0 ? 'only manifests and tags sent' : parts.join(', ')
}

/** `./hello.oci` for what lies in the current folder: shorter to read than the whole path that scripts get. */
function shortPath(result: RunResult, cwd: string): string {
  if (result.path === undefined) return result.name
  const below = relative(cwd, result.path)
  return below === '' || below.startsWith('..') || isAbsolute(below) ? result.path : `./${below}`
}
