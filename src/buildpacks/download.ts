import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from '../events.ts'
import type { Downloads } from '../stores/download.ts'

export interface ArchiveDownloadOptions {
  readonly downloads: Downloads
  readonly report: Report
  /** Of the archive as it comes, so compressed; 8 GiB unless told. */
  readonly maxBytes?: number
}

const largestArchive = 8 * 1024 ** 3
const longestName = 100

/**
 * Downloads what a `uri` with http or https names into a new folder below `folder`, which is this run's own, and gives the
 * path. The file keeps its name as far as that is harmless, since messages show it; what it is, its bytes tell. The report has
 * its digest, so that a log tells later which bytes were taken.
 */
export async function download(url: URL, folder: string, { downloads, report, maxBytes = largestArchive }: ArchiveDownloadOptions): Promise<string> {
  const shown = `${url.host}${url.pathname}`
  if (!downloads.isTrusted(url)) {
    report({ type: 'warning', message: `${shown} is downloaded over http: what comes may be anything`, hint: `write https:// in its uri, or allow it with --plain-http ${url.host}` })
  }
  const path = join(await mkdtemp(join(folder, 'download-')), fileName(url))
  const { digest, size } = await downloads.file(url, path, maxBytes)
  report({ type: 'step', message: `downloaded ${shown}: ${size} bytes, ${digest}` })
  return path
}

/** The last part of the address without what a file name should not have in it. */
function fileName(url: URL): string {
  const last = url.pathname.split('/').findLast((part) => part !== '') ?? ''
  const plain = last.replaceAll(/%[0-9a-f]{2}|[^\w.+-]/gi, '_').replace(/^[.-]+/, '').slice(-longestName)
  return plain === '' ? 'archive' : plain
}
